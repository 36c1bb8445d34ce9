package dev.romestream.exchange.store;

import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.codec.InvalidRecordException;
import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.robustness.network.Classifier;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.schemas.Network;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Networks from their topic, the last used ones kept ready. For one thread. */
public final class NetworkCache implements AutoCloseable {
    private final NDManager manager;
    private final NetworkStore networks;
    private final int capacity;
    private final boolean programs;
    private final Map<String, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);

    /** A network with the normalisation it was trained with. */
    public record Loaded(Classifier network, Normalization normalization) {}

    private record Entry(Loaded loaded, NDManager manager) {}

    /** @param networks stays the caller's */
    public NetworkCache(RomeConfig config, NDManager parent, NetworkStore networks) {
        this.manager = parent.newSubManager();
        this.networks = networks;
        this.capacity = config.integer(RomeConfig.NETWORK_CACHE);
        this.programs = config.flag(RomeConfig.NETWORKS_TORCHSCRIPT);
    }

    /**
     * The network, valid until as many others as are kept ready have been asked for; empty where it is not there.
     *
     * @throws InvalidRecordException where it cannot be made of its record
     */
    public Optional<Loaded> get(String id, int version) {
        String key = NetworkCodec.key(id, version);
        Entry entry = entries.get(key);
        if (entry == null) {
            Optional<Network> found = networks.find(key);
            if (found.isEmpty()) {
                return Optional.empty();
            }
            Network record = found.get();
            NDManager own = manager.newSubManager();
            try {
                entry = new Entry(
                        new Loaded(NetworkCodec.classifier(own, record, programs), NetworkCodec.normalization(record)),
                        own);
            } catch (RuntimeException e) {
                own.close();
                throw e;
            }
            entries.put(key, entry);
            evict();
        }
        return Optional.of(entry.loaded());
    }

    private void evict() {
        var oldest = entries.values().iterator();
        while (entries.size() > capacity && oldest.hasNext()) {
            oldest.next().manager().close();
            oldest.remove();
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}
