package dev.romestream.standalone.cli;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.failure.UnavailableException;
import dev.romestream.messaging.topic.TopicSetup;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Options of every command that talks to a cluster. */
final class ClusterOptions {
    /** A service waits for a registry that is away, and whoever typed a command wants to know. */
    private static final String COMMAND_PATIENCE_MS = "15000";

    @Option(names = "--bootstrap-server", paramLabel = "HOST:PORT", description = "Kafka brokers.")
    private String bootstrapServer;

    @Option(names = "--schema-registry", paramLabel = "URL", description = "Schema registry.")
    private String schemaRegistry;

    @Option(names = "--config", paramLabel = "FILE", description = "Properties file with further settings.")
    private Path config;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "A setting of the services or, for run and submit, a key of the experiment file.")
    private Map<String, String> set = new LinkedHashMap<>();

    boolean usesCluster() {
        return bootstrapServer != null;
    }

    /** Whether a setting was given as an option. */
    boolean sets(String key) {
        return set.containsKey(key);
    }

    /** The configuration that the options make; {@code more} is stronger than they are. */
    RomeConfig config(Map<String, String> more) {
        Map<String, String> flags = new HashMap<>();
        set.forEach((key, value) -> {
            if (Settings.isKnown(key)) {
                flags.put(key, value);
            }
        });
        Optional.ofNullable(bootstrapServer).ifPresent(value -> flags.put("bootstrap.servers", value));
        Optional.ofNullable(schemaRegistry).ifPresent(value -> flags.put(Settings.REGISTRY_URL, value));
        flags.putAll(more);
        return RomeConfig.load(config, System.getenv(), flags);
    }

    /** The configuration of a command on a cluster that is there: it fails where the registry stays away. */
    RomeConfig clusterConfig() {
        RomeConfig loaded = config(Map.of());
        return loaded.number(Settings.REGISTRY_PATIENCE) < 0
                ? loaded.with(Map.of(Settings.REGISTRY_PATIENCE, COMMAND_PATIENCE_MS))
                : loaded;
    }

    /** As {@link #clusterConfig}, of a command that reads or writes what is on the topics: there have to be some. */
    RomeConfig existingCluster() {
        return existing(clusterConfig());
    }

    /** @throws FailureException where the brokers do not answer, or have none of the topics */
    static RomeConfig existing(RomeConfig config) {
        try {
            TopicSetup.requireAny(config);
        } catch (UnavailableException e) {
            throw new FailureException(e.getMessage() + ".");
        }
        return config;
    }

    /** What was set that is no setting of the services: keys of an experiment file. */
    Map<String, String> experimentKeys() {
        Map<String, String> keys = new LinkedHashMap<>(set);
        keys.keySet().removeIf(Settings::isKnown);
        return keys;
    }

    /** @throws UsageException where a key is set that the command has no use for */
    void refuseExperimentKeys() {
        experimentKeys().keySet().stream().findFirst().ifPresent(key -> {
            throw new UsageException("Unknown setting '" + key + "'.");
        });
    }
}
