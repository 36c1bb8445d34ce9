package dev.romestream.client.result;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.romestream.schemas.RobustnessMetrics;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.IndexedRecord;

/** Metrics records as JSON, under the names of the Avro record; null where a figure is undefined. */
public final class MetricsJson {
    private static final ObjectMapper JSON = new ObjectMapper();

    private MetricsJson() {}

    /** An array, one object a record. */
    public static String array(List<RobustnessMetrics> metrics) {
        try {
            return JSON.writer(new DefaultPrettyPrinter())
                    .writeValueAsString(metrics.stream().map(MetricsJson::plain).toList());
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One record on one line. */
    public static String line(RobustnessMetrics metrics) {
        try {
            return JSON.writeValueAsString(plain(metrics));
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Object plain(Object value) {
        if (value instanceof IndexedRecord record) {
            Map<String, Object> values = new LinkedHashMap<>();
            for (Schema.Field field : record.getSchema().getFields()) {
                values.put(field.name(), plain(record.get(field.pos())));
            }
            return values;
        } else if (value instanceof List<?> list) {
            return list.stream().map(MetricsJson::plain).toList();
        } else if (value instanceof Enum<?> symbol) {
            return symbol.name().toLowerCase(Locale.ROOT);
        }
        return value;
    }
}
