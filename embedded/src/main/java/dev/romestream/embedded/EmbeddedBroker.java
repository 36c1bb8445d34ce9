package dev.romestream.embedded;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.function.Consumer;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Exit;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A Kafka broker and controller (KRaft) in this JVM. Kafka's metrics are global, so there can be one of them at a time. */
public final class EmbeddedBroker implements AutoCloseable {
    private static final String INTERNAL_SEGMENT_BYTES = "1048576";

    /**
     * A broker that was killed is for a moment the leader of before, and then again under a new epoch. A coordinator that is still
     * loading for the first then counts as loaded for the second, with nothing in it (CoordinatorRuntime of Kafka 4.3.1). It looks
     * whether it is still the leader after each buffer; these are small, in place of 5 MiB, so that it ends in time.
     */
    private static final String LOAD_BUFFER_BYTES = "131072";

    private static final Logger log = LoggerFactory.getLogger(EmbeddedBroker.class);
    private static final int NODE = 1;
    private static final int ATTEMPTS = 3;

    private final KafkaRaftServer server;
    private final int port;

    private EmbeddedBroker(KafkaRaftServer server, int port) {
        this.server = server;
        this.port = port;
    }

    /**
     * Starts a broker.
     *
     * @param directory where its logs are kept; formatted where that has not been done
     * @param wantedPort of the listener on localhost; 0 for any free one
     * @throws KafkaException where it does not start
     */
    public static EmbeddedBroker start(Path directory, int wantedPort) {
        return start(directory, wantedPort, settings -> {});
    }

    /**
     * As {@link #start(Path, int)}.
     *
     * @param more changes the settings of the broker, which are handed to it
     */
    public static EmbeddedBroker start(Path directory, int wantedPort, Consumer<Properties> more) {
        if (wantedPort != 0) {
            requireFree(wantedPort);
        }
        for (int attempt = 1; ; attempt++) {
            int port = wantedPort == 0 ? freePort() : wantedPort;
            int controllerPort = freePort();
            while (controllerPort == port) {
                controllerPort = freePort();
            }
            try {
                return startOn(directory, port, controllerPort, more);
            } catch (KafkaException e) {
                if (wantedPort != 0 || attempt == ATTEMPTS) {
                    throw new KafkaException(
                            "The embedded broker did not start on port " + port + ": " + e.getMessage(), e);
                }
                log.info("Port {} was taken meanwhile; trying another.", port);
            }
        }
    }

    private static EmbeddedBroker startOn(Path directory, int port, int controllerPort, Consumer<Properties> more) {
        Properties properties = properties(directory, port, controllerPort);
        more.accept(properties);
        format(directory);
        Exit.setHaltProcedure((status, message) -> {
            System.err.println(halt(directory));
            Runtime.getRuntime().halt(status);
        });
        KafkaRaftServer server = new KafkaRaftServer(new KafkaConfig(properties, false), Time.SYSTEM);
        try {
            server.startup();
        } catch (RuntimeException e) {
            server.shutdown();
            throw e instanceof KafkaException kafka ? kafka : new KafkaException(e.getMessage(), e);
        }
        return new EmbeddedBroker(server, port);
    }

    /** Kafka ends the process where it can write no more. */
    private static String halt(Path directory) {
        return "The embedded broker ends, and all with it: it cannot go on in " + directory + ", where "
                + directory.toFile().getUsableSpace() / (1 << 20)
                + " MiB are free. If that is the reason, make room, or choose another directory (rome up --keep DIR; else"
                + " JAVA_TOOL_OPTIONS=-Djava.io.tmpdir=DIR).";
    }

    private static void format(Path directory) {
        if (Files.exists(directory.resolve("meta.properties"))) {
            return;
        }
        try {
            Files.createDirectories(directory);
            new Formatter()
                    .setPrintStream(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8))
                    .setNodeId(NODE)
                    .setClusterId(Uuid.randomUuid().toString())
                    .setControllerListenerName("CONTROLLER")
                    .setMetadataLogDirectory(directory.toString())
                    .addDirectory(directory.toString())
                    .run();
        } catch (Exception e) {
            throw new KafkaException("Cannot format the broker's directory " + directory + ": " + e.getMessage(), e);
        }
    }

    private static Properties properties(Path directory, int port, int controllerPort) {
        Properties properties = new Properties();
        properties.put("process.roles", "broker,controller");
        properties.put("node.id", Integer.toString(NODE));
        properties.put("controller.quorum.voters", NODE + "@localhost:" + controllerPort);
        properties.put("listeners", "PLAINTEXT://localhost:" + port + ",CONTROLLER://localhost:" + controllerPort);
        properties.put("advertised.listeners", "PLAINTEXT://localhost:" + port);
        properties.put("controller.listener.names", "CONTROLLER");
        properties.put("inter.broker.listener.name", "PLAINTEXT");
        properties.put("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
        properties.put("log.dirs", directory.toString());
        for (String internal :
                new String[] {"offsets.topic", "transaction.state.log", "share.coordinator.state.topic"}) {
            properties.put(internal + ".replication.factor", "1");
            // compacted early, so that loading is short
            properties.put(internal + ".segment.bytes", INTERNAL_SEGMENT_BYTES);
        }
        properties.put("offsets.load.buffer.size", LOAD_BUFFER_BYTES);
        properties.put("transaction.state.log.load.buffer.size", LOAD_BUFFER_BYTES);
        properties.put("share.coordinator.load.buffer.size", LOAD_BUFFER_BYTES);
        properties.put("offsets.topic.num.partitions", "1");
        properties.put("transaction.state.log.num.partitions", "1");
        properties.put("share.coordinator.state.topic.num.partitions", "1");
        properties.put("transaction.state.log.min.isr", "1");
        properties.put("share.coordinator.state.topic.min.isr", "1");
        properties.put("default.replication.factor", "1");
        properties.put("group.initial.rebalance.delay.ms", "0");
        properties.put("auto.create.topics.enable", "false");
        properties.put("log.cleaner.dedupe.buffer.size", "2097152");
        for (String group : new String[] {"share", "streams", "consumer"}) {
            properties.put("group." + group + ".min.heartbeat.interval.ms", "100");
            properties.put("group." + group + ".heartbeat.interval.ms", "1000");
        }
        properties.put("group.streams.initial.rebalance.delay.ms", "0");
        properties.put("group.share.min.record.lock.duration.ms", "1000");
        properties.put("group.share.min.session.timeout.ms", "5000");
        return properties;
    }

    /** The broker itself says that a port is in use by three stack traces. */
    private static void requireFree(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        } catch (IOException e) {
            throw new KafkaException(
                    "The embedded broker cannot listen on port " + port + ": " + e.getMessage()
                            + ". End what listens there, or choose another port.",
                    e);
        }
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException("No free port on localhost.", e);
        }
    }

    /** Its address, as {@code host:port}. */
    public String bootstrapServers() {
        return "localhost:" + port;
    }

    @Override
    public void close() {
        Exit.resetHaltProcedure();
        server.shutdown();
        server.awaitShutdown();
    }
}
