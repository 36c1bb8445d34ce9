package dev.romestream.robustness.network;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import net.razorvine.pickle.IObjectConstructor;
import net.razorvine.pickle.Opcodes;
import net.razorvine.pickle.PickleException;
import net.razorvine.pickle.PickleUtils;
import net.razorvine.pickle.Unpickler;

/** Reads a pickle of tensors and containers, and refuses, by name, whatever else one asks to be made or called. */
final class TensorUnpickler extends Unpickler {
    private static final Map<String, IObjectConstructor> ALLOWED = Map.of(
            "collections.OrderedDict", arguments -> new LinkedHashMap<>(),
            "torch._utils._rebuild_tensor_v2", TensorUnpickler::tensor,
            "torch._utils._rebuild_parameter", arguments -> arguments[0]);

    private static final String STORAGE_SUFFIX = "Storage";

    /** What the values of a storage are. */
    enum ValueType {
        FLOAT(4),
        DOUBLE(8),
        HALF(2),
        BFLOAT16(2),
        LONG(8),
        INT(4),
        SHORT(2),
        CHAR(1),
        BYTE(1),
        BOOL(1);

        private final int bytes;

        ValueType(int bytes) {
            this.bytes = bytes;
        }

        int bytes() {
            return bytes;
        }

        float[] floats(ByteBuffer data) {
            float[] values = new float[data.remaining() / bytes];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) next(data);
            }
            return values;
        }

        private double next(ByteBuffer data) {
            return switch (this) {
                case FLOAT -> data.getFloat();
                case DOUBLE -> data.getDouble();
                case HALF -> half(data.getShort());
                case BFLOAT16 -> Float.intBitsToFloat(data.getShort() << 16);
                case LONG -> data.getLong();
                case INT -> data.getInt();
                case SHORT -> data.getShort();
                case CHAR, BOOL -> data.get();
                case BYTE -> data.get() & 0xff;
            };
        }

        /** IEEE 754 binary16. */
        private static float half(short bits) {
            int exponent = (bits >> 10) & 0x1f;
            int fraction = bits & 0x3ff;
            double magnitude =
                    switch (exponent) {
                        case 0 -> fraction * 0x1p-24;
                        case 0x1f -> fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
                        default -> (1 + fraction * 0x1p-10) * Math.pow(2, exponent - 15);
                    };
            return (float) (bits < 0 ? -magnitude : magnitude);
        }
    }

    /** Where values lie in the archive. */
    record Storage(ValueType type, String key, long count) {}

    /** A view of a storage. */
    record Tensor(Storage storage, long offset, long[] shape, long[] stride) {}

    /** A storage's type stands in the pickle as the class of that name. */
    private record StorageClass(ValueType type) implements IObjectConstructor {
        @Override
        public Object construct(Object[] arguments) {
            throw new PickleException("a storage is never made by a call");
        }
    }

    @Override
    protected Object dispatch(short opcode) throws IOException {
        switch (opcode) {
            case Opcodes.GLOBAL -> {
                String module = PickleUtils.readline(input);
                stack.add(constructor(module, PickleUtils.readline(input)));
            }
            case Opcodes.STACK_GLOBAL -> {
                Object name = stack.pop();
                stack.add(constructor(String.valueOf(stack.pop()), String.valueOf(name)));
            }
            case Opcodes.BUILD -> stack.pop(); // attributes such as _metadata have no effect on tensors
            case Opcodes.INST, Opcodes.OBJ, Opcodes.EXT1, Opcodes.EXT2, Opcodes.EXT4 ->
                throw new PickleException("its pickle makes objects by an outdated opcode (" + opcode
                        + "); only tensors and containers are read. Save model.state_dict().");
            default -> {
                return super.dispatch(opcode);
            }
        }
        return NO_RETURN_VALUE;
    }

    private static IObjectConstructor constructor(String module, String name) {
        if (module.equals("torch") && name.endsWith(STORAGE_SUFFIX)) {
            String type =
                    name.substring(0, name.length() - STORAGE_SUFFIX.length()).toUpperCase(Locale.ROOT);
            for (ValueType known : ValueType.values()) {
                if (known.name().equals(type)) {
                    return new StorageClass(known);
                }
            }
        }
        IObjectConstructor allowed = ALLOWED.get(module + "." + name);
        if (allowed == null) {
            throw new PickleException("its pickle asks for " + module + "." + name
                    + ", and only tensors and containers are read. Save model.state_dict(), not the model.");
        }
        return allowed;
    }

    @Override
    protected Object persistentLoad(Object id) {
        Object[] parts = (Object[]) id;
        return new Storage(((StorageClass) parts[1]).type(), String.valueOf(parts[2]), ((Number) parts[4]).longValue());
    }

    /** Arguments: storage, offset, shape, stride, and others that have no effect on the values. */
    private static Tensor tensor(Object[] arguments) {
        long[] shape = longs(arguments[2]);
        long[] stride = longs(arguments[3]);
        if (shape.length != stride.length) {
            throw new PickleException("a tensor has " + shape.length + " axes and " + stride.length + " strides");
        }
        return new Tensor((Storage) arguments[0], ((Number) arguments[1]).longValue(), shape, stride);
    }

    private static long[] longs(Object tuple) {
        Object[] items = (Object[]) tuple;
        long[] values = new long[items.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = ((Number) items[i]).longValue();
        }
        return values;
    }
}
