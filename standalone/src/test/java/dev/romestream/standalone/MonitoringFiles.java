package dev.romestream.standalone;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** What is handed to Prometheus and Grafana. */
final class MonitoringFiles {
    static final Path FOLDER = Path.of("../monitoring");

    private MonitoringFiles() {}

    /** A program of Debian's package prometheus, where it is installed. */
    static Optional<Path> program(String name) {
        return Stream.of("/usr/bin/", "/usr/local/bin/")
                .map(folder -> Path.of(folder + name))
                .filter(Files::isExecutable)
                .findFirst();
    }

    static List<JsonNode> dashboards() throws IOException {
        List<JsonNode> all = new ArrayList<>();
        try (Stream<Path> files = Files.list(FOLDER.resolve("grafana/dashboards"))) {
            for (Path file : files.sorted().toList()) {
                all.add(new ObjectMapper().readTree(file.toFile()));
            }
        }
        return all;
    }

    /** Every query of every panel and variable, as Grafana would send it for all values, by where it stands. */
    static Map<String, String> queries() throws IOException {
        Map<String, String> queries = new LinkedHashMap<>();
        for (JsonNode dashboard : dashboards()) {
            String title = dashboard.path("title").asText();
            dashboard.path("panels").forEach(panel -> panel.path("targets")
                    .forEach(target -> queries.put(
                            title + ": " + panel.path("title").asText() + " "
                                    + target.path("refId").asText(),
                            filled(target.path("expr").asText()))));
            dashboard
                    .at("/annotations/list")
                    .forEach(mark -> queries.put(
                            title + ": annotation " + mark.path("name").asText(),
                            filled(mark.path("expr").asText())));
            dashboard.at("/templating/list").forEach(variable -> {
                if (!variable.path("type").asText().equals("query")) {
                    return;
                }
                String definition = variable.path("definition").asText();
                queries.put(
                        title + ": variable " + variable.path("name").asText(),
                        filled(definition.substring(definition.indexOf('(') + 1, definition.lastIndexOf(','))));
            });
        }
        return queries;
    }

    private static String filled(String expression) {
        return expression.replace("$__rate_interval", "1m").replaceAll("\\$[a-z]+", ".*");
    }
}
