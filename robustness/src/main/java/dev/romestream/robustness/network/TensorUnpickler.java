package dev.romestream.robustness.network;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import net.razorvine.pickle.IObjectConstructor;
import net.razorvine.pickle.Opcodes;
import net.razorvine.pickle.PickleException;
import net.razorvine.pickle.PickleUtils;
import net.razorvine.pickle.Unpickler;

/**
 * Reads a pickle of tensors and containers. Whatever else one asks to be made or called is not: an {@link Opaque} of its name
 * stands in its place, so that an optimiser's or a logger's state beside the tensors does no harm.
 */
final class TensorUnpickler extends Unpickler {
    private static final Map<String, IObjectConstructor> ALLOWED = Map.ofEntries(
            Map.entry("collections.OrderedDict", arguments -> new LinkedHashMap<>()),
            Map.entry("torch._utils._rebuild_tensor_v2", TensorUnpickler::tensor),
            Map.entry("torch._utils._rebuild_parameter", arguments -> arguments[0]),
            Map.entry("numpy.dtype", arguments -> new NumpyType(String.valueOf(arguments[0]))),
            Map.entry("numpy.core.multiarray._reconstruct", arguments -> new NumpyArray()),
            Map.entry("numpy._core.multiarray._reconstruct", arguments -> new NumpyArray()),
            Map.entry("numpy.core.multiarray.scalar", TensorUnpickler::scalar),
            Map.entry("numpy._core.multiarray.scalar", TensorUnpickler::scalar),
            Map.entry("numpy.core.numeric._frombuffer", TensorUnpickler::fromBuffer),
            Map.entry("numpy._core.numeric._frombuffer", TensorUnpickler::fromBuffer),
            Map.entry("_codecs.encode", TensorUnpickler::encoded));

    private static final String EMBEDDED = "torch.storage._load_from_bytes";

    /** Longest number in decimal digits; the time to read one grows with the square. */
    private static final int MOST_DIGITS = 1000;

    private static final String STORAGE_SUFFIX = "Storage";

    private final boolean allowsEmbedded;
    private final Map<String, Storage> storages = new HashMap<>();
    private final Map<String, ByteBuffer> embedded = new HashMap<>();

    /** @param allowsEmbedded whether storages may stand in the pickle itself */
    TensorUnpickler(boolean allowsEmbedded) {
        this.allowsEmbedded = allowsEmbedded;
    }

    /** Where values lie in the archive. */
    record Storage(TensorData.ValueType type, String key, long count) {
        Storage {
            if (count < 0 || count > Integer.MAX_VALUE / Double.BYTES) {
                throw new PickleException("a storage has " + count + " values");
            }
        }

        int bytes() {
            return (int) count * type.bytes();
        }
    }

    /** A view of a storage. */
    record Tensor(Storage storage, long offset, long[] shape, long[] stride) {}

    /** NumPy's type of values; its byte order comes with its state. */
    static final class NumpyType {
        private final String name;
        private String order = "|";

        private NumpyType(String name) {
            this.name = name;
        }

        private void setState(Object state) {
            if (state instanceof Object[] parts && parts.length > 1 && parts[1] instanceof String name) {
                order = name;
            }
        }

        private String code() {
            return order + name;
        }
    }

    /** NumPy's array, which is made empty and given its state afterwards. */
    static final class NumpyArray {
        private static final int STATE_PARTS = 5;
        private TensorData data = new TensorData(new long[] {0}, new float[0]);

        /** Version, shape, type, whether the first axis runs fastest, bytes. */
        private void setState(Object state) {
            if (!(state instanceof Object[] parts)
                    || parts.length != STATE_PARTS
                    || !(parts[2] instanceof NumpyType type)
                    || !(parts[3] instanceof Boolean fortran)
                    || !(parts[4] instanceof byte[] bytes)) {
                throw new PickleException("an array is not one of plain numbers");
            }
            data = TensorData.ofNumpy("of a pickle", type.code(), longs(parts[1]), fortran, bytes);
        }

        TensorData data() {
            return data;
        }
    }

    /** Something that is neither a tensor nor a container, or a call of it. */
    record Opaque(String name) implements IObjectConstructor {
        @Override
        public Object construct(Object[] arguments) {
            return this;
        }
    }

