package dev.romestream.client.result;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.romestream.schemas.RobustnessMetrics;
import java.io.UncheckedIOException;
import java.util.List;

/** Metrics records as JSON, under the names of the Avro record; null where a figure is undefined. */
public final class MetricsJson {
    private static final ObjectMapper JSON = new ObjectMapper();

    private MetricsJson() {}

    /** An array, one object a record. */
    public static String array(List<RobustnessMetrics> metrics) {
        try {
            return JSON.writer(new DefaultPrettyPrinter())
                    .writeValueAsString(metrics.stream().map(RecordJson::plain).toList());
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One record on one line. */
    public static String line(RobustnessMetrics metrics) {
        try {
            return JSON.writeValueAsString(RecordJson.plain(metrics));
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
