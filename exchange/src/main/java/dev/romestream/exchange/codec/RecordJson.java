package dev.romestream.exchange.codec;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.IndexedRecord;

/** Records as maps, lists and plain values, and as JSON: names are Avro's, symbols in lower case, null where there is no value. */
public final class RecordJson {
    private static final ObjectMapper JSON = new ObjectMapper();

    private RecordJson() {}

    /** A record on one line. */
    public static String line(IndexedRecord record) {
        return write(JSON.writer(), plain(record));
    }

    /** An array, one object a record. */
    public static String array(List<? extends IndexedRecord> records) {
        return write(
                JSON.writer(new DefaultPrettyPrinter()),
                records.stream().map(RecordJson::plain).toList());
    }

    private static String write(ObjectWriter writer, Object value) {
        try {
            return writer.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A record, or a value within one. */
    public static Object plain(Object value) {
        if (value instanceof IndexedRecord record) {
            return fields(record);
        } else if (value instanceof List<?> list) {
            return list.stream().map(RecordJson::plain).toList();
        } else if (value instanceof Enum<?> symbol) {
            return symbol.name().toLowerCase(Locale.ROOT);
        }
        return value;
    }

    /** The fields of a record, in its order. */
    public static Map<String, Object> fields(IndexedRecord record) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (Schema.Field field : record.getSchema().getFields()) {
            values.put(field.name(), plain(record.get(field.pos())));
        }
        return values;
    }
}
