package dev.romestream.messaging.config;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.ConfigTransformer;
import org.apache.kafka.common.config.provider.ConfigProvider;
import org.apache.kafka.common.config.provider.DirectoryConfigProvider;
import org.apache.kafka.common.config.provider.EnvVarConfigProvider;
import org.apache.kafka.common.config.provider.FileConfigProvider;
import org.apache.kafka.common.utils.Utils;

/**
 * Settings that stand elsewhere: <code>${env:NAME}</code>, <code>${file:FILE:KEY}</code> of a properties file, <code>${dir:FOLDER:FILE}</code>,
 * and those of further providers that {@code config.providers} names, as Kafka has them.
 */
final class SettingReferences {
    /** The setting with the names of further providers; the class of each stands under it, its name and {@code .class}. */
    static final String PROVIDERS = AbstractConfig.CONFIG_PROVIDERS_CONFIG;

    private static final Map<String, Class<? extends ConfigProvider>> BUILT_IN = Map.of(
            "env", EnvVarConfigProvider.class,
            "file", FileConfigProvider.class,
            "dir", DirectoryConfigProvider.class);
    private static final Pattern REFERENCE = Pattern.compile("\\$\\{([A-Za-z0-9_.-]+):[^}]*}");

    private SettingReferences() {}

    /** Whether a setting is about the providers themselves. */
    static boolean isAboutProviders(String key) {
        return key.equals(PROVIDERS) || key.startsWith(PROVIDERS + ".");
    }

    /** The keys of {@code settings} whose values stand elsewhere, wholly or in part. */
    static Set<String> keys(Map<String, String> settings) {
        return settings.entrySet().stream()
                .filter(entry -> REFERENCE.matcher(entry.getValue()).find())
                .map(Map.Entry::getKey)
                .collect(Collectors.toUnmodifiableSet());
    }

    /**
     * The settings with the values that they refer to.
     *
     * @throws ConfigException naming the key and what it refers to where that is not there
     */
    static Map<String, String> resolve(Map<String, String> settings) {
        Set<String> keys = keys(settings);
        if (keys.isEmpty()) {
            return settings;
        }
        Map<String, String> resolved = new HashMap<>(settings);
        Map<String, ConfigProvider> providers = providers(settings);
        try {
            ConfigTransformer transformer = new ConfigTransformer(providers);
            keys.forEach(key -> resolved.put(key, value(transformer, providers.keySet(), key, settings.get(key))));
        } finally {
            providers.values().forEach(provider -> Utils.closeQuietly(provider, "config provider"));
        }
        return resolved;
    }

    private static String value(ConfigTransformer transformer, Set<String> providers, String key, String reference) {
        String value;
        try {
            value = transformer.transform(Map.of(key, reference)).data().get(key);
        } catch (ConfigException e) {
            String references = REFERENCE
                    .matcher(reference)
                    .results()
                    .map(MatchResult::group)
                    .collect(Collectors.joining(" and "));
            throw new ConfigException(key + " refers to " + references + ", which cannot be read: " + e.getMessage());
        }
        Matcher found = REFERENCE.matcher(reference);
        while (found.find()) {
            if (value.contains(found.group())) {
                throw new ConfigException(key + " refers to " + found.group()
                        + (providers.contains(found.group(1))
                                ? ", which is not there."
                                : "; known are " + new TreeSet<>(providers) + ", further ones are named by " + PROVIDERS
                                        + "."));
            }
        }
        return value;
    }

    private static Map<String, ConfigProvider> providers(Map<String, String> settings) {
        Map<String, ConfigProvider> providers = new TreeMap<>();
        BUILT_IN.forEach((name, type) -> providers.put(name, provider(name, type.getName(), settings)));
        String more = settings.getOrDefault(PROVIDERS, "");
        Arrays.stream(more.split(","))
                .map(String::strip)
                .filter(name -> !name.isEmpty())
                .forEach(name -> {
                    String type = settings.get(PROVIDERS + "." + name + ".class");
                    if (type == null && !BUILT_IN.containsKey(name)) {
                        throw new ConfigException(PROVIDERS + " names " + name + ", and " + PROVIDERS + "." + name
                                + ".class is not set; give the provider's class.");
                    }
                    if (type != null) {
                        providers.put(name, provider(name, type, settings));
                    }
                });
        return providers;
    }

    private static ConfigProvider provider(String name, String type, Map<String, String> settings) {
        String prefix = PROVIDERS + "." + name + ".param.";
        Map<String, String> parameters = settings.entrySet().stream()
                .filter(entry -> entry.getKey().startsWith(prefix))
                .collect(Collectors.toMap(entry -> entry.getKey().substring(prefix.length()), Map.Entry::getValue));
        try {
            ConfigProvider provider = Utils.newInstance(type, ConfigProvider.class);
            provider.configure(parameters);
            return provider;
        } catch (ClassNotFoundException e) {
            throw new ConfigException(
                    PROVIDERS + "." + name + ".class is " + type + ", which is not on the class path.");
        } catch (ClassCastException | KafkaException e) {
            throw new ConfigException(PROVIDERS + "." + name + ".class is " + type + ", which is not a ConfigProvider"
                    + " that can be used: " + e.getMessage());
        }
    }
}
