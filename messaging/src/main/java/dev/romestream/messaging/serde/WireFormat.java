package dev.romestream.messaging.serde;

/** Constants of the Confluent wire format. */
final class WireFormat {
    /** First byte of a payload that carries its schema id. */
    static final byte MAGIC = 0;
    /** First byte of a header that carries a schema's globally unique id. */
    static final byte GUID_MAGIC = 1;

    static final String KEY_HEADER = "__key_schema_id";
    static final String VALUE_HEADER = "__value_schema_id";

    private WireFormat() {}
}
