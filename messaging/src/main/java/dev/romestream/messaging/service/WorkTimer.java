package dev.romestream.messaging.service;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.stream.DoubleStream;

/** How long pieces of work take: a histogram, so that quantiles can be told over all workers. */
public final class WorkTimer {
    /** Upper bounds of the buckets, in seconds. */
    private static final double[] BOUNDS = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800};

    private WorkTimer() {}

    public static Timer of(String name, String description, MeterRegistry metrics) {
        return Timer.builder(name)
                .description(description)
                .serviceLevelObjectives(DoubleStream.of(BOUNDS)
                        .mapToObj(seconds -> Duration.ofMillis(Math.round(seconds * 1000)))
                        .toArray(Duration[]::new))
                .register(metrics);
    }
}
