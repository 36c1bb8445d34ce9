package dev.romestream.exchange.identity;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.apache.avro.Schema;
import org.apache.avro.generic.IndexedRecord;
import org.apache.avro.specific.SpecificData;

/**
 * Records as bytes that ids are made of: the same in every JVM, whatever the order of maps and fields, and after a field with a
 * default has been added. Fields stand in the order of their names, and those that have their default not at all; every value is
 * preceded by its kind, and lengths precede what they count.
 */
final class CanonicalEncoding {
    private static final String VERSION = "rome-canonical-1";

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final DataOutputStream out = new DataOutputStream(bytes);

    private CanonicalEncoding() {}

    static byte[] of(IndexedRecord record) {
        CanonicalEncoding encoding = new CanonicalEncoding();
        try {
            encoding.text(VERSION);
            encoding.value(record);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return encoding.bytes.toByteArray();
    }

    private void value(Object value) throws IOException {
        if (value == null) {
            out.writeByte('n');
        } else if (value instanceof IndexedRecord record) {
            record(record);
        } else if (value instanceof List<?> items) {
            out.writeByte('l');
            out.writeInt(items.size());
            for (Object item : items) {
                value(item);
            }
        } else if (value instanceof Map<?, ?> map) {
            map(map);
        } else if (value instanceof ByteBuffer data) {
            out.writeByte('b');
            out.writeInt(data.remaining());
            byte[] copy = new byte[data.remaining()];
            data.duplicate().get(copy);
            out.write(copy);
        } else if (value instanceof Boolean flag) {
            out.writeByte(flag ? 't' : 'f');
        } else if (value instanceof Float || value instanceof Double) {
            out.writeByte('d');
            out.writeLong(Double.doubleToLongBits(((Number) value).doubleValue() + 0.0));
        } else if (value instanceof Number number) {
            out.writeByte('i');
            out.writeLong(number.longValue());
        } else {
            out.writeByte('s');
            text(value.toString());
        }
    }

    private void record(IndexedRecord record) throws IOException {
        List<Schema.Field> present = record.getSchema().getFields().stream()
                .filter(field -> !hasItsDefault(record, field))
                .sorted(Comparator.comparing(Schema.Field::name))
                .toList();
        out.writeByte('r');
        text(record.getSchema().getFullName());
        out.writeInt(present.size());
        for (Schema.Field field : present) {
            text(field.name());
            value(record.get(field.pos()));
        }
    }

    private static boolean hasItsDefault(IndexedRecord record, Schema.Field field) {
        return field.hasDefaultValue()
                && Objects.equals(SpecificData.get().getDefaultValue(field), record.get(field.pos()));
    }

    private void map(Map<?, ?> map) throws IOException {
        Map<String, Object> sorted = new TreeMap<>();
        map.forEach((key, value) -> sorted.put(key.toString(), value));
        out.writeByte('m');
        out.writeInt(sorted.size());
        for (Map.Entry<String, Object> entry : sorted.entrySet()) {
            text(entry.getKey());
            value(entry.getValue());
        }
    }

    private void text(String text) throws IOException {
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(encoded.length);
        out.write(encoded);
    }
}
