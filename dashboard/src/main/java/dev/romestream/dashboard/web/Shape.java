package dev.romestream.dashboard.web;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import org.apache.avro.Schema;

/** JSON Schemas of what is answered: those of records follow from Avro's, as {@link dev.romestream.exchange.codec.RecordJson} writes them. */
final class Shape {
    private Shape() {}

    static ObjectNode text() {
        return type("string");
    }

    static ObjectNode whole() {
        return type("integer");
    }

    static ObjectNode number() {
        return type("number");
    }

    static ObjectNode flag() {
        return type("boolean");
    }

    /** Any value. */
    static ObjectNode any() {
        return JsonNodeFactory.instance.objectNode();
    }

    private static ObjectNode type(String name) {
        return any().put("type", name);
    }

    static ObjectNode list(JsonNode of) {
        return type("array").set("items", of);
    }

    /** By names that are not known before. */
    static ObjectNode map(JsonNode of) {
        return type("object").set("additionalProperties", of);
    }

    static ObjectNode orNull(JsonNode shape) {
        ObjectNode either = any();
        either.putArray("anyOf").add(shape).add(type("null"));
        return either;
    }

    /** One of {@link ApiSchemas}. */
    static ObjectNode named(String name) {
        return any().put("$ref", "#/components/schemas/" + name);
    }

    /** Fields, all of which are there. */
    static Fields object() {
        return new Fields(type("object"));
    }

    /** A record of the topics. */
    static Fields record(Schema schema) {
        Fields fields = object();
        schema.getFields().forEach(field -> fields.with(field.name(), described(field)));
        return fields;
    }

    private static JsonNode described(Schema.Field field) {
        ObjectNode shape = of(field.schema());
        return field.doc() == null ? shape : shape.put("description", field.doc());
    }

    private static ObjectNode of(Schema schema) {
        return switch (schema.getType()) {
            case UNION ->
                orNull(of(schema.getTypes().stream()
                        .filter(type -> type.getType() != Schema.Type.NULL)
                        .findFirst()
                        .orElseThrow()));
            case RECORD -> record(schema).schema();
            case ARRAY -> list(of(schema.getElementType()));
            case MAP -> map(of(schema.getValueType()));
            case ENUM -> {
                ObjectNode symbols = text();
                schema.getEnumSymbols()
                        .forEach(symbol -> symbols.withArrayProperty("enum").add(symbol.toLowerCase(Locale.ROOT)));
                yield symbols;
            }
            case INT, LONG -> whole();
            case FLOAT, DOUBLE -> number();
            case BOOLEAN -> flag();
            default -> text();
        };
    }

    /** An object's fields, one after the other. */
    record Fields(ObjectNode schema) {
        Fields with(String name, JsonNode shape) {
            schema.withObjectProperty("properties").set(name, shape);
            schema.withArrayProperty("required").add(name);
            return this;
        }
    }
}
