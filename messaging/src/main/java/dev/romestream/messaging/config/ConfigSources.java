package dev.romestream.messaging.config;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.kafka.common.config.ConfigException;

/** Where settings come from: weakest first, a properties file, {@code ROME_*} in the environment, and flags. */
final class ConfigSources {
    private static final String ENVIRONMENT_PREFIX = "ROME_";
    /** What Kubernetes tells every container of the services beside it. */
    private static final Pattern SERVICE_LINK = Pattern.compile(
            ".*_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)");

    private static final Pattern LINK = Pattern.compile("(tcp|udp|sctp)://.*");

    /** What the launcher and the log take from the environment. */
    private static final Set<String> LAUNCHER = Set.of("ROME_HEAP", "ROME_LOG_LEVEL", "ROME_LOG_FORMAT");

    private ConfigSources() {}

    static Map<String, String> merged(Path file, Map<String, String> environment, Map<String, String> flags) {
        Map<String, String> merged = new HashMap<>();
        if (file != null) {
            merged.putAll(read(file));
        }
        environment.forEach((name, value) -> {
            if (name.startsWith(ENVIRONMENT_PREFIX) && !LAUNCHER.contains(name)) {
                String key = name.substring(ENVIRONMENT_PREFIX.length())
                        .toLowerCase(Locale.ROOT)
                        .replace('_', '.');
                if (!isServiceLink(name, key, value)) {
                    merged.put(key, value);
                }
            }
        });
        merged.putAll(flags);
        return merged;
    }

    private static boolean isServiceLink(String name, String key, String value) {
        boolean named =
                Settings.OWN.names().contains(key) || Settings.KAFKA.contains(key) || Settings.SERDE.contains(key);
        return SERVICE_LINK.matcher(name).matches()
                && (!named || LINK.matcher(value).matches());
    }

    private static Map<String, String> read(Path file) {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        } catch (IOException e) {
            throw new ConfigException("Cannot read the configuration file " + file + ": " + e.getMessage());
        }
        Map<String, String> read = new HashMap<>();
        properties.stringPropertyNames().forEach(name -> read.put(name, properties.getProperty(name)));
        return read;
    }
}
