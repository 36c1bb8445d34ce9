package dev.romestream.attacker;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.codec.AttackCodec;
import dev.romestream.exchange.codec.Dataset;
import dev.romestream.exchange.codec.EngineFaults;
import dev.romestream.exchange.codec.InvalidRecordException;
import dev.romestream.exchange.codec.TensorCodec;
import dev.romestream.exchange.identity.NetworkReference;
import dev.romestream.exchange.store.DatasetStore;
import dev.romestream.exchange.store.Demand;
import dev.romestream.exchange.store.NetworkCache;
import dev.romestream.exchange.store.NetworkStore;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.messaging.queue.RequestWorker;
import dev.romestream.messaging.service.WorkTimer;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.attack.Attack;
import dev.romestream.robustness.attack.AttackTask;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.distill.EmbeddingSum;
import dev.romestream.robustness.network.Classifier;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.ThreatModel;
import dev.romestream.schemas.AnswerKind;
import dev.romestream.schemas.AttackRequest;
import dev.romestream.schemas.PerturbedBatch;
import dev.romestream.schemas.PriorAnswer;
import dev.romestream.schemas.Topic;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Fetches network and images, makes the attack, answers. Requests in hand at the same time take turns, query by query. */
final class AttackWorker extends RequestWorker<AttackRequest> {
    private static final Logger log = LoggerFactory.getLogger(AttackWorker.class);

    private final NDManager manager;
    private final NetworkStore networks;
    private final NetworkCache cache;
    private final DatasetStore datasets;
    private final RecordSender sender;
    private final Demand demand;
    private final RequestProgress progress;
    private final Turns turns = new Turns();
    private final Timer time;
    private final Counter images;
    private final Counter gradients;
    private final Counter failures;

    /** What a worker reads, beside its requests. */
    record Inputs(NetworkStore networks, DatasetStore datasets, Demand demand, RequestProgress progress) {}

    AttackWorker(RomeConfig config, NDManager manager, Inputs inputs, RecordSender sender, MeterRegistry metrics) {
        super(config, AttackRequest.class);
        this.manager = manager;
        this.networks = inputs.networks();
        this.cache = new NetworkCache(config, manager, networks);
        this.datasets = inputs.datasets();
        this.demand = inputs.demand();
        this.progress = inputs.progress();
        this.sender = sender;
        this.time = WorkTimer.of("rome.attack.time", "Time of an attack on one request's images", metrics);
        this.images = Counter.builder("rome.attack.images")
                .description("Images attacked")
                .register(metrics);
        this.gradients = Counter.builder("rome.attack.gradient.evaluations")
                .description("Forward and backward passes over one image")
                .register(metrics);
        this.failures = Counter.builder("rome.attack.failures")
                .description("Requests given up")
                .register(metrics);
    }

    @Override
    protected boolean isWanted(AttackRequest request) {
        return demand.isWanted(request) && !progress.isSuperseded(request);
    }

    /** What was told of it is its own affair, and no later request's. */
    @Override
    protected void withdrawn(AttackRequest request) {
        sender.flush();
    }

    @Override
    protected void carryOut(AttackRequest request, ConsumerRecord<String, byte[]> record) {
        AttackCodec.check(request);
        progress.tell(request);
        try (Work work = work(request)) {
            answer(work);
        } catch (EngineException e) {
            throw EngineFaults.classified(e);
        } catch (IllegalArgumentException e) {
            throw new UnprocessableException("AttackRequest " + request.getId() + ": " + e.getMessage(), e);
        }
        sender.flush();
    }

    /** What a request is of, from its topics. */
    private record Work(AttackRequest request, NetworkCache.Loaded network, AttackTask task) implements AutoCloseable {
        @Override
        public void close() {
            network.close();
        }
    }

    private Work work(AttackRequest request) {
        NetworkReference reference = NetworkReference.of(request);
        Optional<NetworkCache.Loaded> found = cache.lend(reference);
        if (found.isEmpty()) {
            if (networks.isRetired(reference.key()) || networks.contains(reference.key())) {
                log.debug("Request {} is of the network {} as it was", request.getId(), reference);
                throw withdrawal();
            }
            throw new UnprocessableException("AttackRequest " + request.getId() + " is of the network "
                    + reference.key() + ", which is not on its topic.");
        }
        try {
            return work(request, found.get());
        } catch (RuntimeException e) {
            found.get().close();
            throw e;
        }
    }

    /** Of an evaluation whose window is gone, nothing is wanted any more. */
    private Dataset dataset(AttackRequest request) {
        try {
            return datasets.await(request.getDataset(), request.getFingerprint(), () -> isEnded(request));
        } catch (UnprocessableException e) {
            if (!request.getPlan().isEmpty() && datasets.isRetired(request.getDataset())) {
                throw new CancellationException(e.getMessage());
            }
            throw e;
        }
    }

