package dev.romestream.messaging.config;

import dev.romestream.messaging.failure.Outages;
import dev.romestream.messaging.registry.SchemaRegistryClient;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.GroupProtocol;
import org.apache.kafka.clients.producer.ProducerConfig;

/**
 * What each kind of Kafka's clients is configured with.
 *
 * @param settings all that are known, by their full names
 */
public record ClientSettings(Map<String, String> settings, Object registryPatience, Outages outages) {
    /** Of the clients in a Streams application, by Kafka's own names. */
    private static final List<String> STREAMS_PREFIXES = List.of("producer.", "consumer.", "admin.");

    /** What Streams decides itself. */
    private static final List<String> NOT_OF_STREAMS =
            List.of(".serializer", ".deserializer", "group.protocol", "group.remote.assignor");

    private static final int SESSION_MS = 10_000;

    /** How soon partitions that are added are noticed. */
    private static final int METADATA_MS = 5_000;

    /**
     * A partition that was just created may take the second of two requests in flight, before it is ready for the first; the
     * first is then out of sequence for ever.
     */
    public static final int MAX_IN_FLIGHT_REQUESTS = 1;

    /** The largest record with its headers, and some. */
    public static final int MAX_REQUEST_BYTES = 10 * 1024 * 1024;

    /** Settings for Kafka's Admin. */
    Map<String, Object> admin() {
        return client("admin.", AdminClientConfig.configNames());
    }

    /** Settings for a producer, serdes' included. Idempotent, every replica acknowledged. */
    Map<String, Object> producer() {
        Map<String, Object> client = client("producer.", ProducerConfig.configNames());
        client.putIfAbsent(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
        client.putIfAbsent(ProducerConfig.ACKS_CONFIG, "all");
        client.putIfAbsent(ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION, MAX_IN_FLIGHT_REQUESTS);
        client.putIfAbsent(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, MAX_REQUEST_BYTES);
        // brokers that are away are waited for
        client.putIfAbsent(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, Integer.MAX_VALUE);
        client.putIfAbsent(ProducerConfig.MAX_BLOCK_MS_CONFIG, Integer.MAX_VALUE);
        client.putAll(serde());
        return client;
    }

    /** Settings for a consumer, serdes' included. */
    Map<String, Object> consumer() {
        Map<String, Object> client = client("consumer.", ConsumerConfig.configNames());
        client.putIfAbsent(ConsumerConfig.METADATA_MAX_AGE_CONFIG, METADATA_MS);
        client.putAll(serde());
        return client;
    }

    /** Settings for a member of a consumer group that reads bytes and commits itself; one that dies is missed after 10 s. */
    Map<String, Object> member(String groupId) {
        Map<String, Object> client = consumer();
        client.remove(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG);
        client.put(ConsumerConfig.GROUP_ID_CONFIG, groupId);
        client.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        boolean brokersDecide = GroupProtocol.CONSUMER
                .name()
                .equalsIgnoreCase(String.valueOf(client.get(ConsumerConfig.GROUP_PROTOCOL_CONFIG)));
        if (!brokersDecide) {
            client.putIfAbsent(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, SESSION_MS);
        }
        return client;
    }

    /** Settings for Kafka Streams, serdes' included: those for all clients, of each kind, and those under {@code streams.}. */
    Map<String, Object> streams() {
        Map<String, Object> client = new HashMap<>();
        settings.forEach((key, value) -> {
            boolean isOfClient = STREAMS_PREFIXES.stream().anyMatch(key::startsWith)
                    && !Settings.OWN.names().contains(key);
            if ((isOfClient || Settings.KAFKA.contains(key))
                    && !SettingReferences.isAboutProviders(key)
                    && NOT_OF_STREAMS.stream().noneMatch(key::endsWith)) {
                client.put(key, value);
            }
        });
        client.putIfAbsent(ConsumerConfig.METADATA_MAX_AGE_CONFIG, METADATA_MS);
        prefixed("streams.", client);
        client.putAll(serde());
        return client;
    }

    /** Settings of the serdes and the registry client, under Confluent's names. */
    Map<String, Object> serde() {
        Map<String, Object> client = new TreeMap<>();
        settings.forEach((key, value) -> {
            if (Settings.SERDE.contains(key) || key.startsWith(Settings.SERDE_TLS_PREFIX)) {
                client.put(key, value);
            }
        });
        client.put(SchemaRegistryClient.PATIENCE, registryPatience);
        client.put(SchemaRegistryClient.OUTAGES, outages);
        return client;
    }

    private Map<String, Object> client(String prefix, Set<String> names) {
        Map<String, Object> client = new HashMap<>();
        settings.forEach((key, value) -> {
            if (names.contains(key) && !SettingReferences.isAboutProviders(key)) {
                client.put(key, value);
            }
        });
        prefixed(prefix, client);
        return client;
    }

    private void prefixed(String prefix, Map<String, Object> client) {
        settings.forEach((key, value) -> {
            if (key.startsWith(prefix) && !Settings.OWN.names().contains(key)) {
                client.put(key.substring(prefix.length()), value);
            }
        });
    }
}
