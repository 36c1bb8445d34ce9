package dev.romestream.client.result;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.IndexedRecord;

/** Records as maps, lists and plain values, ready to be written as JSON: names are Avro's, symbols in lower case. */
public final class RecordJson {
    private RecordJson() {}

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
