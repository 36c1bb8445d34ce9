package dev.romestream.robustness.network;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipFile;

/** A file of tensors in containers: of {@code torch.save}, {@code pickle} or NumPy, or safetensors. */
public final class TensorFile {
    private static final int MOST_DEPTH = 20;
    private static final int MOST_ITEMS = 10_000_000;

    private final TorchFile torch;
    private long values;
    private long items;

    private TensorFile(TorchFile torch) {
        this.torch = torch;
    }

    /**
     * What a file holds: {@link TensorData}, numbers and text, in maps and lists. What a pickle holds beside these is neither built
     * nor called; its name stands in its place.
     *
     * @throws IllegalArgumentException where it is no such file, or damaged, or larger than it may be
     */
    public static Object read(Path file) throws IOException {
        return TorchFile.guarded(file, "is damaged, or not all of it is there", () -> content(file));
    }

    private static Object content(Path file) throws IOException {
        if (SafeTensors.isOne(file)) {
            return SafeTensors.read(file);
        }
        if (NumpyFile.isArray(file)) {
            return NumpyFile.readArray(file);
        }
        if (TorchFile.isZip(file)) {
            try (ZipFile zip = new ZipFile(file.toFile())) {
                if (NumpyFile.isArchive(zip)) {
                    return NumpyFile.readArchive(zip);
                }
            }
        }
        try (TorchFile torch = TorchFile.open(file)) {
            return new TensorFile(torch).plain(torch.object(), 0);
        }
    }

    private Object plain(Object object, int depth) throws IOException {
        if (depth > MOST_DEPTH) {
            throw new IllegalArgumentException("Its containers are nested more than " + MOST_DEPTH + " deep.");
        }
        items++;
        if (items > MOST_ITEMS) {
            throw new IllegalArgumentException("Its containers have more than " + MOST_ITEMS + " items together.");
        }
        if (object instanceof Map<?, ?> map) {
            Map<Object, Object> plain = new LinkedHashMap<>();
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                plain.put(entry.getKey(), plain(entry.getValue(), depth + 1));
            }
            return plain;
        }
        if (object instanceof Object[] tuple) {
            return list(Arrays.asList(tuple), depth);
        }
        if (object instanceof Collection<?> collection) {
            return list(collection, depth);
        }
        if (object instanceof TensorUnpickler.Tensor tensor) {
            count(tensor.shape());
            return torch.read("in the file", tensor);
        }
        if (object instanceof TensorUnpickler.NumpyArray array) {
            count(array.data().shape());
            return array.data();
        }
        return object instanceof TensorUnpickler.Opaque opaque ? opaque.name() : object;
    }

    private List<Object> list(Collection<?> items, int depth) throws IOException {
        List<Object> plain = new ArrayList<>(items.size());
        for (Object item : items) {
            plain.add(plain(item, depth + 1));
        }
        return plain;
    }

    private void count(long[] shape) {
        values += TensorData.count("in the file", shape);
        if (values > TensorData.MOST_VALUES) {
            throw new IllegalArgumentException(
                    "Its tensors have more than " + TensorData.MOST_VALUES + " values together.");
        }
    }
}
