package dev.romestream.client.result;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import dev.romestream.client.experiment.ExperimentException;
import dev.romestream.client.experiment.RecordBinder;
import dev.romestream.exchange.codec.RecordJson;
import dev.romestream.schemas.RobustnessMetrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** {@code metrics.json}: an array, an object for each record of metrics. */
public final class MetricsFile {
    private static final ObjectMapper JSON = new ObjectMapper();

    private MetricsFile() {}

    /** The text. */
    public static String write(List<RobustnessMetrics> metrics) {
        return RecordJson.array(metrics) + "\n";
    }

    /**
     * The records of a text, at least one.
     *
     * @throws IllegalArgumentException saying why it is no such text
     */
    public static List<RobustnessMetrics> parse(String text) {
        try {
            List<Map<String, Object>> records = JSON.readValue(text, new TypeReference<>() {});
            if (records.isEmpty() || !records.get(0).containsKey("attacks")) {
                throw new IllegalArgumentException("it is not what --out and --json write (metrics.json).");
            }
            return records.stream()
                    .map(record -> RecordBinder.bindKnown(RobustnessMetrics.class, record))
                    .toList();
        } catch (ExperimentException e) {
            throw new IllegalArgumentException(
                    "it is not what --out and --json write (metrics.json): " + e.getMessage(), e);
        } catch (MismatchedInputException e) {
            throw new IllegalArgumentException("it is not what --out and --json write (metrics.json).", e);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("it is not JSON: " + e.getOriginalMessage(), e);
        }
    }

    /** As {@link #parse}, of a file. */
    public static List<RobustnessMetrics> read(Path file) {
        try {
            return parse(Files.readString(file));
        } catch (IOException e) {
            throw new IllegalArgumentException("it cannot be read: " + e.getMessage(), e);
        }
    }
}
