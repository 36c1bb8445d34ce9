package dev.romestream.testing;

import dev.romestream.embedded.EmbeddedBroker;
import dev.romestream.embedded.EmbeddedSchemaRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;

/**
 * An embedded broker that is reached over SASL_SSL (PLAIN, a certificate of its own) and lets its users do what access control lists
 * allow, and nothing else; with a registry. A second listener in the clear is the superuser's.
 */
public final class SecuredCluster implements AutoCloseable {
    /** Of the key store and the trust store. */
    public static final String STORE_PASSWORD = "a-password-of-stores";

    private static final String LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule required";

    private final EmbeddedBroker broker;
    private final EmbeddedSchemaRegistry registry;
    private final int port;
    private final Path trustStore;

    private SecuredCluster(EmbeddedBroker broker, EmbeddedSchemaRegistry registry, int port, Path trustStore) {
        this.broker = broker;
        this.registry = registry;
        this.port = port;
        this.trustStore = trustStore;
    }

    /** @param users who may log in, each with the {@link #password} of its name */
    public static SecuredCluster start(Path directory, Collection<String> users) {
        Path keyStore = directory.resolve("key-store.p12");
        Path trustStore = directory.resolve("trust-store.p12");
        Path certificate = directory.resolve("certificate.pem");
        keytool(
                "-genkeypair",
                "-alias",
                "broker",
                "-keyalg",
                "RSA",
                "-dname",
                "CN=localhost",
                "-ext",
                "SAN=dns:localhost",
                "-keystore",
                keyStore.toString());
        keytool(
                "-exportcert",
                "-alias",
                "broker",
                "-rfc",
                "-file",
                certificate.toString(),
                "-keystore",
                keyStore.toString());
        keytool(
                "-importcert",
                "-noprompt",
                "-alias",
                "broker",
                "-file",
                certificate.toString(),
                "-keystore",
                trustStore.toString());
        int port = freePort();
        EmbeddedBroker broker = EmbeddedBroker.start(
                directory.resolve("broker"), 0, settings -> secure(settings, port, keyStore, users));
        return new SecuredCluster(broker, EmbeddedSchemaRegistry.start(broker.bootstrapServers(), 0), port, trustStore);
    }

    private static void keytool(String... arguments) {
        List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/keytool"));
        command.addAll(List.of(arguments));
        command.addAll(List.of("-storetype", "PKCS12", "-storepass", STORE_PASSWORD));
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IllegalStateException("keytool failed: " + said);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private static void secure(Properties settings, int port, Path keyStore, Collection<String> users) {
        settings.merge("listeners", ",SECURED://localhost:" + port, (known, more) -> known + "" + more);
        settings.merge("advertised.listeners", ",SECURED://localhost:" + port, (known, more) -> known + "" + more);
        settings.merge("listener.security.protocol.map", ",SECURED:SASL_SSL", (known, more) -> known + "" + more);
        settings.put("sasl.enabled.mechanisms", "PLAIN");
        settings.put(
                "listener.name.secured.plain.sasl.jaas.config",
                users.stream()
                                .map(user -> " user_" + user + "=\"" + password(user) + "\"")
                                .collect(Collectors.joining("", LOGIN, ""))
                        + ";");
        settings.put("ssl.keystore.type", "PKCS12");
        settings.put("ssl.keystore.location", keyStore.toString());
        settings.put("ssl.keystore.password", STORE_PASSWORD);
        settings.put("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer");
        settings.put("super.users", "User:ANONYMOUS");
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a user logs in with. */
    public static String password(String user) {
        return "password-of-" + user;
    }

    /** The superuser's address, in the clear. */
    public String superuserServers() {
        return broker.bootstrapServers();
    }

    /** Everybody else's address. */
    public String bootstrapServers() {
        return "localhost:" + port;
    }

    public String registryUrl() {
        return registry.url();
    }

    /**
     * The settings by which a user's clients reach the cluster.
     *
     * @param password as the settings are to have it
     * @param storePassword as the settings are to have it
     */
    public Map<String, String> client(String user, String password, String storePassword) {
        return Map.of(
                "bootstrap.servers",
                bootstrapServers(),
                "schema.registry.url",
                registry.url(),
                "security.protocol",
                "SASL_SSL",
                "sasl.mechanism",
                "PLAIN",
                "sasl.jaas.config",
                LOGIN + " username=\"" + user + "\" password=\"" + password + "\";",
                "ssl.truststore.type",
                "PKCS12",
                "ssl.truststore.location",
                trustStore.toString(),
                "ssl.truststore.password",
                storePassword);
    }

    @Override
    public void close() {
        registry.close();
        broker.close();
    }
}
