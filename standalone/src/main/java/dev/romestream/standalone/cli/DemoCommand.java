package dev.romestream.standalone.cli;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.schemas.Experiment;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code rome demo}. */
@Command(
        name = "demo",
        description = "Distils the generated data set shapes10 with ROME, DM and random selection, and compares them.",
        mixinStandardHelpOptions = true)
final class DemoCommand implements Runnable {
    @Option(names = "--out", paramLabel = "DIR", description = "Also write the results there.")
    private Path out;

    @Mixin
    private ClusterOptions cluster;

    @Override
    public void run() {
        List<Experiment> experiments = ExperimentFile.parse(text(), cluster.experimentKeys(), List.of());
        System.err.println("Streams the generated data set shapes10 through Kafka, distils it to a few images per class"
                + " with " + experiments.size() + " methods,\nattacks networks trained on the results, and compares how"
                + " robust they are (I-RR: higher is better).");
        ExperimentRunner.runEmbedded(cluster.config(Map.of()), experiments, Optional.ofNullable(out));
        System.out.println(
                "I-RR is 100 when no attack lowers the accuracy and 0 when one lowers it to nothing; a network"
                        + " near chance level scores\nhigh for nothing, so read it beside the clean accuracy. Next: "
                        + "./rome run examples/cifar10-small.yaml --data DIR --out out");
    }

    private static String text() {
        try (InputStream in = DemoCommand.class.getResourceAsStream("/dev/romestream/standalone/demo.yaml")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
