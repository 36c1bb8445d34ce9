package dev.romestream.robustness.network;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import net.razorvine.pickle.PickleException;

/** Tensors by name, as {@code torch.save(model.state_dict(), path)} writes them since PyTorch 1.6. */
public final class StateDict {
    private static final String PICKLE = "data.pkl";
    private static final String DATA_PARALLEL = "module.";
    /** Keys under which checkpoints keep a state dict among other things. */
    private static final List<String> WRAPPERS = List.of("state_dict", "model_state_dict", "model", "net");

    private static final long MOST_PICKLE_BYTES = 64L << 20;
    private static final long MOST_BYTES = 2L << 30;

    private final Map<String, Entry> entries;

    private record Entry(long[] shape, float[] values) {}

    private StateDict(Map<String, Entry> entries) {
        this.entries = entries;
    }

    /**
     * Reads a file. Its pickle may hold tensors, containers and scalars alone.
     *
     * @throws IllegalArgumentException where it is no such file, or its pickle names anything else
     */
    public static StateDict read(Path file) throws IOException {
        try (ZipFile zip = new ZipFile(file.toFile())) {
            if (TorchScript.isArchive(zip)) {
                throw new IllegalArgumentException(file + " is a TorchScript program, not a state dict.");
            }
            String pickle = zip.stream()
                    .map(ZipEntry::getName)
                    .filter(name -> name.equals(PICKLE) || name.endsWith("/" + PICKLE))
                    .findFirst()
                    .orElseThrow(() -> notSaved(file, "it has no " + PICKLE));
            String root = pickle.substring(0, pickle.length() - PICKLE.length());
            byte[] bytes = bytes(zip, pickle, MOST_PICKLE_BYTES);
            Object loaded = new TensorUnpickler().load(new ByteArrayInputStream(bytes));
            return new StateDict(new Reader(zip, root).entries(unwrapped(file, loaded)));
        } catch (ZipException e) {
            throw notSaved(file, e.getMessage());
        } catch (PickleException | ClassCastException | IndexOutOfBoundsException e) {
            throw new IllegalArgumentException(file + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static IllegalArgumentException notSaved(Path file, String why) {
        return new IllegalArgumentException(file + " is not what torch.save writes since PyTorch 1.6 (" + why
                + "); save model.state_dict() with a newer PyTorch.");
    }

    private static Map<?, ?> unwrapped(Path file, Object loaded) {
        if (!(loaded instanceof Map<?, ?> map)) {
            throw new IllegalArgumentException(
                    file + " holds no dictionary of tensors; save model.state_dict(), not the model.");
        }
        if (!isStateDict(map)) {
            for (String key : WRAPPERS) {
                if (map.get(key) instanceof Map<?, ?> inner && isStateDict(inner)) {
                    return inner;
                }
            }
            throw new IllegalArgumentException(file + " holds a dictionary with the keys " + map.keySet()
                    + ", not all of them tensors; save model.state_dict().");
        }
        return map;
    }

    private static boolean isStateDict(Map<?, ?> map) {
        return !map.isEmpty()
                && map.keySet().stream().allMatch(String.class::isInstance)
                && map.values().stream().allMatch(TensorUnpickler.Tensor.class::isInstance);
    }

    private static byte[] bytes(ZipFile zip, String name, long most) throws IOException {
        ZipEntry entry = zip.getEntry(name);
        if (entry == null || entry.getSize() > most) {
            throw new IllegalArgumentException("The archive " + zip.getName() + " has "
                    + (entry == null ? "no entry " : "too large an entry ") + name + ".");
        }
        return zip.getInputStream(entry).readAllBytes();
    }

    /** Resolves tensors against the archive's storages. */
    private static final class Reader {
        private final ZipFile zip;
        private final String root;
        private final ByteOrder order;
        private final Map<String, float[]> storages = new LinkedHashMap<>();
        private long read;

        Reader(ZipFile zip, String root) throws IOException {
            this.zip = zip;
            this.root = root;
            String byteOrder = root + "byteorder";
            boolean big = zip.getEntry(byteOrder) != null
                    && new String(bytes(zip, byteOrder, 100), StandardCharsets.US_ASCII)
                            .strip()
                            .equals("big");
            this.order = big ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
        }

        Map<String, Entry> entries(Map<?, ?> raw) throws IOException {
            boolean parallel =
                    raw.keySet().stream().allMatch(key -> key.toString().startsWith(DATA_PARALLEL));
            Map<String, Entry> entries = new LinkedHashMap<>();
            for (Map.Entry<?, ?> entry : raw.entrySet()) {
                String name = entry.getKey().toString();
                String plain = parallel ? name.substring(DATA_PARALLEL.length()) : name;
                entries.put(plain, entry(plain, (TensorUnpickler.Tensor) entry.getValue()));
            }
            return entries;
        }

        private Entry entry(String name, TensorUnpickler.Tensor tensor) throws IOException {
            float[] storage = storage(tensor.storage());
            long count = Arrays.stream(tensor.shape()).reduce(1, Math::multiplyExact);
            long last = tensor.offset();
            for (int axis = 0; axis < tensor.shape().length; axis++) {
                if (tensor.shape()[axis] < 0 || tensor.stride()[axis] < 0) {
                    throw new IllegalArgumentException("The tensor " + name + " has a negative size or stride.");
                }
                last += (tensor.shape()[axis] - 1) * tensor.stride()[axis];
            }
            if (count > 0 && (tensor.offset() < 0 || last >= storage.length)) {
                throw new IllegalArgumentException("The tensor " + name + " of shape " + Arrays.toString(tensor.shape())
                        + " reaches beyond its " + storage.length + " values.");
            }
            float[] values = new float[Math.toIntExact(count)];
            long[] index = new long[tensor.shape().length];
            for (int i = 0; i < values.length; i++) {
                long position = tensor.offset();
                for (int axis = 0; axis < index.length; axis++) {
                    position += index[axis] * tensor.stride()[axis];
                }
                values[i] = storage[(int) position];
                for (int axis = index.length - 1; axis >= 0 && ++index[axis] == tensor.shape()[axis]; axis--) {
                    index[axis] = 0;
                }
            }
            return new Entry(tensor.shape(), values);
        }

        private float[] storage(TensorUnpickler.Storage storage) throws IOException {
            float[] known = storages.get(storage.key());
            if (known != null) {
                return known;
            }
            byte[] data = bytes(zip, root + "data/" + storage.key(), MOST_BYTES);
            read += data.length;
            if (read > MOST_BYTES
                    || data.length != storage.count() * storage.type().bytes()) {
                throw new IllegalArgumentException("The storage " + storage.key() + " has " + data.length
                        + " bytes; its " + storage.count() + " values of " + storage.type() + " take "
                        + storage.count() * storage.type().bytes() + ", and all storages together may take "
                        + MOST_BYTES + ".");
            }
            float[] values = storage.type().floats(ByteBuffer.wrap(data).order(order));
            storages.put(storage.key(), values);
            return values;
        }
    }

    /** The tensors' names, in the file's order; without the prefix of {@code DataParallel}. */
    public Set<String> names() {
        return entries.keySet();
    }

    /** The lengths of a tensor's axes, outermost first. */
    public long[] shape(String name) {
        return entries.get(name).shape().clone();
    }

    /** A tensor's values in float32, row-major. */
    public float[] values(String name) {
        return entries.get(name).values().clone();
    }
}
