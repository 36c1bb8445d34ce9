package dev.romestream.evaluator;

import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.DatasetStore;
import dev.romestream.exchange.InvalidRecordException;
import dev.romestream.exchange.NetworkCodec;
import dev.romestream.exchange.NetworkRecords;
import dev.romestream.messaging.topic.RecordIndex;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.NetworkVersion;
import java.time.Duration;
import java.util.concurrent.TimeoutException;

/** Asks for the attacks on a network that a user brought. What is complete already is left alone. */
final class NetworkEvaluation {
    private static final String METHOD = "network";
    private static final Duration PARTS_LIMIT = Duration.ofSeconds(30);

    private final NDManager manager;
    private final RecordIndex<Network> networks;
    private final RecordSender sender;
    private final Progress progress;

    NetworkEvaluation(NDManager manager, RecordIndex<Network> networks, RecordSender sender, Progress progress) {
        this.manager = manager;
        this.networks = networks;
        this.sender = sender;
        this.progress = progress;
    }

    /** Outcomes of a network's evaluation. */
    long outcomes(Experiment experiment, Network network, DatasetStore.Dataset dataset) {
        return new AttackPlanner(sender, experiment.getEvaluation(), dataset)
                .outcomes(version(network), network.getSources());
    }

    private static NetworkVersion version(Network network) {
        return new NetworkVersion(network.getId(), network.getVersion());
    }

    /**
     * Checks the network and asks for the attacks.
     *
     * @throws InvalidRecordException where the network cannot be made, or is not one for the data set
     * @throws TimeoutException where parts of its record are missing
     */
    void begin(Experiment experiment, Network network, DatasetStore.Dataset dataset) throws TimeoutException {
        check(network, dataset);
        int figures = AttackPlanner.figuresOfVictim(experiment.getEvaluation());
        if (progress.complete(experiment.getId(), network.getId(), network.getVersion()) == figures) {
            return;
        }
        var planner = new AttackPlanner(sender, experiment.getEvaluation(), dataset);
        var about = EvaluationContexts.of(experiment, METHOD, network.getVersion(), 0, true);
        Seed seed = new Seed(experiment.getSeed()).with(network.getId()).with(network.getVersion());
        var victim = new AttackPlanner.Victim(version(network), NetworkCodec.architecture(network), seed);
        planner.ask(about, victim);
        planner.askTransfers(about, victim, network.getSources());
    }

    private void check(Network network, DatasetStore.Dataset dataset) throws TimeoutException {
        String key = NetworkCodec.key(network.getId(), network.getVersion());
        ImageShape shape = NetworkCodec.shape(network.getInputShape());
        if (!shape.equals(dataset.test().shape())
                || network.getClasses() != dataset.test().classes()) {
            throw new InvalidRecordException("Network " + key + " is for images of shape " + shape + " and "
                    + network.getClasses() + " classes; the data set "
                    + dataset.descriptor().getId() + " has " + dataset.test().shape() + " and "
                    + dataset.test().classes() + ".");
        }
        Network whole = NetworkRecords.whole(networks, network, PARTS_LIMIT);
        try (NDManager scope = manager.newSubManager()) {
            NetworkCodec.normalization(whole);
            NetworkCodec.classifier(scope, whole);
        } catch (IllegalArgumentException e) {
            throw new InvalidRecordException("Network " + key + ": " + e.getMessage());
        }
    }
}
