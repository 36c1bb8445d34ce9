package dev.romestream.messaging.serde;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.apache.avro.Schema;
import org.apache.kafka.common.errors.SerializationException;

/**
 * Walks Avro binary along its writer's schema before anything is built of it, so that what is built is bounded by the bytes that
 * are there: no length beyond them, no item that takes none, no more items and no deeper nesting than any record of the system
 * has.
 */
final class DecodingLimits {
    static final int MOST_ITEMS = 2_000_000;
    static final int MOST_RECORDS = 100_000;
    static final int DEEPEST = 32;
    private static final int MOST_VARINT_BYTES = 10;

    private final ByteBuffer bytes;
    private long items;
    private long records;

    private DecodingLimits(ByteBuffer bytes) {
        this.bytes = bytes;
    }

    /**
     * Checks a value.
     *
     * @throws SerializationException naming the limit that it exceeds, or that it ends too early or too late
     */
    static void check(Schema writer, byte[] data, int offset) {
        var bytes = ByteBuffer.wrap(data, offset, data.length - offset).order(ByteOrder.LITTLE_ENDIAN);
        new DecodingLimits(bytes).walk(writer, 0);
        if (bytes.hasRemaining()) {
            throw new SerializationException("The value is followed by " + bytes.remaining() + " surplus bytes.");
        }
    }

    private void walk(Schema schema, int depth) {
        if (depth > DEEPEST) {
            throw new SerializationException("Values are nested deeper than " + DEEPEST + " levels.");
        }
        switch (schema.getType()) {
            case NULL -> {}
            case BOOLEAN -> skip(1, "a boolean");
            case INT, LONG -> varint();
            case ENUM -> index("an enum symbol", schema.getEnumSymbols().size());
            case FLOAT -> skip(Float.BYTES, "a float");
            case DOUBLE -> skip(Double.BYTES, "a double");
            case BYTES, STRING -> skip(varint(), schema.getType().getName());
            case FIXED -> skip(schema.getFixedSize(), "a fixed");
            case UNION ->
                walk(
                        schema.getTypes()
                                .get(index("a union branch", schema.getTypes().size())),
                        depth + 1);
            case RECORD -> {
                records++;
                if (records > MOST_RECORDS) {
                    throw new SerializationException("There are more than " + MOST_RECORDS + " records in it.");
                }
                schema.getFields().forEach(field -> walk(field.schema(), depth + 1));
            }
            case ARRAY -> blocks(() -> walk(schema.getElementType(), depth + 1));
            case MAP ->
                blocks(() -> {
                    skip(varint(), "a map key");
                    walk(schema.getValueType(), depth + 1);
                });
        }
    }

    private void blocks(Runnable item) {
        for (long count = varint(); count != 0; count = varint()) {
            if (count < 0) {
                count = -count;
                varint();
            }
            items += count;
            if (count < 0 || count > bytes.remaining() || items > MOST_ITEMS) {
                throw new SerializationException("A block has " + count + " items; there are " + bytes.remaining()
                        + " bytes left for them, and at most " + MOST_ITEMS + " are allowed.");
            }
            for (long i = 0; i < count; i++) {
                int before = bytes.position();
                item.run();
                if (bytes.position() == before) {
                    throw new SerializationException("A collection has items that take no bytes.");
                }
            }
        }
    }

    private int index(String what, int size) {
        long index = varint();
        if (index < 0 || index >= size) {
            throw new SerializationException(what + " is number " + index + " of " + size + ".");
        }
        return (int) index;
    }

    private long varint() {
        long value = 0;
        for (int i = 0; i < MOST_VARINT_BYTES; i++) {
            need(1, "a number");
            byte next = bytes.get();
            value |= (long) (next & 0x7f) << (7 * i);
            if (next >= 0) {
                return (value >>> 1) ^ -(value & 1);
            }
        }
        throw new SerializationException("A number has more than " + MOST_VARINT_BYTES + " bytes.");
    }

    private void skip(long length, String what) {
        need(length, what);
        bytes.position(bytes.position() + (int) length);
    }

    private void need(long length, String what) {
        if (length < 0 || length > bytes.remaining()) {
            throw new SerializationException(
                    what + " of " + length + " bytes is announced; " + bytes.remaining() + " bytes are left.");
        }
    }
}
