package dev.romestream.exchange.store;

import ai.djl.ndarray.NDManager;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.romestream.exchange.codec.InvalidRecordException;
import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.exchange.identity.Identity;
import dev.romestream.exchange.identity.NetworkReference;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.robustness.network.Classifier;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.schemas.Network;
import java.util.Optional;

/**
 * Networks from their topic, the last used ones kept ready, by what they are: of other parameters under an id and version, none is
 * given. A network is loaded once for all who ask. Safe for use by several threads.
 */
public final class NetworkCache implements AutoCloseable {
    private final NDManager manager;
    private final NetworkStore networks;
    private final boolean programs;
    private final Cache<Key, Loaded> loaded;

    /**
     * What is kept ready.
     *
     * @param revision of the record, where whichever parameters it has are meant; else empty
     */
    private record Key(NetworkReference reference, String revision) {}

    /** A network with the normalisation it was trained with: lent, until it is closed. */
    public static final class Loaded implements AutoCloseable {
        private final Classifier network;
        private final Normalization normalization;
        private final NDManager manager;
        private int users = 1;

        /** @param manager owns the network's memory, and is closed after its last user */
        public Loaded(Classifier network, Normalization normalization, NDManager manager) {
            this.network = network;
            this.normalization = normalization;
            this.manager = manager;
        }

        public Classifier network() {
            return network;
        }

        public Normalization normalization() {
            return normalization;
        }

        private synchronized boolean lend() {
            boolean alive = users > 0;
            users += alive ? 1 : 0;
            return alive;
        }

        /** Gives it back. */
        @Override
        public synchronized void close() {
            if (--users == 0) {
                manager.close();
            }
        }
    }

    /** @param networks stays the caller's */
    public NetworkCache(RomeConfig config, NDManager parent, NetworkStore networks) {
        this.manager = parent.newSubManager();
        this.networks = networks;
        this.programs = config.flag(Settings.NETWORKS_TORCHSCRIPT);
        this.loaded = Caffeine.newBuilder()
                .maximumSize(config.integer(Settings.NETWORK_CACHE))
                .executor(Runnable::run)
                .<Key, Loaded>removalListener((key, network, cause) -> network.close())
                .build();
    }

    /**
     * The network, to be closed after use; empty where it is not there, or has other parameters.
     *
     * @throws InvalidRecordException where it cannot be made of its record
     */
    public Optional<Loaded> lend(NetworkReference reference) {
        String revision = reference.digest().isEmpty()
                ? networks.head(reference.key()).map(Identity::revision).orElse("")
                : "";
        while (true) {
            Loaded found = loaded.get(new Key(reference, revision), key -> load(key.reference()));
            if (found == null || found.lend()) {
                return Optional.ofNullable(found);
            }
            // it left the cache between the two
        }
    }

    private Loaded load(NetworkReference reference) {
        return find(reference)
                .or(() -> {
                    // what is asked for may be newer than what is known
                    networks.awaitCurrent();
                    return find(reference);
                })
                .map(this::load)
                .orElse(null);
    }

    private Optional<Network> find(NetworkReference reference) {
        return networks.find(reference.key())
                .filter(record -> record.getError() != null || reference.means(Identity.network(record)));
    }

    private Loaded load(Network record) {
        NDManager own = manager.newSubManager();
        try {
            return new Loaded(NetworkCodec.classifier(own, record, programs), NetworkCodec.normalization(record), own);
        } catch (RuntimeException e) {
            own.close();
            throw e;
        }
    }

    @Override
    public void close() {
        loaded.invalidateAll();
        manager.close();
    }
}
