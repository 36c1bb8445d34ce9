package dev.romestream.attacker;

import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.AttackCodec;
import dev.romestream.exchange.InvalidRecordException;
import dev.romestream.exchange.NetworkCache;
import dev.romestream.exchange.TensorCodec;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.messaging.queue.WorkQueue;
import dev.romestream.messaging.serde.Decoder;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.robustness.attack.Attack;
import dev.romestream.robustness.attack.AttackTask;
import dev.romestream.robustness.network.Classifier;
import dev.romestream.schemas.AttackRequest;
import dev.romestream.schemas.EvaluationContext;
import dev.romestream.schemas.PerturbedBatch;
import dev.romestream.schemas.Topic;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.SerializationException;

/** One request at a time, first come, first served: fetches the network, makes the attack, answers. */
final class AttackWorker implements WorkQueue.Worker, AutoCloseable {
    private static final Duration NETWORK_LIMIT = Duration.ofSeconds(20);

    private final NDManager manager;
    private final NetworkCache networks;
    private final RecordSender sender;
    private final Decoder decoder;
    private final Lock turn = new ReentrantLock(true);
    private final String priorTopic;
    private final Timer time;
    private final Counter images;
    private final Counter failures;
    private volatile boolean cancelled;

    AttackWorker(
            RomeConfig config, NDManager manager, NetworkCache networks, RecordSender sender, MeterRegistry metrics) {
        this.manager = manager;
        this.networks = networks;
        this.sender = sender;
        this.decoder = new Decoder(config);
        this.priorTopic = TopicNames.of(config).of(Topic.PRIOR_REQUESTS);
        this.time = Timer.builder("rome.attack.time")
                .description("Time of an attack on one request's images")
                .register(metrics);
        this.images = Counter.builder("rome.attack.images")
                .description("Images attacked")
                .register(metrics);
        this.failures = Counter.builder("rome.attack.failures")
                .description("Requests given up")
                .register(metrics);
    }

    @Override
    public void process(ConsumerRecord<String, byte[]> record) {
        AttackRequest request = decode(record);
        turn.lock();
        try {
            answer(record, request, perturbed(request));
        } finally {
            turn.unlock();
        }
    }

    private AttackRequest decode(ConsumerRecord<String, byte[]> record) {
        try {
            return decoder.decode(record, AttackRequest.class);
        } catch (SerializationException e) {
            throw new UnprocessableException(e.getMessage(), e);
        }
    }

    private PerturbedBatch perturbed(AttackRequest request) {
        AttackTask task = AttackCodec.decode(request);
        NetworkCache.Loaded loaded;
        try {
            loaded = networks.get(request.getNetwork(), request.getVersion(), NETWORK_LIMIT);
        } catch (TimeoutException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
        for (int label : task.labels()) {
            if (label < 0 || label >= loaded.network().classes()) {
                throw new InvalidRecordException("AttackRequest " + request.getId() + " has the label " + label
                        + "; the network tells " + loaded.network().classes() + " classes apart.");
            }
        }
        try (NDManager scope = manager.newSubManager()) {
            long start = System.nanoTime();
            Attack.Perturbation made = task.run(scope, cancellable(loaded.network()), loaded.normalization());
            var encoded = TensorCodec.encode(made.images());
            long nanos = System.nanoTime() - start;
            time.record(nanos, TimeUnit.NANOSECONDS);
            images.increment(task.labels().length);
            return answerTo(request)
                    .setImages(encoded)
                    .setSeconds(nanos / 1e9)
                    .setGradientEvaluations(made.gradientEvaluations())
                    .setForwardEvaluations(made.forwardEvaluations())
                    .setZeroGradients(made.zeroGradients())
                    .build();
        } catch (IllegalArgumentException e) {
            throw new UnprocessableException("AttackRequest " + request.getId() + ": " + e.getMessage(), e);
        }
    }

    /** So that an attack ends with the next question to the network: nothing may run on memory that is being freed. */
    private Classifier cancellable(Classifier network) {
        return network.after(images -> {
            if (cancelled) {
                throw new CancellationException("the attacker is closing");
            }
            return images;
        });
    }

    /** Ends the attack under way, if there is one. */
    void cancel() {
        cancelled = true;
    }

    private static PerturbedBatch.Builder answerTo(AttackRequest request) {
        return PerturbedBatch.newBuilder()
                .setRequestId(request.getId())
                .setNetwork(request.getNetwork())
                .setVersion(request.getVersion())
                .setLabels(request.getLabels())
                .setImageIds(request.getImageIds())
                .setAttack(request.getAttack())
                .setEvaluation(request.getEvaluation());
    }

    private void answer(ConsumerRecord<String, byte[]> record, AttackRequest request, PerturbedBatch batch) {
        Topic topic = record.topic().equals(priorTopic) ? Topic.PRIOR_BATCHES : Topic.PERTURBED_BATCHES;
        EvaluationContext evaluation = request.getEvaluation();
        String key = evaluation == null ? request.getNetwork() : evaluation.getVictim();
        sender.send(topic, key, request.getId(), batch);
        sender.flush();
    }

    @Override
    public void givenUp(ConsumerRecord<String, byte[]> record, Throwable reason) {
        failures.increment();
        AttackRequest request;
        try {
            request = decode(record);
        } catch (UnprocessableException unreadable) {
            return;
        }
        PerturbedBatch failure = answerTo(request)
                .setImages(TensorCodec.empty())
                .setSeconds(0)
                .setGradientEvaluations(0)
                .setForwardEvaluations(0)
                .setError(String.valueOf(reason.getMessage()))
                .build();
        answer(record, request, failure);
    }

    @Override
    public void close() {
        decoder.close();
    }
}