    private Work work(AttackRequest request, NetworkCache.Loaded network) {
        var dataset = dataset(request);
        int classes = dataset.descriptor().getClasses().size();
        int own = network.network().classes();
        if (classes != own && classes > 0) {
            throw new InvalidRecordException("AttackRequest " + request.getId() + " is of the data set "
                    + request.getDataset() + " with " + classes + " classes; the network "
                    + NetworkReference.of(request).key() + " tells " + own + " apart.");
        }
        AttackTask task = AttackCodec.decode(request, dataset);
        boolean isLabelled = IntStream.of(task.labels()).allMatch(label -> label >= 0 && label < own);
        if (!isLabelled && !Attacks.isControl(task.spec().name())) {
            throw new InvalidRecordException("AttackRequest " + request.getId() + " has the labels "
                    + request.getLabels() + "; needed is one from 0 to " + (own - 1) + " for each image.");
        }
        return new Work(request, network, task);
    }

    private void answer(Work work) {
        AttackRequest request = work.request();
        AttackTask task = work.task();
        Classifier network = work.network().network();
        try (Turns.Turn turn = turns.take();
                NDManager scope = manager.newSubManager()) {
            Attack.Perturbation made = task.run(
                    scope, stepwise(network, request, turn), work.network().normalization());
            if (request.getAnswer() == AnswerKind.EMBEDDING) {
                ThreatModel threat =
                        new ThreatModel(task.spec().space(), work.network().normalization());
                EmbeddingSum sum = embedding(request, network, threat.normalised(made.images()));
                send(
                        Topic.PRIOR_ANSWERS,
                        request,
                        priorAnswer(request)
                                .setEmbedding(TensorCodec.encode("The embedding", sum.values()))
                                .setCount(sum.count())
                                .setSeconds(record(turn, task, made))
                                .build());
            } else {
                var encoded = TensorCodec.encode("The perturbed images", made.images());
                send(
                        Topic.PERTURBED_BATCHES,
                        request,
                        perturbedBatch(request)
                                .setImages(encoded)
                                .setLabels(AttackCodec.boxed(task.labels()))
                                .setSeconds(record(turn, task, made))
                                .setGradientEvaluations(made.gradientEvaluations())
                                .setForwardEvaluations(made.forwardEvaluations())
                                .setZeroGradients(made.zeroGradients())
                                .setUnmoved(made.unmoved().stream()
                                        .map(request.getImageIds()::get)
                                        .toList())
                                .build());
            }
        }
    }

    private void send(Topic topic, AttackRequest request, SpecificRecord answer) {
        sender.send(topic, request.getReplyKey(), request.getId(), answer);
    }

    private double record(Turns.Turn turn, AttackTask task, Attack.Perturbation made) {
        long nanos = turn.nanos();
        time.record(nanos, TimeUnit.NANOSECONDS);
        images.increment(task.labels().length);
        gradients.increment((double) made.gradientEvaluations());
        return nanos / 1e9;
    }

    private static EmbeddingSum embedding(AttackRequest request, Classifier network, NDArray images) {
        if (!(network instanceof NeuralNetwork embedding)) {
            throw new InvalidRecordException("AttackRequest " + request.getId() + " asks for an embedding of "
                    + request.getNetwork() + "; only networks of known architectures embed images.");
        }
        return EmbeddingSum.of(embedding, images);
    }

    /**
     * So that an attack ends with the next query to the network, for nothing may run on memory that is being freed; and so that a
     * short one does not wait for the end of a long one.
     */
    private Classifier stepwise(Classifier network, AttackRequest request, Turns.Turn turn) {
        return network.after(images -> {
            step(request);
            progress.tellAgain(request);
            turn.pass();
            return images;
        });
    }

    private static PerturbedBatch.Builder perturbedBatch(AttackRequest request) {
        return PerturbedBatch.newBuilder()
                .setRequestId(request.getId())
                .setAttempt(request.getAttempt())
                .setNetwork(request.getNetwork())
                .setVersion(request.getVersion())
                .setDigest(request.getDigest())
                .setPlan(request.getPlan())
                .setPrecision(request.getPrecision())
                .setImageIds(request.getImageIds())
                .setAttack(request.getAttack());
    }

    private static PriorAnswer.Builder priorAnswer(AttackRequest request) {
        return PriorAnswer.newBuilder().setRequestId(request.getId()).setAttempt(request.getAttempt());
    }

    @Override
    protected void answerFailure(AttackRequest request, String error) {
        failures.increment();
        if (request.getAnswer() == AnswerKind.EMBEDDING) {
            PriorAnswer failure = priorAnswer(request)
                    .setEmbedding(TensorCodec.empty())
                    .setCount(0)
                    .setSeconds(0)
                    .setError(error)
                    .build();
            send(Topic.PRIOR_ANSWERS, request, failure);
        } else {
            PerturbedBatch failure = perturbedBatch(request)
                    .setImages(TensorCodec.empty())
                    .setLabels(List.of())
                    .setSeconds(0)
                    .setGradientEvaluations(0)
                    .setForwardEvaluations(0)
                    .setError(error)
                    .build();
            send(Topic.PERTURBED_BATCHES, request, failure);
        }
        sender.flush();
    }

    @Override
    public void close() {
        cache.close();
        super.close();
    }
}
