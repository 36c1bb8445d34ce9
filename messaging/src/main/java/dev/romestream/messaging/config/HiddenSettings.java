package dev.romestream.messaging.config;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.types.Password;

/** What of the settings is not to be printed: secrets, and all that stands elsewhere. */
final class HiddenSettings {
    /** Parts of keys; webhooks' addresses often hold a secret. */
    private static final Pattern SECRET = Pattern.compile(
            "password|passphrase|secret|token|jaas|user\\.info|keystore\\.key|webhook\\.url|^config\\.providers\\..*\\.param\\.");

    private static final Pattern USER_INFO = Pattern.compile("(?<=://)[^,\\s]*(?=@)");

    /** What Kafka itself hides. */
    private static final Set<String> PASSWORDS = Stream.of(
                    AdminClientConfig.configDef(), ProducerConfig.configDef(), ConsumerConfig.configDef())
            .flatMap(definitions -> definitions.configKeys().values().stream())
            .filter(key -> key.type() == ConfigDef.Type.PASSWORD)
            .map(key -> key.name)
            .collect(Collectors.toUnmodifiableSet());

    private final Set<String> referring;
    private final List<String> prefixes;

    /**
     * @param referring keys of settings whose values stand elsewhere
     * @param prefixes of keys for one kind of client
     */
    HiddenSettings(Set<String> referring, List<String> prefixes) {
        this.referring = referring;
        this.prefixes = prefixes;
    }

    private String withoutPrefix(String key) {
        return prefixes.stream()
                .filter(key::startsWith)
                .findFirst()
                .map(prefix -> key.substring(prefix.length()))
                .orElse(key);
    }

    /** The value as it may be printed. */
    String shown(String key, String value) {
        boolean hidden =
                SECRET.matcher(key).find() || referring.contains(key) || PASSWORDS.contains(withoutPrefix(key));
        return hidden && !value.isEmpty()
                ? Password.HIDDEN
                : USER_INFO.matcher(value).replaceAll(Password.HIDDEN);
    }

    /** Those of a client's settings whose values stand elsewhere. */
    List<String> among(Set<String> keys) {
        return referring.stream()
                .filter(key -> keys.contains(key) || keys.contains(withoutPrefix(key)))
                .sorted()
                .toList();
    }

    /** A refusal of a setting, without its value where that stands elsewhere. */
    ConfigException shown(ConfigException refusal) {
        String message = String.valueOf(refusal.getMessage());
        Optional<String> refused = referring.stream()
                .filter(key -> message.contains(" for configuration " + withoutPrefix(key)))
                .findFirst();
        return refused.map(key -> new ConfigException("The value that " + key
                        + " refers to is not allowed; docs/configuration.md and Kafka's documentation say what is."))
                .orElse(refusal);
    }
}
