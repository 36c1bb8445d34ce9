package dev.romestream.evaluator.victim;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import dev.romestream.evaluator.publish.EvaluationFlags;
import dev.romestream.exchange.codec.Dataset;
import dev.romestream.exchange.codec.EngineFaults;
import dev.romestream.exchange.codec.InvalidRecordException;
import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.exchange.experiment.DistillationDefaults;
import dev.romestream.exchange.experiment.Victim;
import dev.romestream.exchange.identity.Identity;
import dev.romestream.exchange.store.DatasetStore;
import dev.romestream.exchange.store.NetworkStore;
import dev.romestream.exchange.store.SnapshotStore;
import dev.romestream.experiments.DatasetIds;
import dev.romestream.experiments.Experiments;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.messaging.queue.RequestWorker;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.network.Classifier;
import dev.romestream.robustness.network.NetworkProbe;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.network.TorchScript;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.NetworkCheck;
import dev.romestream.schemas.NetworkRole;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.Outcome;
import dev.romestream.schemas.SnapshotManifest;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.VictimRequest;
import dev.romestream.schemas.VictimTraining;
import dev.romestream.schemas.WorkAnswer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Makes one network ready for each request: trains a victim on a snapshot, or checks a network that a user brought. */
public final class VictimWorker extends RequestWorker<VictimRequest> {
    private static final Duration SNAPSHOTS_LIMIT = Duration.ofMinutes(1);

    private final NDManager manager;
    private final boolean programs;
    private final Experiments experiments;
    private final SnapshotStore snapshots;
    private final VictimTrainer trainer;
    private final NetworkStore networks;
    private final DatasetStore datasets;
    private final RecordSender sender;

    public VictimWorker(
            RomeConfig config,
            NDManager manager,
            Experiments experiments,
            SnapshotStore snapshots,
            NetworkStore networks,
            DatasetStore datasets,
            RecordSender sender) {
        super(config, VictimRequest.class);
        this.manager = manager;
        this.programs = config.flag(Settings.NETWORKS_TORCHSCRIPT);
        this.experiments = experiments;
        this.snapshots = snapshots;
        this.trainer = new VictimTrainer(manager, snapshots, datasets, sender);
        this.networks = networks;
        this.datasets = datasets;
        this.sender = sender;
    }

    @Override
    protected void carryOut(VictimRequest request, ConsumerRecord<String, byte[]> record) {
        if (request.getTask() instanceof VictimTraining
                && request.getExperiment().getDistillation() == null) {
            throw new UnprocessableException(
                    "A request is for a victim of " + request.getExperiment().getId() + ", which has no distillation.");
        }
        try {
            if (request.getTask() instanceof VictimTraining task) {
                String key = train(request, task);
                answer(request, Outcome.DONE, done(key).setFlags(orderOf(key, task)));
            } else if (request.getTask() instanceof NetworkCheck task) {
                answer(request, Outcome.DONE, check(request, task.getNetwork()));
            }
        } catch (InvalidRecordException | IllegalArgumentException e) {
            // the experiment's fault, and no record's: it is answered, and not dead
            answerFailure(request, String.valueOf(e.getMessage()));
        } catch (EngineException e) {
            throw EngineFaults.classified(e);
        }
    }

    /** The experiment runs, and is still what the request is for. */
    @Override
    protected boolean isWanted(VictimRequest request) {
        Experiment asked = request.getExperiment();
        return experiments.isWanted(asked.getId())
                && experiments
                        .get(asked.getId())
                        .filter(now -> Identity.isSameSpecification(now, asked))
                        .isPresent();
    }

    @Override
    protected void withdrawn(VictimRequest request) {
        answer(request, Outcome.INTERRUPTED, WorkAnswer.newBuilder());
    }

    /** The key of the network, which is on its topic then. */
    private String train(VictimRequest request, VictimTraining task) {
        String id = Victim.id(request.getExperiment(), task.getSnapshot(), task.getVictim());
        String key = NetworkCodec.key(id, 0);
        boolean there = networks.head(key)
                .filter(head -> head.getFingerprint().equals(request.getId()))
                .isPresent();
        if (!there) {
            Network trained = trainer.network(request.getExperiment(), task, () -> step(request), this::isCancelled);
            trained.setExperiment(request.getExperiment().getId());
            trained.setFingerprint(request.getId());
            networks.send(sender, trained);
            if (task.getVictim() == 0) {
                publish(request.getExperiment(), task.getSnapshot(), trained);
            }
            sender.flush();
            networks.awaitCurrent();
            retireOthers(request.getExperiment(), task.getSnapshot());
        }
        return key;
    }

