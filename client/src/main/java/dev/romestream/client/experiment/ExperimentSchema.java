package dev.romestream.client.experiment;

import dev.romestream.exchange.experiment.DistillationDefaults;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.attack.Suite;
import dev.romestream.robustness.metric.MetricNames;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.SuiteSpec;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.avro.Schema;

/**
 * The JSON Schema of an experiment file, made from the Avro record by the same rules by which {@link RecordBinder} reads it. What it
 * refuses is refused there too; what depends on several keys at once is said only there.
 */
public final class ExperimentSchema {
    private static final String FRACTION = "^\\s*[-+0-9.eE]+(\\s*/\\s*[-+0-9.eE]+)?\\s*$";
    /** What is no part of a file. */
    static final Set<String> RESERVED = Set.of("id", "desiredState", "submitted");

    private ExperimentSchema() {}

    /** The schema, ready to be written as JSON. */
    public static Map<String, Object> json() {
        Map<String, Object> properties = properties(Experiment.SCHEMA$);
        properties.keySet().removeAll(RESERVED);
        properties.put("preset", symbols(ExperimentFile.presets(), "What the file is based on; the file is stronger."));
        properties.put(
                "sweep",
                Map.of(
                        "description",
                        "Dotted keys to lists of values: one experiment for each combination. A text in a file that was written:"
                                + " the name of the sweep that it was of.",
                        "type",
                        List.of("object", "string")));
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.put("title", "ROME Stream experiment");
        schema.put("type", "object");
        schema.put("properties", properties);
        schema.put("required", List.of("name"));
        schema.put("additionalProperties", false);
        return schema;
    }

    private static Map<String, Object> properties(Schema record) {
        Map<String, Object> properties = new LinkedHashMap<>();
        for (Schema.Field field : record.getFields()) {
            Map<String, Object> value = new LinkedHashMap<>(value(field.schema(), field));
            if (field.doc() != null) {
                value.put("description", field.doc());
            }
            properties.put(field.name(), value);
        }
        return properties;
    }

    private static Map<String, Object> value(Schema schema, Schema.Field field) {
        return switch (schema.getType()) {
            case UNION -> Map.of("anyOf", List.of(value(RecordBinder.nonNull(schema), field), Map.of("type", "null")));
            case RECORD -> record(schema);
            case ARRAY -> {
                Map<String, Object> item = value(schema.getElementType(), field);
                yield Map.of("anyOf", List.of(Map.of("type", "array", "items", item), item));
            }
            case MAP -> Map.of("type", "object", "additionalProperties", value(schema.getValueType(), field));
            case ENUM ->
                symbols(schema.getEnumSymbols().stream().map(RecordBinder::word).toList(), null);
            case STRING -> text(field);
            case BOOLEAN -> Map.of("type", "boolean");
            case INT, LONG -> bounded(new LinkedHashMap<>(Map.of("type", "integer")), field);
            default ->
                Map.of(
                        "anyOf",
                        List.of(
                                bounded(new LinkedHashMap<>(Map.of("type", "number")), field),
                                Map.of("type", "string", "pattern", FRACTION)));
        };
    }

    /** A mapping, or a scalar in place of its first field. */
    private static Map<String, Object> record(Schema schema) {
        Map<String, Object> mapping = new LinkedHashMap<>();
        mapping.put("type", "object");
        mapping.put("properties", properties(schema));
        mapping.put("additionalProperties", false);
        Schema.Field first = schema.getFields().get(0);
        Map<String, Object> scalar = new LinkedHashMap<>(value(first.schema(), first));
        if (schema.getName().equals(SuiteSpec.SCHEMA$.getName())) {
            scalar.put("examples", List.copyOf(Suite.names()));
        }
        return Map.of("anyOf", List.of(mapping, scalar));
    }

    private static Map<String, Object> text(Schema.Field field) {
        return switch (field.name()) {
            case "method" ->
                symbols(
                        DistillationDefaults.methods().stream()
                                .filter(method -> !DistillationDefaults.isBrought(method))
                                .toList(),
                        null);
            case "attack" -> symbols(Attacks.names(), null);
            case "figure" ->
                Map.of(
                        "type",
                        "string",
                        "examples",
                        List.of(
                                MetricNames.CLEAN,
                                MetricNames.WORST_CASE,
                                MetricNames.IRR,
                                MetricNames.RR,
                                MetricNames.STABILITY));
            case "suites", "suite" -> Map.of("type", "string", "examples", List.copyOf(Suite.names()));
            default -> Map.of("type", List.of("string", "number", "boolean"));
        };
    }

    private static Map<String, Object> symbols(Collection<String> names, String description) {
        Map<String, Object> symbols = new LinkedHashMap<>();
        symbols.put("enum", List.copyOf(names));
        if (description != null) {
            symbols.put("description", description);
        }
        return symbols;
    }

    private static Map<String, Object> bounded(Map<String, Object> number, Schema.Field field) {
        for (String bound : List.of("minimum", "maximum")) {
            if (field.getObjectProp(bound) instanceof Number limit) {
                number.put(bound, limit);
            }
        }
        return number;
    }
}
