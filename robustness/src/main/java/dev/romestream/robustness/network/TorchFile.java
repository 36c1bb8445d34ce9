package dev.romestream.robustness.network;

import dev.romestream.robustness.network.TensorUnpickler.Storage;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/** What {@code torch.save} wrote: one object, and the storages of its tensors, which are read when they are asked for. */
final class TorchFile implements AutoCloseable {
    private static final long MOST_BYTES = Integer.MAX_VALUE;
    private static final int MOST_PICKLE_BYTES = 64 << 20;
    /** Most values of a tensor that has more than its storage. */
    private static final int MOST_EXPANDED = 1 << 22;

    private static final String PICKLE = "data.pkl";
    /** The first object in files that PyTorch wrote before 1.6. */
    private static final BigInteger LEGACY_MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);

    private static final int PICKLE_PROTOCOL = 0x80;

    private final Object object;
    private final StorageReader reader;
    private final Optional<ZipFile> zip;
    private final Map<String, float[]> read = new HashMap<>();
    private long readBytes;

    /** Bytes of storages. */
    private interface StorageReader {
        ByteBuffer read(Storage storage) throws IOException;
    }

    private TorchFile(Object object, StorageReader reader, Optional<ZipFile> zip) {
        this.object = object;
        this.reader = reader;
        this.zip = zip;
    }

    /** Containers, {@link TensorUnpickler.Tensor}s, scalars and {@link TensorUnpickler.Opaque}s. */
    Object object() {
        return object;
    }

    /**
     * A tensor's shape and values.
     *
     * @param name for messages
     */
    TensorData read(String name, TensorUnpickler.Tensor tensor) throws IOException {
        int count = TensorData.count(name, tensor.shape());
        if (count > Math.max(tensor.storage().count(), MOST_EXPANDED)) {
            throw new IllegalArgumentException("The tensor " + name + " makes " + count + " values of "
                    + tensor.storage().count() + "; save it as a tensor of its own, by clone().");
        }
        return TensorData.ofView(
                name,
                tensor.shape(),
                tensor.stride(),
                tensor.offset(),
                values(tensor.storage()),
                tensor.storage().type());
    }

    private float[] values(Storage storage) throws IOException {
        float[] known = read.get(storage.key());
        if (known != null) {
            return known;
        }
        int wanted = storage.bytes();
        readBytes += wanted;
        if (readBytes > MOST_BYTES) {
            throw new IllegalArgumentException("Its storages have more than " + MOST_BYTES + " bytes together.");
        }
        ByteBuffer data = reader.read(storage);
        if (data.remaining() != wanted) {
            throw new IllegalArgumentException("The storage " + storage.key() + " has " + data.remaining()
                    + " bytes; its " + storage.count() + " values of " + storage.type() + " take " + wanted + ".");
        }
        float[] values = storage.type().floats(data);
        read.put(storage.key(), values);
        return values;
    }

    /** Reads something of a file. */
    interface Reading<T> {
        T read() throws IOException;
    }

    /**
     * What is read, where damage is told by the file's name.
     *
     * @param incomplete what is said of a file that ends early
     * @throws IllegalArgumentException whatever a damaged file leads to
     */
    static <T> T guarded(Path file, String incomplete, Reading<T> reading) throws IOException {
        try {
            return reading.read();
        } catch (ZipException | EOFException e) {
            throw new IllegalArgumentException(file + " " + incomplete + ": " + e.getMessage(), e);
        } catch (StackOverflowError e) {
            throw new IllegalArgumentException(file + " cannot be read: its pickle is nested without end.", e);
        } catch (IllegalArgumentException e) {
            throw e;
        } catch (RuntimeException e) {
            // whatever a damaged pickle leads to
            throw new IllegalArgumentException(file + " cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * Opens a file.
     *
     * @throws IllegalArgumentException where it is none, or damaged, or larger than it may be
     */
    static TorchFile open(Path file) throws IOException {
        return isZip(file) ? zipped(file) : unzipped(file);
    }

    /** Whether a file begins as a zip archive does. */
    static boolean isZip(Path file) throws IOException {
        try (InputStream input = Files.newInputStream(file)) {
            byte[] start = input.readNBytes(2);
            return start.length == 2 && start[0] == 'P' && start[1] == 'K';
        }
    }

    private static TorchFile zipped(Path file) throws IOException {
        ZipFile zip = new ZipFile(file.toFile());
        try {
            String pickle = pickle(file, zip);
            String root = pickle.substring(0, pickle.length() - PICKLE.length());
            ByteOrder order = order(zip, root);
            Object object =
                    load(new TensorUnpickler(false), new ByteArrayInputStream(bytes(zip, pickle, MOST_PICKLE_BYTES)));
            return new TorchFile(
                    object,
                    storage -> ByteBuffer.wrap(bytes(zip, root + "data/" + storage.key(), storage.bytes()))
                            .order(order),
                    Optional.of(zip));
        } catch (IOException | RuntimeException | StackOverflowError e) {
            zip.close();
            throw e;
        }
    }

    private static String pickle(Path file, ZipFile zip) {
        if (TorchScript.isArchive(zip)) {
            throw new IllegalArgumentException(file + " is a TorchScript program, not a state dict.");
        }
        List<String> names = zip.stream().map(ZipEntry::getName).toList();
        if (names.stream()
                .anyMatch(name -> name.endsWith("serialized_exported_program.json")
                        || name.endsWith("models/model.json")
                        || name.endsWith("archive_format"))) {
            throw new IllegalArgumentException(file + " is a program of torch.export, which is not read; save"
                    + " torch.jit.trace(model.eval(), images), or model.state_dict().");
        }
        return names.stream()
                .filter(name -> name.equals(PICKLE) || name.endsWith("/" + PICKLE))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(file + " is a zip archive without " + PICKLE
                        + ", and so not what torch.save writes; save model.state_dict()."));
    }

    private static ByteOrder order(ZipFile zip, String root) throws IOException {
        String name = root + "byteorder";
        boolean big = zip.getEntry(name) != null
                && new String(bytes(zip, name, 100), StandardCharsets.US_ASCII)
                        .strip()
                        .equals("big");
        return big ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
    }

    /** An entry's bytes. Its declared size need not be true, so that what is read is counted. */
    private static byte[] bytes(ZipFile zip, String name, int most) throws IOException {
        ZipEntry entry = zip.getEntry(name);
        if (entry == null) {
            throw new IllegalArgumentException("The archive " + zip.getName() + " has no entry " + name + ".");
        }
        try (InputStream input = zip.getInputStream(entry)) {
            byte[] bytes = input.readNBytes(most);
            if (input.read() >= 0) {
                throw new IllegalArgumentException("The entry " + name + " of the archive " + zip.getName()
                        + " has more than " + most + " bytes.");
            }
            return bytes;
        }
    }

    /** Of {@code torch.save} before 1.6, or of {@code pickle}, whose storages stand in the pickle itself. */
    private static TorchFile unzipped(Path file) throws IOException {
        byte[] content = content(file);
        if (content.length < 2 || (content[0] & 0xff) != PICKLE_PROTOCOL) {
            throw new IllegalArgumentException(
                    file + " is not what torch.save writes; save model.state_dict(), or a .safetensors file.");
        }
        ByteArrayInputStream input = new ByteArrayInputStream(content);
        TensorUnpickler unpickler = new TensorUnpickler(true);
        Object first = load(unpickler, input);
        if (!LEGACY_MAGIC.equals(first)) {
            Map<String, ByteBuffer> embedded = unpickler.embedded();
            return new TorchFile(first, storage -> found(embedded, storage), Optional.empty());
        }
        Legacy legacy = legacy(file.toString(), content, input);
        return new TorchFile(legacy.object(), storage -> found(legacy.data(), storage), Optional.empty());
    }

    /** @throws IllegalArgumentException where it has too many bytes */
    static byte[] content(Path file) throws IOException {
        if (Files.size(file) > MOST_BYTES - Long.BYTES) {
            throw new IllegalArgumentException(file + " has " + Files.size(file) + " bytes; at most " + MOST_BYTES
                    + " are read, but of the zip archives that torch.save writes today.");
        }
        return Files.readAllBytes(file);
    }

    private static ByteBuffer found(Map<String, ByteBuffer> data, Storage storage) {
        return data.getOrDefault(storage.key(), ByteBuffer.allocate(0))
                .duplicate()
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    private record Legacy(Object object, Map<String, ByteBuffer> data) {}

    /** What follows the magic number: protocol, system, the object, its storages' keys, and each storage behind its length. */
    private static Legacy legacy(String owner, byte[] content, ByteArrayInputStream input) {
        load(new TensorUnpickler(false), input);
        load(new TensorUnpickler(false), input);
        TensorUnpickler unpickler = new TensorUnpickler(false);
        Object object = load(unpickler, input);
        if (!(load(new TensorUnpickler(false), input) instanceof List<?> keys)) {
            throw new IllegalArgumentException(owner + " lacks the keys of its storages; is the file complete?");
        }
        Map<String, ByteBuffer> data = new HashMap<>();
        ByteBuffer rest = ByteBuffer.wrap(content, content.length - input.available(), input.available())
                .slice()
                .order(ByteOrder.LITTLE_ENDIAN);
        for (Object key : keys) {
            Storage storage = unpickler.storages().get(String.valueOf(key));
            long count = rest.remaining() < Long.BYTES ? -1 : rest.getLong();
            if (storage == null || count != storage.count() || storage.bytes() > rest.remaining()) {
                throw new IllegalArgumentException(
                        owner + " has not the storage " + key + " that its tensors name; is the file complete?");
            }
            data.put(storage.key(), rest.slice(rest.position(), storage.bytes()));
            rest.position(rest.position() + storage.bytes());
        }
        return new Legacy(object, data);
    }

    /** A storage that was saved by itself. */
    record Embedded(Storage storage, ByteBuffer data) {}

    /** @throws IllegalArgumentException where the bytes are not such a storage */
    static Embedded embedded(byte[] content) {
        ByteArrayInputStream input = new ByteArrayInputStream(content);
        if (!LEGACY_MAGIC.equals(load(new TensorUnpickler(false), input))) {
            throw new IllegalArgumentException("A storage in its pickle is not what torch.save writes.");
        }
        Legacy legacy = legacy("A storage in its pickle", content, input);
        if (!(legacy.object() instanceof Storage storage)) {
            throw new IllegalArgumentException("A storage in its pickle is something else.");
        }
        return new Embedded(storage, found(legacy.data(), storage));
    }

    private static Object load(TensorUnpickler unpickler, ByteArrayInputStream input) {
        try {
            return unpickler.load(input);
        } catch (IOException e) {
            throw new IllegalArgumentException("Its pickle ends early: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() throws IOException {
        if (zip.isPresent()) {
            zip.get().close();
        }
    }
}
