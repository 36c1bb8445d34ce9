package dev.romestream.messaging.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A message, and the dead letter that it may stand in, is read by more people than the settings. */
class SchemaRegistryClientTest {
    private static Throwable failure(String url) {
        try {
            new SchemaRegistryClient(Map.of("schema.registry.url", url, SchemaRegistryClient.PATIENCE, "0")).schema(1);
        } catch (RuntimeException e) {
            return e;
        }
        throw new AssertionError("It is no failure.");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://user:secret@localhost:1",
                "http://user:sec ret@localhost:1",
                "http://user:s@secret@localhost:1",
                "http://user:se/secret@localhost:1",
                "http://user:s@,secret@localhost:1",
                "http://user:pass/word@localhost:1",
                "ftp://user:secret@localhost:1",
                "user:secret@localhost:1",
                "http://good:1,http://user:secret@ho st"
            })
    void noMessageHasThePassword(String url) {
        StringWriter text = new StringWriter();
        failure(url).printStackTrace(new PrintWriter(text));
        assertThat(text.toString())
                .contains("schema.registry.url")
                .doesNotContain("secret", "sec ret", "s@", "user:", "pass/");
    }

    @Test
    void whatTheRegistryRefusesIsToldWithoutThePassword() throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            try (exchange) {
                exchange.sendResponseHeaders(404, -1);
            }
        });
        server.start();
        try {
            String url = "http://user:secret@localhost:" + server.getAddress().getPort();
            assertThatThrownBy(() -> new SchemaRegistryClient(Map.of("schema.registry.url", url)).schema(1))
                    .hasMessageContaining("refused http://localhost")
                    .hasMessageNotContaining("secret");
        } finally {
            server.stop(0);
        }
    }
}
