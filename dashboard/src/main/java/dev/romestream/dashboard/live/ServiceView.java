package dev.romestream.dashboard.live;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.service.Service;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The services whose addresses the dashboard has, by what they answer at {@code /health/ready} and {@code /metrics}. */
final class ServiceView {
    private static final Duration LIMIT = Duration.ofSeconds(2);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String REQUESTS = "rome.evaluation.requests";
    private static final String EVALUATION = "evaluation";
    /** A line of the metric for people and Prometheus alike. */
    private static final Pattern REQUESTS_LINE =
            Pattern.compile("(?m)^rome_evaluation_requests\\{evaluation=\"([^\"]*)\"} ([0-9.]+)$");

    private final MeterRegistry own;
    private final Map<String, URI> services = new LinkedHashMap<>();
    private volatile List<Service> beside = List.of();
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(LIMIT).build();

    /**
     * Asks nobody yet.
     *
     * @param own metrics of this process, in which an evaluator may run, too
     * @throws IllegalArgumentException where dashboard.services is not what it should be
     */
    ServiceView(RomeConfig config, MeterRegistry own) {
        this.own = own;
        for (String service : config.list(Settings.DASHBOARD_SERVICES)) {
            String[] pair = service.split("=", 2);
            if (pair.length < 2 || !pair[1].matches("https?://.+")) {
                throw new IllegalArgumentException(Settings.DASHBOARD_SERVICES + " has '" + service
                        + "'; it takes name=http://host:port, separated by commas.");
            }
            services.put(pair[0], URI.create(pair[1] + "/"));
        }
    }

    /** Services of this process, which are looked at without an address. */
    void beside(List<Service> others) {
        beside = List.copyOf(others);
    }

    private static Map<String, Object> health(Service service) {
        Optional<String> trouble = service.isAlive() ? service.stalled() : Optional.of("has ended; see the log");
        Map<String, Object> one = new LinkedHashMap<>();
        one.put("name", service.name());
        one.put("ready", trouble.isEmpty());
        one.put("reason", trouble.orElse(""));
        return one;
    }

    private HttpResponse<String> answer(URI service, String path) throws IOException, InterruptedException {
        return http.send(
                HttpRequest.newBuilder(service.resolve(path)).timeout(LIMIT).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    /** Of each service its name, whether it is ready, and else why not. */
    List<Map<String, Object>> health() throws InterruptedException {
        List<Map<String, Object>> all =
                new ArrayList<>(beside.stream().map(ServiceView::health).toList());
        for (Map.Entry<String, URI> service : services.entrySet()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("name", service.getKey());
            try {
                HttpResponse<String> answer = answer(service.getValue(), "health/ready");
                one.put("ready", answer.statusCode() == 200);
                one.put("reason", JSON.readTree(answer.body()).path("reason").asText(""));
            } catch (IOException e) {
                one.put("ready", false);
                one.put("reason", "does not answer: " + e.getMessage());
            }
            all.add(one);
        }
        return all;
    }

    /** Requests for attacks that evaluators have out, by evaluation; none of a service that does not answer. */
    Map<String, Long> requests() throws InterruptedException {
        Map<String, Long> requests = new TreeMap<>();
        own.find(REQUESTS)
                .gauges()
                .forEach(gauge -> requests.put(gauge.getId().getTag(EVALUATION), (long) gauge.value()));
        for (URI service : services.values()) {
            try {
                Matcher line = REQUESTS_LINE.matcher(answer(service, "metrics").body());
                while (line.find()) {
                    requests.put(line.group(1), (long) Double.parseDouble(line.group(2)));
                }
            } catch (IOException e) {
                // its health tells
            }
        }
        return requests;
    }
}
