package dev.romestream.client.experiment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Suites as a command line names them: built-in ones by their name, one's own by a YAML file. */
final class SuiteFile {
    private SuiteFile() {}

    /**
     * What an experiment file would hold under {@code evaluation.suites}.
     *
     * @throws ExperimentException where a file cannot be read
     */
    static List<Object> values(List<String> namesOrFiles) {
        return namesOrFiles.stream().map(SuiteFile::value).toList();
    }

    private static Object value(String nameOrFile) {
        boolean named = !nameOrFile.endsWith(".yaml") && !nameOrFile.endsWith(".yml") && !nameOrFile.contains("/");
        if (named) {
            return nameOrFile;
        }
        try {
            return ExperimentFile.map(Files.readString(Path.of(nameOrFile)), "the suite file " + nameOrFile);
        } catch (IOException e) {
            throw new ExperimentException("Cannot read the suite file " + nameOrFile + ".", e);
        }
    }
}
