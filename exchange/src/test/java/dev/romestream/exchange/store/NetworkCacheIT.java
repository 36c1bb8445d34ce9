package dev.romestream.exchange.store;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.exchange.identity.Identity;
import dev.romestream.exchange.identity.NetworkReference;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.messaging.topic.TopicSetup;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.network.Classifier;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.schemas.Network;
import dev.romestream.testing.TestCluster;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NetworkCacheIT {
    private static final ImageShape SHAPE = new ImageShape(1, 8, 8);
    private static final Architecture ARCHITECTURE = new Architecture("convnet", 3, 1);

    @TempDir
    Path directory;

    private final NDManager manager = Tensors.manager("cpu", 1);
    private TestCluster cluster;
    private NetworkStore networks;
    private NetworkCache cache;
    private RecordSender sender;

    @BeforeEach
    void start() {
        cluster = TestCluster.start(directory);
        RomeConfig config = RomeConfig.of(cluster.tenant(Map.of(Settings.NETWORK_CACHE, "1")));
        TopicSetup.ensure(config);
        networks = new NetworkStore(config);
        cache = new NetworkCache(config, manager, networks);
        sender = new RecordSender(config);
    }

    @AfterEach
    void stop() {
        sender.close();
        cache.close();
        networks.close();
        cluster.close();
        manager.close();
    }

    private static float[] logits(NDManager scope, Classifier network) {
        NDArray images = scope.ones(SHAPE.batch(1));
        return network.logits(images).toFloatArray();
    }

    private Network publish(NeuralNetwork network) {
        Network record = NetworkCodec.victim("n", 0, network, new Normalization(List.of(0.5), List.of(0.25)));
        networks.send(sender, record);
        sender.flush();
        networks.awaitCurrent();
        return record;
    }

    private NeuralNetwork made(long seed) {
        var parameters = NeuralNetwork.initialParameters(manager, ARCHITECTURE, SHAPE, 2, new Seed(seed));
        return new NeuralNetwork(ARCHITECTURE, SHAPE, 2, parameters);
    }

    /** Under one id and version, one after the other. */
    @Test
    void aNetworkIsTheOneThatIsMeant() {
        NeuralNetwork first = made(1);
        NetworkReference any = new NetworkReference("n", 0, "");
        NetworkReference firstOnly = new NetworkReference("n", 0, Identity.network(publish(first)));
        for (NetworkReference reference : List.of(any, firstOnly)) {
            try (NetworkCache.Loaded lent = cache.lend(reference).orElseThrow()) {
                assertThat(logits(manager, lent.network())).isEqualTo(logits(manager, first));
            }
        }
        NeuralNetwork second = made(2);
        publish(second);
        try (NetworkCache.Loaded lent = cache.lend(any).orElseThrow()) {
            assertThat(logits(manager, lent.network())).isEqualTo(logits(manager, second));
        }
        assertThat(cache.lend(new NetworkReference("n", 0, "of no network"))).isEmpty();
        assertThat(cache.lend(new NetworkReference("another", 0, ""))).isEmpty();
    }

    @Test
    void whatIsLentLivesUntilItIsGivenBack() {
        publish(made(1));
        NetworkCache.Loaded lent = cache.lend(new NetworkReference("n", 0, "")).orElseThrow();
        float[] before = logits(manager, lent.network());
        publish(made(2));
        // takes its place in the cache
        cache.lend(new NetworkReference("n", 0, "")).orElseThrow().close();
        assertThat(logits(manager, lent.network())).isEqualTo(before);
        lent.close();
    }
}
