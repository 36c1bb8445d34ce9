package dev.romestream.client.experiment;

import dev.romestream.robustness.attack.Suite;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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

    /** As {@link #values(List)}, in a precision where they do not reproduce a publication. */
    static List<Object> values(List<String> namesOrFiles, String precision) {
        return values(namesOrFiles).stream().map(suite -> in(precision, suite)).toList();
    }

    private static Object in(String precision, Object suite) {
        Map<String, Object> keys = new LinkedHashMap<>();
        if (suite instanceof String name) {
            if (Suite.isPublication(name)) {
                return suite;
            }
            keys.put("name", name);
        } else {
            ((Map<?, ?>) suite).forEach((key, value) -> keys.put(key.toString(), value));
        }
        keys.putIfAbsent("precision", precision);
        return keys;
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
