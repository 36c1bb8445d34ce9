package dev.romestream.client.experiment;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.IndexedRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificRecord;

/**
 * YAML's maps, lists and scalars to Avro records and back, led by the schema: its defaults fill in what is absent, and keys that
 * it does not have are refused by name. Enum symbols are written in lower case with hyphens; numbers may be fractions (8/255); a
 * scalar in place of a record stands for its first field, and one item in place of a list for a list of one.
 */
public final class RecordBinder {
    private RecordBinder() {}

    /** @throws ExperimentException naming the key, the value and what is allowed */
    static <T extends SpecificRecord> T bind(Class<T> type, Map<?, ?> values) {
        Schema schema = SpecificData.get().getSchema(type);
        return type.cast(specific(schema, record(schema, "", values, null)));
    }

    /**
     * As {@link #bind}, of what a program wrote: keys that the schema does not have are those of a later release, and left out.
     *
     * @throws ExperimentException naming the key, the value and what is allowed
     */
    public static <T extends SpecificRecord> T bindKnown(Class<T> type, Map<?, ?> values) {
        return bind(type, (Map<?, ?>) known(SpecificData.get().getSchema(type), values));
    }

    private static Object known(Schema schema, Object value) {
        if (schema.getType() == Schema.Type.UNION) {
            return value == null ? null : known(nonNull(schema), value);
        } else if (schema.getType() == Schema.Type.ARRAY && value instanceof List<?> list) {
            return list.stream()
                    .map(item -> known(schema.getElementType(), item))
                    .toList();
        } else if (schema.getType() == Schema.Type.RECORD && value instanceof Map<?, ?> map) {
            Map<String, Object> known = new LinkedHashMap<>();
            schema.getFields().stream()
                    .filter(field -> map.containsKey(field.name()))
                    .forEach(field -> known.put(field.name(), known(field.schema(), map.get(field.name()))));
            return known;
        }
        return value;
    }

