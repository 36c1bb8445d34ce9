package dev.romestream.standalone;

import dev.romestream.embedded.EmbeddedBroker;
import dev.romestream.embedded.EmbeddedSchemaRegistry;
import dev.romestream.messaging.config.RomeConfig;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.kafka.KafkaContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * A broker and a registry for tests: embedded, or with {@code -Drome.test.cluster=testcontainers} Kafka's and Confluent's own in
 * containers.
 */
final class TestCluster implements AutoCloseable {
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

    static TestCluster start(Path directory) {
        return "testcontainers".equals(System.getProperty("rome.test.cluster")) ? containers() : embedded(directory);
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
        Network network = Network.newNetwork();
        KafkaContainer kafka = new KafkaContainer(DockerImageName.parse("apache/kafka:4.3.1"))
                .withNetwork(network)
                .withListener("kafka:19092");
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

    String bootstrapServers() {
        return bootstrapServers;
    }

    String registryUrl() {
        return registryUrl;
    }

    /** A configuration with topics of its own. */
    RomeConfig tenant(Map<String, String> more) {
        return RomeConfig.of(Map.of(
                        "bootstrap.servers",
                        bootstrapServers,
                        RomeConfig.REGISTRY_URL,
                        registryUrl,
                        RomeConfig.TOPIC_PREFIX,
                        "t" + TENANTS.incrementAndGet() + "."))
                .with(more);
    }

    @Override
    public void close() {
        resources.run();
    }
}
