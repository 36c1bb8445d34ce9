package dev.romestream.evaluator;

import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.DatasetStore;
import dev.romestream.exchange.InvalidRecordException;
import dev.romestream.exchange.NetworkCache;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.serde.AvroSerde;
import dev.romestream.messaging.topic.RecordIndex;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.schemas.EvaluationContext;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.PerturbedBatch;
import dev.romestream.schemas.Topic;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.LogAndContinueExceptionHandler;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The running {@link EvaluationTopology}: exactly once, with tallies in memory and in their changelog. */
final class MetricsStream implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(MetricsStream.class);
    private static final Duration NETWORK_LIMIT = Duration.ofSeconds(30);
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(10);

    private final KafkaStreams streams;
    private final Optional<Path> temporaryState;
    private final CountDownLatch running = new CountDownLatch(1);

    MetricsStream(
            RomeConfig config,
            NDManager manager,
            RecordIndex<Network> networks,
            DatasetStore datasets,
            MeterRegistry metrics) {
        TopicNames names = TopicNames.of(config);
        Timer time = Timer.builder("rome.scoring.time")
                .description("Time to check and classify one perturbed batch")
                .register(metrics);
        String stateDir = config.string(RomeConfig.STATE_DIR);
        this.temporaryState = stateDir.isBlank() ? Optional.of(temporaryDirectory()) : Optional.empty();
        var topology = EvaluationTopology.build(
                names, new Serdes(config), () -> new TopicScorer(config, manager, networks, datasets, time));
        this.streams = new KafkaStreams(
                topology,
                properties(config, names, temporaryState.map(Path::toString).orElse(stateDir)));
        streams.setUncaughtExceptionHandler(exception -> {
            log.error("A thread of the metrics stream ended and is replaced", exception);
            return StreamThreadExceptionResponse.REPLACE_THREAD;
        });
        streams.setStateListener((now, before) -> {
            if (now == KafkaStreams.State.RUNNING) {
                running.countDown();
            }
        });
    }

    private record Serdes(RomeConfig config) implements EvaluationTopology.SerdeFactory {
        @Override
        public <T extends SpecificRecord> Serde<T> create() {
            Serde<T> serde = new AvroSerde<>();
            serde.configure(config.serde(), false);
            return serde;
        }
    }

    /** Scores with networks and images from their topics. */
    private static final class TopicScorer implements EvaluationTopology.Scorer {
        private final NetworkCache cache;
        private final BatchScorer scorer;
        private final DatasetStore datasets;
        private final Timer time;

        TopicScorer(
                RomeConfig config,
                NDManager manager,
                RecordIndex<Network> networks,
                DatasetStore datasets,
                Timer time) {
            this.cache = new NetworkCache(manager, networks, config.integer(RomeConfig.NETWORK_CACHE));
            this.scorer = new BatchScorer(manager);
            this.datasets = datasets;
            this.time = time;
        }

        @Override
        public BatchScorer.Outcome apply(PerturbedBatch batch) {
            return time.record(() -> score(batch));
        }

        private BatchScorer.Outcome score(PerturbedBatch batch) {
            EvaluationContext context = batch.getEvaluation();
            try {
                var victim = cache.get(context.getVictim(), context.getVersion(), NETWORK_LIMIT);
                var dataset = datasets.await(context.getDataset(), NETWORK_LIMIT, () -> false);
                if (!dataset.descriptor().getFingerprint().equals(context.getFingerprint())) {
                    throw new InvalidRecordException("PerturbedBatch " + batch.getRequestId()
                            + " is of an earlier version of the data set " + context.getDataset() + ".");
                }
                return scorer.score(batch, dataset.test(), victim);
            } catch (TimeoutException e) {
                throw new IllegalStateException(e.getMessage(), e);
            }
        }

        @Override
        public void close() {
            cache.close();
        }
    }

    private static Properties properties(RomeConfig config, TopicNames names, String stateDir) {
        Properties properties = new Properties();
        properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        properties.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
        properties.put("main.consumer.auto.offset.reset", "earliest");
        properties.put("main.consumer.fetch.max.wait.ms", 50);
        properties.put("producer.max.request.size", 9 * 1024 * 1024);
        properties.putAll(config.streams());
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, names.prefix() + "evaluator");
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, config.bootstrapServers());
        properties.put(StreamsConfig.STATE_DIR_CONFIG, stateDir);
        properties.put("ensure.explicit.internal.resource.naming", true);
        properties.put("processing.exception.handler.global.enabled", true);
        properties.put(
                StreamsConfig.DESERIALIZATION_EXCEPTION_HANDLER_CLASS_CONFIG, LogAndContinueExceptionHandler.class);
        properties.put(StreamsConfig.PROCESSING_EXCEPTION_HANDLER_CLASS_CONFIG, InvalidBatchHandler.class);
        properties.put(StreamsConfig.ERRORS_DEAD_LETTER_QUEUE_TOPIC_NAME_CONFIG, names.of(Topic.DEAD_LETTERS));
        return properties;
    }

    private static Path temporaryDirectory() {
        try {
            return Files.createTempDirectory("rome-evaluator");
        } catch (IOException e) {
            throw new UncheckedIOException("No temporary directory for the evaluator; set state.dir.", e);
        }
    }

    /** Starts, and returns when the topology runs. */
    void start(Duration limit) {
        streams.start();
        try {
            if (!running.await(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException(
                        "The metrics stream is " + streams.state() + " after " + limit.toSeconds() + " s.");
            }
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    boolean isAlive() {
        return streams.state().isRunningOrRebalancing();
    }

    @Override
    public void close() {
        // a member that does not say good-bye holds up its successor for a session timeout
        streams.close(
                CloseOptions.timeout(CLOSE_LIMIT).withGroupMembershipOperation(GroupMembershipOperation.LEAVE_GROUP));
        temporaryState.ifPresent(MetricsStream::delete);
    }

    private static void delete(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(file -> {
                if (!file.delete()) {
                    log.debug("{} is still there", file);
                }
            });
        } catch (IOException e) {
            log.warn("The temporary directory {} is still there: {}", directory, e.getMessage());
        }
    }
}