    private static Object specific(Schema schema, IndexedRecord generic) {
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
            new GenericDatumWriter<IndexedRecord>(schema).write(generic, encoder);
            encoder.flush();
            var decoder = DecoderFactory.get().binaryDecoder(out.toByteArray(), null);
            return new SpecificDatumReader<Object>(schema, schema, SpecificData.get()).read(null, decoder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static IndexedRecord record(Schema schema, String path, Map<?, ?> values, IndexedRecord base) {
        List<String> known = schema.getFields().stream().map(Schema.Field::name).toList();
        List<String> told = known.stream()
                .filter(name -> !(path.isEmpty() && ExperimentSchema.RESERVED.contains(name)))
                .toList();
        List<String> problems = new ArrayList<>();
        for (Object key : values.keySet()) {
            if (!known.contains(String.valueOf(key))) {
                problems.add("Unknown key '" + path + key + "'; known are " + String.join(", ", told) + ".");
            }
        }
        GenericData.Record record = new GenericData.Record(schema);
        for (Schema.Field field : schema.getFields()) {
            String name = path + field.name();
            Object fallback = base != null ? base.get(field.pos()) : defaultOf(field);
            if (values.containsKey(field.name())) {
                try {
                    record.put(field.pos(), value(field.schema(), name, values.get(field.name()), fallback));
                } catch (ExperimentException e) {
                    problems.addAll(e.problems());
                }
            } else if (base != null || field.hasDefaultValue()) {
                record.put(field.pos(), fallback);
            } else {
                problems.add("The key '" + name + "' is missing.");
            }
        }
        if (!problems.isEmpty()) {
            throw new ExperimentException(problems);
        }
        return record;
    }

    private static Object defaultOf(Schema.Field field) {
        return field.hasDefaultValue() ? GenericData.get().getDefaultValue(field) : null;
    }

    private static Object value(Schema schema, String path, Object value, Object fallback) {
        return switch (schema.getType()) {
            case UNION -> value == null ? null : value(nonNull(schema), path, value, fallback);
            case RECORD -> nested(schema, path, value, fallback);
            case ARRAY -> array(schema, path, value);
            case MAP -> map(schema, path, value);
            case ENUM -> symbol(schema, path, value);
            case STRING -> scalar(path, value).toString();
            case BOOLEAN -> bool(path, value);
            case INT -> (int) whole(path, value, Integer.MIN_VALUE, Integer.MAX_VALUE);
            case LONG -> whole(path, value, Long.MIN_VALUE, Long.MAX_VALUE);
            case DOUBLE -> number(path, value);
            default -> throw new IllegalStateException("Experiments have no field of type " + schema.getType() + ".");
        };
    }

    static Schema nonNull(Schema union) {
        return union.getTypes().stream()
                .filter(type -> type.getType() != Schema.Type.NULL)
                .findFirst()
                .orElseThrow();
    }

    private static Object nested(Schema schema, String path, Object value, Object fallback) {
        IndexedRecord base = fallback instanceof IndexedRecord record ? record : null;
        if (value instanceof Map<?, ?> map) {
            return record(schema, path + ".", map, base);
        }
        if (value instanceof String text) {
            return record(schema, path + ".", Map.of(schema.getFields().get(0).name(), text), base);
        }
        throw wrong(
                path,
                value,
                "a mapping of "
                        + schema.getFields().stream().map(Schema.Field::name).toList());
    }

    private static Object array(Schema schema, String path, Object value) {
        boolean single = schema.getElementType().getType() == Schema.Type.RECORD && value instanceof Map;
        List<?> items = value instanceof List<?> list ? list : List.of(single ? value : scalar(path, value));
        List<Object> values = new ArrayList<>();
        for (int i = 0; i < items.size(); i++) {
            values.add(value(schema.getElementType(), path + "[" + i + "]", items.get(i), null));
        }
        return values;
    }

    private static Object map(Schema schema, String path, Object value) {
        if (!(value instanceof Map<?, ?> entries)) {
            throw wrong(path, value, "a mapping");
        }
        Map<String, Object> values = new LinkedHashMap<>();
        entries.forEach((key, entry) ->
                values.put(key.toString(), value(schema.getValueType(), path + "." + key, entry, null)));
        return values;
    }

    private static Object symbol(Schema schema, String path, Object value) {
        String symbol = String.valueOf(value).toUpperCase(Locale.ROOT).replace('-', '_');
        if (!schema.hasEnumSymbol(symbol)) {
            throw wrong(
                    path,
                    value,
                    schema.getEnumSymbols().stream()
                            .map(RecordBinder::word)
                            .toList()
                            .toString());
        }
        return new GenericData.EnumSymbol(schema, symbol);
    }

    static String word(Object symbol) {
        return symbol.toString().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static Object scalar(String path, Object value) {
        if (value == null || value instanceof Map || value instanceof List) {
            throw wrong(path, value, "a single value");
        }
        return value;
    }

    private static boolean bool(String path, Object value) {
        if (value instanceof Boolean bool) {
            return bool;
        }
        throw wrong(path, value, "true or false");
    }

    /** YAML's integers have any length. */
    private static long whole(String path, Object value, long least, long most) {
        BigInteger whole;
        try {
            whole = value instanceof Number number ? new BigDecimal(number.toString()).toBigIntegerExact() : null;
        } catch (ArithmeticException | NumberFormatException e) {
            whole = null; // a fraction, or no number
        }
        if (whole == null) {
            throw wrong(path, value, "a whole number");
        }
        if (whole.compareTo(BigInteger.valueOf(least)) < 0 || whole.compareTo(BigInteger.valueOf(most)) > 0) {
            throw wrong(path, value, "a whole number from " + least + " to " + most);
        }
        return whole.longValue();
    }

    private static double number(String path, Object value) {
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        try {
            String[] parts = String.valueOf(value).split("/", 2);
            double numerator = Double.parseDouble(parts[0].strip());
            return parts.length == 1 ? numerator : numerator / Double.parseDouble(parts[1].strip());
        } catch (NumberFormatException e) {
            throw wrong(path, value, "a number, or a fraction as 8/255");
        }
    }

    private static ExperimentException wrong(String path, Object value, String allowed) {
        return new ExperimentException("The key '" + path + "' is '" + value + "'; allowed is " + allowed + ".");
    }

    /** Maps, lists and scalars of a record, in the order of its fields; what is absent is left out. */
    static Map<String, Object> unbind(IndexedRecord record) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (Schema.Field field : record.getSchema().getFields()) {
            Object value = record.get(field.pos());
            if (value != null) {
                values.put(field.name(), plain(value));
            }
        }
        return values;
    }

    private static Object plain(Object value) {
        if (value instanceof IndexedRecord record) {
            return unbind(record);
        } else if (value instanceof List<?> list) {
            return list.stream().map(RecordBinder::plain).toList();
        } else if (value instanceof Enum<?> symbol) {
            return word(symbol.name());
        }
        return value;
    }
}
