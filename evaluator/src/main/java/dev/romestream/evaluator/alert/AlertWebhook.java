package dev.romestream.evaluator.alert;

import dev.romestream.exchange.codec.RecordJson;
import dev.romestream.exchange.identity.Digest;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.failure.UnavailableException;
import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.messaging.queue.WorkQueue;
import dev.romestream.messaging.serde.Decoder;
import dev.romestream.schemas.Alert;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.InterruptException;

/**
 * Posts alerts as JSON to a URL, with the headers of <a href="https://www.standardwebhooks.com">Standard Webhooks</a>. A receiver
 * that is away, or that refuses for now, is waited for; what it calls too large or malformed goes to the dead letters. In order, and
 * at least once: the id of a post is the same each time.
 */
public final class AlertWebhook implements WorkQueue.Worker, AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final Set<Integer> MALFORMED = Set.of(413, 415, 422);
    private static final int OK = 200;
    private static final int REDIRECT = 300;
    private static final String ENCODED = "whsec_";
    private static final String ALGORITHM = "HmacSHA256";

    private final URI url;
    private final Optional<SecretKeySpec> key;
    private final Decoder decoder;
    private final Duration limit;
    private volatile CompletableFuture<?> underWay = CompletableFuture.completedFuture(null);
    private volatile boolean closing;
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(LIMIT).build();

    public AlertWebhook(RomeConfig config) {
        this(config, LIMIT);
    }

    /** @param limit for an answer */
    AlertWebhook(RomeConfig config, Duration limit) {
        this.limit = limit;
        this.url = URI.create(config.string(Settings.WEBHOOK_URL));
        this.key = key(config.secret(Settings.WEBHOOK_SECRET));
        this.decoder = new Decoder(config);
    }

    private static Optional<SecretKeySpec> key(String secret) {
        if (secret.isEmpty()) {
            return Optional.empty();
        }
        if (!secret.startsWith(ENCODED)) {
            return Optional.of(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), ALGORITHM));
        }
        try {
            return Optional.of(
                    new SecretKeySpec(Base64.getDecoder().decode(secret.substring(ENCODED.length())), ALGORITHM));
        } catch (IllegalArgumentException e) {
            throw new ConfigException(Settings.WEBHOOK_SECRET + ": what follows " + ENCODED + " must be base64.");
        }
    }

    @Override
    public void process(ConsumerRecord<String, byte[]> record) {
        Alert alert = decoder.decode(record, Alert.class);
        if (alert != null) {
            send(alert);
        }
    }

    /** Posts an alert, or throws what {@link WorkQueue.Worker#process} may. */
    void send(Alert alert) {
        String receiver = url.getHost() + " (" + Settings.WEBHOOK_URL + ")";
        int status = post(request(alert), receiver);
        if (MALFORMED.contains(status)) {
            throw new UnprocessableException(receiver + " answered " + status + " to an alert.");
        } else if (status < OK || status >= REDIRECT) {
            throw new UnavailableException(receiver + " answered " + status + " to an alert");
        }
    }

    /** The status that is answered. A request's own limit ends with the headers, and this one does not. */
    private int post(HttpRequest request, String receiver) {
        var answer = http.sendAsync(request, HttpResponse.BodyHandlers.discarding());
        underWay = answer;
        try {
            if (closing) {
                throw cancelled();
            }
            return answer.get(limit.toMillis(), TimeUnit.MILLISECONDS).statusCode();
        } catch (TimeoutException e) {
            throw new UnavailableException(receiver + " has not answered for " + limit.toSeconds() + " s", e);
        } catch (ExecutionException e) {
            if (closing) {
                throw cancelled();
            }
            throw new UnavailableException(
                    receiver + " takes no alerts: " + e.getCause().getMessage(), e);
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        } finally {
            answer.cancel(true);
        }
    }

    private static CancellationException cancelled() {
        return new CancellationException("the webhook is closing");
    }

    /** Ends the post under way; the alert is sent another time. */
    public void cancel() {
        closing = true;
        underWay.cancel(true);
    }

    private HttpRequest request(Alert alert) {
        String id = "alert_" + new Digest().add(alert).shortHex();
        String time = Long.toString(Instant.now().getEpochSecond());
        String body = "{\"type\":\"rome.alert." + RecordJson.plain(alert.getState()) + "\",\"timestamp\":\""
                + Instant.ofEpochMilli(alert.getChangedAt()) + "\",\"data\":" + RecordJson.line(alert) + "}";
        HttpRequest.Builder request = HttpRequest.newBuilder(url)
                .header("Content-Type", "application/json")
                .header("webhook-id", id)
                .header("webhook-timestamp", time)
                .POST(HttpRequest.BodyPublishers.ofString(body));
        key.ifPresent(
                secret -> request.header("webhook-signature", "v1," + signature(secret, id + "." + time + "." + body)));
        return request.build();
    }

    private static String signature(SecretKeySpec secret, String content) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(secret);
            return Base64.getEncoder().encodeToString(mac.doFinal(content.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every Java platform has " + ALGORITHM + ".", e);
        }
    }

    @Override
    public void givenUp(ConsumerRecord<String, byte[]> record, Throwable reason) {
        // nobody waits for an answer
    }

    @Override
    public void close() {
        decoder.close();
    }
}
