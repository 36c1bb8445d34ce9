package dev.romestream.evaluator.alert;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.failure.UnavailableException;
import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.schemas.Alert;
import dev.romestream.schemas.AlertState;
import dev.romestream.schemas.Mode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What becomes of an alert, by what its receiver answers. */
class AlertWebhookTest {
    private static final Alert ALERT = Alert.newBuilder()
            .setExperiment("e")
            .setName("e")
            .setRule("r")
            .setState(AlertState.RAISED)
            .setNetwork("n")
            .setSuite("quick")
            .setMode(Mode.UNTARGETED)
            .setReason("so")
            .setRaisedAt(0)
            .setChangedAt(0)
            .build();

    private final CountDownLatch asked = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/status/", exchange -> {
            String path = exchange.getRequestURI().getPath();
            exchange.sendResponseHeaders(Integer.parseInt(path.substring("/status/".length())), -1);
            exchange.close();
        });
        server.createContext("/stalls", exchange -> {
            exchange.sendResponseHeaders(200, 10);
            exchange.getResponseBody().write(1);
            exchange.getResponseBody().flush();
            asked.countDown();
            try {
                ended.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        server.start();
    }

    @AfterEach
    void stop() {
        ended.countDown();
        server.stop(0);
    }

    private AlertWebhook webhook(String path, Duration limit) {
        String url = "http://localhost:" + server.getAddress().getPort() + path;
        return new AlertWebhook(RomeConfig.of(Map.of(Settings.WEBHOOK_URL, url)), limit);
    }

    private void send(String path) {
        try (AlertWebhook webhook = webhook(path, Duration.ofSeconds(10))) {
            webhook.send(ALERT);
        }
    }

    @Test
    void whatIsTakenIsDoneWhatIsMalformedIsTheRecordsFaultAndAllElseIsWaitedFor() {
        assertThatCode(() -> send("/status/204")).doesNotThrowAnyException();
        assertThatThrownBy(() -> send("/status/413")).isInstanceOf(UnprocessableException.class);
        for (int status : new int[] {302, 400, 401, 404, 429, 500, 503}) {
            assertThatThrownBy(() -> send("/status/" + status))
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining(Integer.toString(status));
        }
    }

    @Test
    void aReceiverThatStallsInItsAnswerIsWaitedForAnew() {
        try (AlertWebhook webhook = webhook("/stalls", Duration.ofMillis(300))) {
            assertThatThrownBy(() -> webhook.send(ALERT)).isInstanceOf(UnavailableException.class);
        }
    }

    @Test
    void aWebhookThatClosesEndsItsPost() throws InterruptedException {
        try (AlertWebhook webhook = webhook("/stalls", Duration.ofMinutes(5))) {
            Thread closer = new Thread(() -> {
                try {
                    asked.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                webhook.cancel();
            });
            closer.start();
            assertThatThrownBy(() -> webhook.send(ALERT)).isInstanceOf(CancellationException.class);
            assertThatThrownBy(() -> webhook.send(ALERT)).isInstanceOf(CancellationException.class);
            closer.join();
        }
    }
}
