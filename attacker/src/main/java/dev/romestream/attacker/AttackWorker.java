package dev.romestream.attacker;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.codec.AttackCodec;
import dev.romestream.exchange.codec.EngineFaults;
import dev.romestream.exchange.codec.InvalidRecordException;
import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.exchange.codec.TensorCodec;
import dev.romestream.exchange.store.DatasetStore;
import dev.romestream.exchange.store.NetworkCache;
import dev.romestream.exchange.store.NetworkStore;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.messaging.queue.RequestWorker;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.attack.Attack;
import dev.romestream.robustness.attack.AttackTask;
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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One request at a time, first come, first served: fetches network and images, makes the attack, answers. */
final class AttackWorker extends RequestWorker<AttackRequest> {
    private static final Logger log = LoggerFactory.getLogger(AttackWorker.class);

    private final NDManager manager;
    private final NetworkStore networks;
    private final NetworkCache cache;
    private final DatasetStore datasets;
    private final RecordSender sender;
    private final Lock turn = new ReentrantLock(true);
    private final Timer time;
    private final Counter images;
    private final Counter gradients;
    private final Counter failures;

    AttackWorker(
            RomeConfig config,
            NDManager manager,
            NetworkStore networks,
            DatasetStore datasets,
            RecordSender sender,
            MeterRegistry metrics) {
        super(config, AttackRequest.class);
        this.manager = manager;
        this.networks = networks;
        this.cache = new NetworkCache(config, manager, networks);
        this.datasets = datasets;
        this.sender = sender;
        this.time = Timer.builder("rome.attack.time")
                .description("Time of an attack on one request's images")
                .register(metrics);
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
    protected void carryOut(AttackRequest request) {
        AttackCodec.check(request);
        turn.lock();
        try {
            answer(request);
        } catch (EngineException e) {
            throw EngineFaults.classified(e);
        } catch (IllegalArgumentException e) {
            throw new UnprocessableException("AttackRequest " + request.getId() + ": " + e.getMessage(), e);
        } finally {
            turn.unlock();
        }
        sender.flush();
    }

    private void answer(AttackRequest request) {
        String key = NetworkCodec.key(request.getNetwork(), request.getVersion());
        Optional<NetworkCache.Loaded> found = cache.get(request.getNetwork(), request.getVersion());
        if (found.isEmpty()) {
            if (networks.isRetired(key)) {
                log.debug("Request {} is of the network {}, which nobody needs any more", request.getId(), key);
                return;
            }
            throw new UnprocessableException(
                    "AttackRequest " + request.getId() + " is of the network " + key + ", which is not on its topic.");
        }
        NetworkCache.Loaded loaded = found.get();
        var dataset = datasets.await(request.getDataset(), request.getFingerprint(), this::isCancelled);
        AttackTask task = AttackCodec.decode(request, dataset);
        if (dataset.descriptor().getClasses().size() != loaded.network().classes()) {
            throw new InvalidRecordException("AttackRequest " + request.getId() + " is of the data set "
                    + request.getDataset() + " with "
                    + dataset.descriptor().getClasses().size() + " classes; the network " + key + " tells "
                    + loaded.network().classes() + " apart.");
        }
        try (NDManager scope = manager.newSubManager()) {
            long start = System.nanoTime();
            Attack.Perturbation made = task.run(scope, cancellable(loaded.network()), loaded.normalization());
            if (request.getAnswer() == AnswerKind.EMBEDDING) {
                ThreatModel threat = new ThreatModel(task.spec().space(), loaded.normalization());
                EmbeddingSum sum = embedding(request, loaded.network(), threat.normalised(made.images()));
                double seconds = record(start, task, made);
                sender.send(
                        Topic.PRIOR_ANSWERS,
                        request.getReplyKey(),
                        request.getId(),
                        priorAnswer(request)
                                .setEmbedding(TensorCodec.encode("The embedding", sum.values()))
                                .setCount(sum.count())
                                .setSeconds(seconds)
                                .build());
            } else {
                var encoded = TensorCodec.encode("The perturbed images", made.images());
                double seconds = record(start, task, made);
                sender.send(
                        Topic.PERTURBED_BATCHES,
                        request.getReplyKey(),
                        request.getId(),
                        perturbedBatch(request)
                                .setImages(encoded)
                                .setLabels(AttackCodec.boxed(task.labels()))
                                .setSeconds(seconds)
                                .setGradientEvaluations(made.gradientEvaluations())
                                .setForwardEvaluations(made.forwardEvaluations())
                                .setZeroGradients(made.zeroGradients())
                                .build());
            }
        }
    }

    private double record(long start, AttackTask task, Attack.Perturbation made) {
        long nanos = System.nanoTime() - start;
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

    /** So that an attack ends with the next query to the network: nothing may run on memory that is being freed. */
    private Classifier cancellable(Classifier network) {
        return network.after(images -> {
            step();
            return images;
        });
    }

    private static PerturbedBatch.Builder perturbedBatch(AttackRequest request) {
        return PerturbedBatch.newBuilder()
                .setRequestId(request.getId())
                .setAttempt(request.getAttempt())
                .setNetwork(request.getNetwork())
                .setVersion(request.getVersion())
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
            sender.send(Topic.PRIOR_ANSWERS, request.getReplyKey(), request.getId(), failure);
        } else {
            PerturbedBatch failure = perturbedBatch(request)
                    .setImages(TensorCodec.empty())
                    .setLabels(List.of())
                    .setSeconds(0)
                    .setGradientEvaluations(0)
                    .setForwardEvaluations(0)
                    .setError(error)
                    .build();
            sender.send(Topic.PERTURBED_BATCHES, request.getReplyKey(), request.getId(), failure);
        }
        sender.flush();
    }

    @Override
    public void close() {
        cache.close();
        super.close();
    }
}