    /** To those who score networks, where the experiment says so: a version for each snapshot. */
    private void publish(Experiment experiment, int snapshot, Network victim) {
        String wanted = experiment.getEvaluation().getPublish();
        experiments.all().stream()
                .filter(other -> other.getDistillation() == null
                        && (other.getId().equals(wanted) || other.getName().equals(wanted)))
                .forEach(monitoring -> networks.send(
                        sender,
                        Network.newBuilder(victim)
                                .setId(monitoring.getId() + "/" + experiment.getName())
                                .setVersion(snapshot)
                                .setRole(NetworkRole.MONITORED)
                                .setExperiment(monitoring.getId())
                                .build()));
    }

    /** A set that somebody brings may number the classes in another order, and its victims with it. */
    private List<String> orderOf(String key, VictimTraining task) {
        SnapshotManifest manifest = task.getManifest();
        Optional<Network> victim =
                DistillationDefaults.isBrought(manifest.getMethod()) ? networks.find(key) : Optional.empty();
        if (victim.isEmpty()) {
            return List.of();
        }
        Dataset dataset = datasets.await(manifest.getDataset(), manifest.getFingerprint(), this::isCancelled);
        try (NDManager scope = manager.newSubManager()) {
            return LabelOrders.flags(
                    scope,
                    NetworkCodec.classifier(scope, victim.get(), programs),
                    NetworkCodec.normalization(victim.get()),
                    dataset);
        }
    }

    /** Victims that the experiment had before it was another one. */
    private void retireOthers(Experiment experiment, int current) {
        snapshots.awaitCurrent(SNAPSHOTS_LIMIT);
        Set<Integer> numbers = new TreeSet<>(snapshots.numbers(experiment.getId()));
        numbers.add(current);
        Set<String> own = new HashSet<>();
        for (int snapshot : numbers) {
            Victim.of(experiment)
                    .forEach(victim -> own.add(NetworkCodec.key(Victim.id(experiment, snapshot, victim.number()), 0)));
        }
        networks.keys().stream()
                .filter(key -> key.startsWith(experiment.getId() + "/") && !own.contains(key))
                .filter(key -> networks.head(key)
                        .filter(head -> head.getRole() == NetworkRole.VICTIM
                                && experiment.getId().equals(head.getExperiment()))
                        .isPresent())
                .forEach(key -> networks.retire(sender, key));
    }

    /** What a network is, by its bytes as they stand on the topic. */
    private WorkAnswer.Builder done(String key) {
        while (true) {
            Optional<Network> head = networks.head(key);
            Network network = networks.find(key)
                    .orElseThrow(() -> new InvalidRecordException("Network " + key + " is no longer on its topic."));
            if (head.isPresent() && head.equals(networks.head(key))) {
                return WorkAnswer.newBuilder()
                        .setDigest(Identity.network(network))
                        .setRevision(Identity.revision(head.get()));
            }
        }
    }

    /** Refuses a network that is not one for the data set, or cannot be made of its record; else tells what a probe shows. */
    private WorkAnswer.Builder check(VictimRequest request, NetworkVersion version) {
        String key = NetworkCodec.key(version.getNetwork(), version.getVersion());
        Optional<Network> found = networks.find(key);
        if (found.isEmpty()) {
            throw new InvalidRecordException("Network " + key + " is no longer on its topic.");
        }
        var dataset = datasets.await(DatasetIds.of(request.getExperiment().getDataset()), () -> isEnded(request));
        Network network = found.get();
        var shape = NetworkCodec.shape(network.getInputShape());
        if (!shape.equals(dataset.test().shape())
                || (network.getClasses() != dataset.test().classes()
                        && dataset.test().classes() > 0)) {
            throw new InvalidRecordException("Network " + key + " is for images of shape " + shape + " and "
                    + network.getClasses() + " classes; the data set "
                    + dataset.descriptor().getId() + " has " + dataset.test().shape() + " and "
                    + dataset.test().classes() + ".");
        }
        try (NDManager scope = manager.newSubManager()) {
            Normalization normalization = NetworkCodec.normalization(network);
            Classifier classifier = NetworkCodec.classifier(scope, network, programs);
            boolean optimises = NetworkCodec.program(network)
                    .map(TorchScript::differentiates)
                    .orElse(false);
            List<String> flags = new ArrayList<>(
                    EvaluationFlags.of(NetworkProbe.of(scope, classifier, shape, new Seed(0)), optimises));
            flags.addAll(LabelOrders.flags(scope, classifier, normalization, dataset));
            return done(key).setFlags(flags);
        }
    }

    private void answer(VictimRequest request, Outcome outcome, WorkAnswer.Builder answer) {
        String experiment = request.getExperiment().getId();
        sender.send(
                Topic.VICTIM_ANSWERS,
                experiment,
                answer.setId(Victim.answerId(request))
                        .setExperiment(experiment)
                        .setOutcome(outcome)
                        .build());
        sender.flush();
    }

    @Override
    protected void answerFailure(VictimRequest request, String reason) {
        answer(request, Outcome.FAILED, WorkAnswer.newBuilder().setError(reason));
    }
}
