package dev.romestream.messaging.streams;

import dev.romestream.messaging.config.ClientSettings;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.failure.Fault;
import dev.romestream.messaging.failure.Outages;
import dev.romestream.messaging.failure.StillInUseException;
import dev.romestream.messaging.topic.KeptLetters;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running topology: exactly once, its state in its changelogs (its stores are in memory, so that there is nothing on disk that
 * could be in disorder), its failures under the one {@link Fault} policy.
 */
public final class StreamsApplication implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(StreamsApplication.class);
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(10);
    private static final int COMMIT_MS = 15;
    private static final int SESSION_MS = 10_000;
    private static final int HEARTBEAT_MS = 2_000;
    private static final int MOST_WAITING_MS = 3_600_000;
    private static final int MOST_REPLACEMENTS = 3;
    private static final long STATE_MS = 200;
    private static final long START_PATIENCE_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final long RECOVERED_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final String name;
    private final KafkaStreams streams;
    private final CountDownLatch running = new CountDownLatch(1);
    private final KeptLetters kept;
    private final Outages outages;
    private final long stallMs;
    private final AtomicInteger replacements = new AtomicInteger();
    private volatile long replacedAt;
    private volatile boolean sick;

    /** @param name of the application, after the topics' prefix */
    public StreamsApplication(RomeConfig config, String name, Topology topology) {
        this.name = name;
        this.kept = new KeptLetters(config, "read_committed");
        this.outages = config.outages();
        this.stallMs = config.number(Settings.HEALTH_STALL);
        this.streams = config.clients().streams(name, topology, properties(config));
        streams.setUncaughtExceptionHandler(exception -> {
            if (Fault.of(exception) == Fault.SICK_WORKER) {
                log.error("The stream {} ends", name, exception);
                sick = true;
                return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
            }
            log.warn("A thread of the stream {} is replaced: {}", name, exception.getMessage(), exception);
            if (isRecovered()) {
                replacements.set(0);
            }
            replacedAt = System.nanoTime();
            replacements.incrementAndGet();
            return StreamThreadExceptionResponse.REPLACE_THREAD;
        });
        streams.setStateListener((now, before) -> {
            if (now == KafkaStreams.State.RUNNING) {
                running.countDown();
            }
        });
    }

    private Properties properties(RomeConfig config) {
        TopicNames names = TopicNames.of(config);
        Properties properties = new Properties();
        properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        properties.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, COMMIT_MS);
        properties.put("main.consumer.auto.offset.reset", "earliest");
        properties.put("consumer.session.timeout.ms", SESSION_MS);
        properties.put("consumer.heartbeat.interval.ms", HEARTBEAT_MS);
        properties.put("main.consumer.max.poll.interval.ms", MOST_WAITING_MS);
        properties.put("producer.max.request.size", ClientSettings.MAX_REQUEST_BYTES);
        properties.put("producer.max.in.flight.requests.per.connection", ClientSettings.MAX_IN_FLIGHT_REQUESTS);
        properties.put(
                StreamsConfig.topicPrefix("max.message.bytes"),
                Topic.ALERTS.settings().get("max.message.bytes"));
        properties.putAll(config.streams());
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, names.prefix() + name);
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, config.bootstrapServers());
        properties.put("ensure.explicit.internal.resource.naming", true);
        properties.put("processing.exception.handler.global.enabled", true);
        properties.put(StreamsConfig.DESERIALIZATION_EXCEPTION_HANDLER_CLASS_CONFIG, DeserializationFaultHandler.class);
        properties.put(StreamsConfig.PROCESSING_EXCEPTION_HANDLER_CLASS_CONFIG, ProcessingFaultHandler.class);
        properties.put(StreamLetters.SETTING, new StreamLetters(kept, names.of(Topic.DEAD_LETTERS)));
        return properties;
    }

    /**
     * Starts, and returns when the topology runs, for as long as it takes; after a minute it is said what is waited for.
     *
     * @throws IllegalStateException if it ends instead
     */
    public void start() {
        String what = "the stream " + name;
        long start = System.nanoTime();
        streams.start();
        try {
            while (!running.await(STATE_MS, TimeUnit.MILLISECONDS)) {
                KafkaStreams.State state = streams.state();
                if (sick || state.hasStartedOrFinishedShuttingDown()) {
                    throw new IllegalStateException("The stream " + name + " ended before it ran; see the log.");
                }
                if (System.nanoTime() - start > START_PATIENCE_NANOS) {
                    outages.begin(what, "it is " + state);
                }
            }
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
        outages.end(what);
    }

    public boolean isAlive() {
        return !sick && streams.state().isRunningOrRebalancing();
    }

    /** Why it makes no progress: its thread ends again and again, or has been at one record for {@code health.stall.ms}. */
    public Optional<String> stalled() {
        return replacements.get() >= MOST_REPLACEMENTS && !isRecovered()
                ? Optional.of("the thread of the stream " + name + " has ended " + replacements
                        + " times in a row; see the log")
                : secondsSincePoll()
                        .filter(seconds -> TimeUnit.SECONDS.toMillis(seconds) > stallMs)
                        .map(seconds -> "the stream " + name + " has been at one record for " + seconds + " s");
    }

    private boolean isRecovered() {
        return System.nanoTime() - replacedAt > RECOVERED_NANOS;
    }

    private Optional<Long> secondsSincePoll() {
        return streams.metrics().values().stream()
                .filter(metric -> metric.metricName().name().equals("last-poll-seconds-ago")
                        && !metric.metricName()
                                .tags()
                                .getOrDefault("client-id", "")
                                .endsWith("-restore-consumer"))
                .map(metric -> ((Number) metric.metricValue()).longValue())
                .max(Long::compare);
    }

    @Override
    public void close() {
        // a member that does not say good-bye holds up its successor for a session timeout
        boolean ended = streams.close(
                CloseOptions.timeout(CLOSE_LIMIT).withGroupMembershipOperation(GroupMembershipOperation.LEAVE_GROUP));
        kept.close();
        if (!ended) {
            throw new StillInUseException("The stream " + name + " does not end.");
        }
    }
}
