package dev.romestream.evaluator.tally;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Requests for attacks that are out, by evaluation, as gauges: of as many evaluations as have any, up to a limit. */
public final class OpenRequests {
    private static final int MOST = 100;

    private final Map<String, Integer> open = new TreeMap<>();
    private final MultiGauge gauge;

    public OpenRequests(MeterRegistry metrics) {
        this.gauge = MultiGauge.builder("rome.evaluation.requests")
                .description("Requests for attacks that are out, by evaluation")
                .register(metrics);
        Gauge.builder("rome.evaluation.open", this, OpenRequests::size)
                .description("Evaluations that have requests out")
                .register(metrics);
    }

    private synchronized int size() {
        return open.size();
    }

    synchronized void set(String evaluation, int requests) {
        Integer before = requests == 0 ? open.remove(evaluation) : open.put(evaluation, requests);
        if (before == null ? requests > 0 : before != requests) {
            Stream<Row<?>> rows = open.entrySet().stream()
                    .limit(MOST)
                    .map(one -> Row.of(Tags.of("evaluation", one.getKey()), one.getValue()));
            List<Row<?>> all = rows.toList();
            gauge.register(all, true);
        }
    }
}