    /** A storage's type stands in the pickle as the class of that name. */
    private record StorageClass(TensorData.ValueType type) implements IObjectConstructor {
        @Override
        public Object construct(Object[] arguments) {
            throw new PickleException("a storage is never made by a call");
        }
    }

    /** Every storage that the pickle names, by its key. */
    Map<String, Storage> storages() {
        return storages;
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
            case Opcodes.BUILD -> build(stack.pop());
            case Opcodes.APPEND, Opcodes.SETITEM -> {
                if (!isOpaqueUnder(opcode == Opcodes.APPEND ? 1 : 2)) {
                    return super.dispatch(opcode);
                }
            }
            case Opcodes.APPENDS, Opcodes.SETITEMS, Opcodes.ADDITEMS -> add(stack.pop_all_since_marker());
            case Opcodes.LONG -> stack.add(number(PickleUtils.readline(input, true)));
            case Opcodes.BINSTRING, Opcodes.BINUNICODE, Opcodes.BINBYTES, Opcodes.LONG4 -> {
                requireBytes(Integer.BYTES);
                return super.dispatch(opcode);
            }
            case Opcodes.BINUNICODE8, Opcodes.BINBYTES8, Opcodes.BYTEARRAY8 -> {
                requireBytes(Long.BYTES);
                return super.dispatch(opcode);
            }
            case Opcodes.INST, Opcodes.OBJ, Opcodes.EXT1, Opcodes.EXT2, Opcodes.EXT4 ->
                throw new PickleException("its pickle makes objects by an outdated opcode (" + opcode
                        + "); only tensors and containers are read. Save model.state_dict().");
            default -> {
                return super.dispatch(opcode);
            }
        }
        return NO_RETURN_VALUE;
    }

    /** Attributes such as _metadata have no effect on tensors. */
    private void build(Object state) {
        if (stack.peek() instanceof NumpyArray array) {
            array.setState(state);
        } else if (stack.peek() instanceof NumpyType type) {
            type.setState(state);
        }
    }

    /** As protocol 5 writes an array: bytes, type, shape and order. */
    private static Object fromBuffer(Object[] arguments) {
        if (arguments.length != 4
                || !(arguments[0] instanceof byte[] bytes)
                || !(arguments[1] instanceof NumpyType type)) {
            throw new PickleException("an array is not one of plain numbers");
        }
        NumpyArray array = new NumpyArray();
        array.data =
                TensorData.ofNumpy("of a pickle", type.code(), longs(arguments[2]), "F".equals(arguments[3]), bytes);
        return array;
    }

    private static Number scalar(Object[] arguments) {
        if (arguments.length != 2
                || !(arguments[0] instanceof NumpyType type)
                || !(arguments[1] instanceof byte[] bytes)) {
            throw new PickleException("a number of NumPy's is not a plain one");
        }
        return TensorData.ofNumpy("of a pickle", type.code(), new long[0], false, bytes)
                .values()[0];
    }

    /** How old protocols write bytes: as text in Latin 1. */
    private static Object encoded(Object[] arguments) {
        if (arguments.length != 2
                || !(arguments[0] instanceof String text)
                || !String.valueOf(arguments[1]).startsWith("latin")) {
            throw new PickleException("bytes are written in another way than as text in Latin 1");
        }
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** A storage as {@code pickle} writes it, where {@code torch.save} does not take part. */
    private Storage embedded(Object[] arguments) {
        if (!(arguments[0] instanceof byte[] bytes)) {
            throw new PickleException("a storage is not written as bytes");
        }
        TorchFile.Embedded read = TorchFile.embedded(bytes);
        Storage storage = new Storage(
                read.storage().type(),
                "embedded-" + embedded.size(),
                read.storage().count());
        embedded.put(storage.key(), read.data());
        return storage;
    }

    /** The bytes of storages that stand in the pickle itself, by key. */
    Map<String, ByteBuffer> embedded() {
        return embedded;
    }

    private IObjectConstructor constructor(String module, String name) {
        if (allowsEmbedded && EMBEDDED.equals(module + "." + name)) {
            return this::embedded;
        }
        if (module.equals("torch") && name.endsWith(STORAGE_SUFFIX)) {
            String type =
                    name.substring(0, name.length() - STORAGE_SUFFIX.length()).toUpperCase(Locale.ROOT);
            for (TensorData.ValueType known : TensorData.ValueType.values()) {
                if (known.name().equals(type)) {
                    return new StorageClass(known);
                }
            }
        }
        IObjectConstructor allowed = ALLOWED.get(module + "." + name);
        return allowed == null ? new Opaque(module + "." + name) : allowed;
    }

    /** Takes the topmost values off where they are for an opaque object, and leaves all as it is where they are not. */
    private boolean isOpaqueUnder(int values) {
        Deque<Object> taken = new ArrayDeque<>();
        for (int i = 0; i < values; i++) {
            taken.push(stack.pop());
        }
        boolean opaque = stack.peek() instanceof Opaque;
        if (!opaque) {
            taken.forEach(stack::add);
        }
        return opaque;
    }

    private void add(List<Object> values) {
        Object target = stack.peek();
        if (target instanceof Map<?, ?>) {
            @SuppressWarnings("unchecked")
            Map<Object, Object> map = (Map<Object, Object>) target;
            for (int i = 0; i + 1 < values.size(); i += 2) {
                map.put(values.get(i), values.get(i + 1));
            }
        } else if (target instanceof Collection<?>) {
            @SuppressWarnings("unchecked")
            Collection<Object> collection = (Collection<Object>) target;
            collection.addAll(values);
        } else if (!(target instanceof Opaque)) {
            throw new PickleException("its pickle adds to what is no container");
        }
    }

    private static Number number(String line) {
        String digits = line.endsWith("L") ? line.substring(0, line.length() - 1) : line;
        if (digits.length() > MOST_DIGITS) {
            throw new PickleException("its pickle has a number of " + digits.length() + " digits");
        }
        return PickleUtils.optimizeBigint(new BigInteger(digits));
    }

    /** The length that follows must not promise more than there is: it would be allocated. */
    private void requireBytes(int lengthBytes) throws IOException {
        input.mark(lengthBytes);
        byte[] bytes = input.readNBytes(lengthBytes);
        input.reset();
        long length = 0;
        for (int i = bytes.length - 1; i >= 0; i--) {
            length = (length << 8) | (bytes[i] & 0xff);
        }
        if (length < 0 || length > input.available()) {
            throw new PickleException("its pickle announces " + length + " bytes and has " + input.available());
        }
    }

    @Override
    protected Object persistentLoad(Object id) {
        Object[] parts = (Object[]) id;
        boolean view = parts.length > 5 && parts[5] != null;
        if (!(parts[1] instanceof StorageClass known) || view) {
            throw new PickleException("a storage is of " + parts[1] + (view ? ", as a view of another" : "")
                    + "; float, integer and bool tensors are read. Save model.state_dict() with a newer PyTorch.");
        }
        Storage storage = new Storage(known.type(), String.valueOf(parts[2]), exact(parts[4]));
        storages.put(storage.key(), storage);
        return storage;
    }

    /** Arguments: storage, offset, shape, stride, and others that have no effect on the values. */
    private static Object tensor(Object[] arguments) {
        if (!(arguments[0] instanceof Storage)) {
            return new Opaque("torch._utils._rebuild_tensor_v2");
        }
        long[] shape = longs(arguments[2]);
        long[] stride = longs(arguments[3]);
        if (shape.length != stride.length) {
            throw new PickleException("a tensor has " + shape.length + " axes and " + stride.length + " strides");
        }
        return new Tensor((Storage) arguments[0], exact(arguments[1]), shape, stride);
    }

    /** A pickle's integers have any length. */
    private static long exact(Object number) {
        try {
            return new BigInteger(String.valueOf(number)).longValueExact();
        } catch (ArithmeticException | NumberFormatException e) {
            throw new PickleException("a tensor's size is " + number + ", which is no whole number of 64 bits", e);
        }
    }

    private static long[] longs(Object tuple) {
        Object[] items = (Object[]) tuple;
        long[] values = new long[items.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = exact(items[i]);
        }
        return values;
    }
}
