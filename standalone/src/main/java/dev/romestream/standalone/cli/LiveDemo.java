package dev.romestream.standalone.cli;

import dev.romestream.client.experiment.ExperimentControl;
import dev.romestream.client.result.Results;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.thread.ServiceThread;
import dev.romestream.producer.Drift;
import dev.romestream.producer.ImageStream;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Experiment;
import dev.romestream.standalone.stack.LocalStack;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A stream of shapes that are turned from one image on; a network is monitored on it, and when it falls, a set of the present images is made. */
final class LiveDemo {
    private static final int RATE = 120;
    private static final String DRIFT = "rotation:5@9600";
    /** Of a demo in which nothing recovers. */
    private static final int LAST_WINDOW = 8;

    private LiveDemo() {}

    /** @param experiments the one that monitors first, both on one topic */
    static void run(LocalStack stack, List<Experiment> experiments) {
        RomeConfig config = stack.config();
        Consumer<String> lines = System.err::println;
        Experiment monitoring = experiments.get(0);
        ImageStream stream = ImageStream.of(
                config, DatasetSpec.newBuilder().setName("shapes10").build(), 0, List.of(Drift.parse(DRIFT)), lines);
        ImageWriter writer = new ImageWriter(
                config, monitoring.getDataset().getPath(), stream, RATE, Optional.empty(), Optional.empty());
        writer.create(1);
        List<Experiment> started = ExperimentControl.start(config, experiments);
        try (Interruption interruption = new Interruption();
                Monitor monitor = new Monitor(config, started, lines, stack::trouble);
                Results results = new Results(config)) {
            CountDownLatch over = new CountDownLatch(1);
            ServiceThread camera = ServiceThread.start(
                    "camera", () -> writer.write(0, Long.MAX_VALUE, millis -> isOver(over, millis), any -> {}));
            Optional<String> failure;
            try {
                failure = monitor.await(() -> {
                    camera.throwFailure();
                    LiveStory story = story(results, monitoring);
                    return interruption.isSignalled() || story.isOver() || story.newest() >= LAST_WINDOW;
                });
            } finally {
                over.countDown();
                camera.join();
            }
            started.forEach(experiment -> ExperimentControl.setState(config, experiment, DesiredState.STOP));
            ExperimentRunner.failOn(failure);
            System.out.println();
            story(results, monitoring)
                    .lines(results.alerts(monitoring.getId()))
                    .forEach(line -> System.out.println(Printable.line(line)));
        }
    }

    private static LiveStory story(Results results, Experiment monitoring) {
        return LiveStory.of(results.metrics(monitoring.getId()).stream());
    }

    private static boolean isOver(CountDownLatch over, long millis) {
        try {
            return over.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }
}
