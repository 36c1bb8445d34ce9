package dev.romestream.exchange;

import ai.djl.ndarray.NDManager;
import dev.romestream.messaging.topic.RecordIndex;
import dev.romestream.robustness.network.Classifier;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.schemas.Network;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeoutException;

/** Networks from their topic, the last used ones kept ready. For one thread. */
public final class NetworkCache implements AutoCloseable {
    private final NDManager manager;
    private final RecordIndex<Network> index;
    private final int capacity;
    private final Map<String, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);

    /** A network with the normalisation it was trained with. */
    public record Loaded(Classifier network, Normalization normalization) {}

    private record Entry(Loaded loaded, NDManager manager) {}

    /** @param index stays the caller's */
    public NetworkCache(NDManager parent, RecordIndex<Network> index, int capacity) {
        this.manager = parent.newSubManager();
        this.index = index;
        this.capacity = capacity;
    }

    /**
     * The network, valid until other {@code capacity} ones have been asked for.
     *
     * @throws TimeoutException where it does not come within {@code limit}
     */
    public Loaded get(String id, int version, Duration limit) throws TimeoutException {
        String key = NetworkCodec.key(id, version);
        Entry entry = entries.get(key);
        if (entry == null) {
            Network record = NetworkRecords.await(index, key, limit);
            NDManager own = manager.newSubManager();
            try {
                entry = new Entry(
                        new Loaded(NetworkCodec.classifier(own, record), NetworkCodec.normalization(record)), own);
            } catch (RuntimeException e) {
                own.close();
                throw e;
            }
            entries.put(key, entry);
            evict();
        }
        return entry.loaded();
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
