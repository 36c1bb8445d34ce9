package dev.romestream.testing;

import dev.romestream.embedded.EmbeddedBroker;
import dev.romestream.embedded.EmbeddedSchemaRegistry;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Assumptions;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.kafka.KafkaContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * A broker and a registry for tests: embedded, or with {@code -Drome.test.cluster=testcontainers} Kafka's and Confluent's own in
 * containers; without a Docker engine those tests are skipped.
 */
public final class TestCluster implements AutoCloseable {
    private static final AtomicInteger TENANTS = new AtomicInteger();
    private static final int REGISTRY_PORT = 8081;

    private final String bootstrapServers;
    private final String registryUrl;
    private final Runnable resources;

    private TestCluster(String bootstrapServers, String registryUrl, Runnable resources) {
        this.bootstrapServers = bootstrapServers;
        this.registryUrl = registryUrl;
        this.resources = resources;
    }

    /** @param directory where an embedded broker keeps its logs */
    public static TestCluster start(Path directory) {
        return inContainers() ? containers() : embedded(directory);
    }

    private static TestCluster embedded(Path directory) {
        EmbeddedBroker broker = EmbeddedBroker.start(directory.resolve("broker"), 0);
        EmbeddedSchemaRegistry registry = EmbeddedSchemaRegistry.start(broker.bootstrapServers(), 0);
        return new TestCluster(broker.bootstrapServers(), registry.url(), () -> {
            registry.close();
            broker.close();
        });
    }

    @SuppressWarnings("resource") // closed with the cluster
    private static TestCluster containers() {
        Assumptions.assumeTrue(
                DockerClientFactory.instance().isDockerAvailable(),
                "skipped: there is no Docker engine for -Drome.test.cluster=testcontainers");
        Network network = Network.newNetwork();
        KafkaContainer kafka = new KafkaContainer(DockerImageName.parse("apache/kafka:4.3.1"))
                .withNetwork(network)
                .withListener("kafka:19092")
                // as an embedded broker: one replica, and a killed worker's record soon another's
                .withEnv("KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR", "1")
                .withEnv("KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR", "1")
                .withEnv("KAFKA_GROUP_SHARE_MIN_RECORD_LOCK_DURATION_MS", "1000")
                .withEnv("KAFKA_GROUP_SHARE_MIN_SESSION_TIMEOUT_MS", "5000")
                .withEnv("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false");
        kafka.start();
        GenericContainer<?> registry = new GenericContainer<>(
                        DockerImageName.parse("confluentinc/cp-schema-registry:8.0.0"))
                .withNetwork(network)
                .withExposedPorts(REGISTRY_PORT)
                .withEnv("SCHEMA_REGISTRY_HOST_NAME", "registry")
                .withEnv("SCHEMA_REGISTRY_KAFKASTORE_BOOTSTRAP_SERVERS", "PLAINTEXT://kafka:19092");
        registry.start();
        String url = "http://" + registry.getHost() + ":" + registry.getMappedPort(REGISTRY_PORT);
        return new TestCluster(kafka.getBootstrapServers(), url, () -> {
            registry.stop();
            kafka.stop();
            network.close();
        });
    }

    /** Whether broker and registry are the project's embedded ones. */
    public boolean isEmbedded() {
        return !inContainers();
    }

    private static boolean inContainers() {
        return "testcontainers".equals(System.getProperty("rome.test.cluster"));
    }

    public String bootstrapServers() {
        return bootstrapServers;
    }

    public String registryUrl() {
        return registryUrl;
    }

    /** Settings of a tenant with topics of its own. */
    public Map<String, String> tenant(Map<String, String> more) {
        Map<String, String> settings = new HashMap<>(Map.of(
                "bootstrap.servers",
                bootstrapServers,
                "schema.registry.url",
                registryUrl,
                "topic.prefix",
                "t" + TENANTS.incrementAndGet() + "."));
        settings.putAll(more);
        return settings;
    }

    @Override
    public void close() {
        resources.run();
    }
}
