package dev.romestream.robustness.network;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.romestream.robustness.network.TensorData.ValueType;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The safetensors format: the length of a header, the header as JSON (of each tensor its type, shape and place), and the values,
 * little-endian.
 */
final class SafeTensors {
    private static final Map<String, ValueType> TYPES = Map.of(
            "F32", ValueType.FLOAT,
            "F64", ValueType.DOUBLE,
            "F16", ValueType.HALF,
            "BF16", ValueType.BFLOAT16,
            "I64", ValueType.LONG,
            "I32", ValueType.INT,
            "I16", ValueType.SHORT,
            "I8", ValueType.CHAR,
            "U8", ValueType.BYTE,
            "BOOL", ValueType.BOOL);
    private static final String METADATA = "__metadata__";
    private static final int MOST_HEADER_BYTES = 16 << 20;
    private static final long MOST_BYTES = Integer.MAX_VALUE;

    private SafeTensors() {}

    /** Whether a file begins like one. */
    static boolean isOne(Path file) throws IOException {
        try (DataInputStream input = new DataInputStream(Files.newInputStream(file))) {
            byte[] start = input.readNBytes(Long.BYTES + 1);
            return start.length > Long.BYTES && start[Long.BYTES] == '{';
        }
    }

    /**
     * Reads all tensors, in float32.
     *
     * @throws IllegalArgumentException where header and values do not fit together
     */
    static Map<String, TensorData> read(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            ByteBuffer length = bytes(file, channel, 0, Long.BYTES);
            long headerBytes = length.getLong();
            if (headerBytes < 2 || headerBytes > MOST_HEADER_BYTES) {
                throw new IllegalArgumentException(file + " announces a header of " + headerBytes + " bytes; at most "
                        + MOST_HEADER_BYTES + " are read.");
            }
            long start = Long.BYTES + headerBytes;
            JsonNode header = new ObjectMapper()
                    .readTree(bytes(file, channel, Long.BYTES, headerBytes).array());
            Map<String, TensorData> entries = new LinkedHashMap<>();
            long read = 0;
            for (Map.Entry<String, JsonNode> field : header.properties()) {
                if (!field.getKey().equals(METADATA)) {
                    Placed placed = placed(file, field.getKey(), field.getValue());
                    read += placed.bytes();
                    if (read > MOST_BYTES) {
                        throw new IllegalArgumentException(file + " has tensors of more than 2 GiB together.");
                    }
                    ByteBuffer data = bytes(file, channel, start + placed.from(), placed.bytes());
                    entries.put(
                            field.getKey(),
                            new TensorData(
                                    placed.shape(),
                                    placed.type().floats(data),
                                    placed.type().isWhole()));
                }
            }
            return entries;
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(file + " has a header that is not JSON: " + e.getOriginalMessage(), e);
        }
    }

    private record Placed(ValueType type, long[] shape, long from, long bytes) {}

    private static Placed placed(Path file, String name, JsonNode field) {
        ValueType type = TYPES.get(field.path("dtype").asText());
        JsonNode shape = field.path("shape");
        JsonNode offsets = field.path("data_offsets");
        if (type == null || !shape.isArray() || offsets.size() != 2) {
            throw new IllegalArgumentException(file + ": the tensor " + name + " is described as " + field
                    + "; needed are a dtype of " + TYPES.keySet() + ", shape and data_offsets.");
        }
        long count = 1;
        long[] lengths = new long[shape.size()];
        for (int axis = 0; axis < lengths.length; axis++) {
            lengths[axis] = whole(shape.get(axis));
            count = lengths[axis] < 0 ? -1 : Math.min(MOST_BYTES, count * lengths[axis]);
            if (count < 0) {
                break;
            }
        }
        long from = whole(offsets.get(0));
        long bytes = whole(offsets.get(1)) - from;
        if (count < 0 || from < 0 || bytes != count * type.bytes()) {
            throw new IllegalArgumentException(file + ": the tensor " + name + " of shape " + shape + " and type "
                    + field.path("dtype").asText() + " lies at " + offsets + ", which is not its size.");
        }
        return new Placed(type, lengths, from, bytes);
    }

    private static ByteBuffer bytes(Path file, FileChannel channel, long from, long count) throws IOException {
        if (from > channel.size() - count) {
            throw new IllegalArgumentException(
                    file + " has " + channel.size() + " bytes and announces " + (from + count) + "; is it complete?");
        }
        ByteBuffer buffer = ByteBuffer.allocate((int) count).order(ByteOrder.LITTLE_ENDIAN);
        int read;
        do {
            read = channel.read(buffer, from + buffer.position());
        } while (read > 0 && buffer.hasRemaining());
        return buffer.flip();
    }

    /** -1 where it is none of 64 bits. */
    private static long whole(JsonNode number) {
        return number.isIntegralNumber() && number.canConvertToLong() ? number.longValue() : -1;
    }
}
