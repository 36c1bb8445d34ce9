package dev.romestream.robustness.network;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Tensors by name, as {@code torch.save(model.state_dict(), path)} of any PyTorch writes them, or safetensors. */
public final class StateDict {
    /** Of DataParallel, of torch.compile, and of Lightning's and others' modules around a model. */
    private static final List<String> PREFIXES = List.of("module.", "_orig_mod.", "model.", "net.", "network.");
    /** Keys under which checkpoints keep a state dict among other things. */
    private static final List<String> WRAPPERS =
            List.of("state_dict", "model_state_dict", "model", "net", "network", "weights");

    private static final int MOST_LISTED = 20;

    private final Map<String, TensorData> entries;

    private StateDict(Map<String, TensorData> entries) {
        this.entries = entries;
    }

    /**
     * Reads a file. What its pickle holds beside tensors and containers is neither built nor called.
     *
     * @throws IllegalArgumentException where it holds no state dict, naming what it holds
     */
    public static StateDict read(Path file) throws IOException {
        if (SafeTensors.isOne(file)) {
            return new StateDict(withoutPrefixes(SafeTensors.read(file)));
        }
        return TorchFile.guarded(file, "is not what torch.save writes, or not all of it", () -> tensors(file));
    }

    private static StateDict tensors(Path file) throws IOException {
        try (TorchFile torch = TorchFile.open(file)) {
            Map<String, TensorData> entries = new LinkedHashMap<>();
            long values = 0;
            for (Map.Entry<?, ?> entry : stateDict(file, torch.object()).entrySet()) {
                if (entry.getKey() instanceof String name
                        && entry.getValue() instanceof TensorUnpickler.Tensor tensor) {
                    values += TensorData.count(name, tensor.shape());
                    if (values > TensorData.MOST_VALUES) {
                        throw new IllegalArgumentException(
                                file + " has tensors of more than " + TensorData.MOST_VALUES + " values together.");
                    }
                    entries.put(name, torch.read(name, tensor));
                }
            }
            return new StateDict(withoutPrefixes(entries));
        }
    }

    /** The dictionary of tensors in what was saved: one under a name that checkpoints give it, or itself, or the only one in it. */
    private static Map<?, ?> stateDict(Path file, Object loaded) {
        if (!(loaded instanceof Map<?, ?> map)) {
            throw new IllegalArgumentException(file
                    + (loaded instanceof TensorUnpickler.Opaque opaque
                            ? ": its pickle asks for " + opaque.name() + ", and only tensors and containers are read."
                            : " holds no dictionary of tensors.")
                    + " Save model.state_dict(), not the model.");
        }
        Map<String, Map<?, ?>> inner = new LinkedHashMap<>();
        map.forEach((key, value) -> {
            if (key instanceof String name && value instanceof Map<?, ?> candidate && hasTensors(candidate)) {
                inner.put(name, candidate);
            }
        });
        for (String wrapper : WRAPPERS) {
            if (inner.containsKey(wrapper)) {
                return inner.get(wrapper);
            }
        }
        if (hasTensors(map)) {
            return map;
        }
        if (inner.size() == 1) {
            return inner.values().iterator().next();
        }
        throw new IllegalArgumentException(
                inner.isEmpty()
                        ? file + " holds a dictionary with the keys "
                                + map.keySet().stream().limit(MOST_LISTED).toList()
                                + ", and none of them has tensors" + asked(map) + "; save model.state_dict()."
                        : file + " holds several dictionaries of tensors, " + inner.keySet()
                                + "; save the one that is wanted as model.state_dict().");
    }

    private static String asked(Map<?, ?> map) {
        return map.values().stream()
                .filter(TensorUnpickler.Opaque.class::isInstance)
                .findFirst()
                .map(opaque -> " (its pickle asks for " + ((TensorUnpickler.Opaque) opaque).name()
                        + ", and only tensors and containers are read)")
                .orElse("");
    }

    private static boolean hasTensors(Map<?, ?> map) {
        return map.entrySet().stream()
                .anyMatch(entry ->
                        entry.getKey() instanceof String && entry.getValue() instanceof TensorUnpickler.Tensor);
    }

    /** Names without the prefixes that wrappers of a model give to all of them, in whatever order they are nested. */
    private static Map<String, TensorData> withoutPrefixes(Map<String, TensorData> entries) {
        Map<String, TensorData> plain = entries;
        for (Optional<String> prefix = prefix(plain); prefix.isPresent(); prefix = prefix(plain)) {
            Map<String, TensorData> shorter = new LinkedHashMap<>();
            int length = prefix.get().length();
            plain.forEach((name, entry) -> shorter.put(name.substring(length), entry));
            plain = shorter;
        }
        return plain;
    }

    private static Optional<String> prefix(Map<String, TensorData> entries) {
        return PREFIXES.stream()
                .filter(prefix -> entries.keySet().stream().allMatch(name -> name.startsWith(prefix)))
                .findFirst()
                .filter(prefix -> !entries.isEmpty());
    }

    /** The tensors' names, in the file's order; without the prefixes that wrappers give to all of them. */
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
