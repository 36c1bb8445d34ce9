package dev.romestream.standalone.cli;

import dev.romestream.client.table.TableText;
import dev.romestream.exchange.codec.RecordJson;
import dev.romestream.messaging.config.RomeConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code rome list}. */
@Command(
        name = "list",
        description = "Lists the experiments, the most recently active first.",
        mixinStandardHelpOptions = true)
final class ListCommand implements Runnable {
    @Option(names = "--json", description = "Print the experiments' records as lines of JSON.")
    private boolean json;

    @Mixin
    private ClusterOptions cluster;

    @Override
    public void run() {
        cluster.refuseExperimentKeys();
        RomeConfig config = cluster.existingCluster();
        List<ExperimentProgress> all = ExperimentProgress.all(config);
        if (json) {
            all.forEach(one -> System.out.println(RecordJson.line(one.experiment())));
            return;
        }
        if (all.isEmpty()) {
            System.err.println("There are no experiments on " + config.bootstrapServers()
                    + " yet; ./rome submit FILE starts some.");
            return;
        }
        List<List<String>> lines = new ArrayList<>();
        lines.add(List.of("ID", "PHASE", "METHOD", "DATA SET", "DOING"));
        all.forEach(one -> lines.add(List.of(
                one.experiment().getId(),
                one.phase().name().toLowerCase(Locale.ROOT),
                one.method(),
                one.dataset(),
                one.doing())));
        TableText.aligned(lines, lines.get(0).size()).forEach(line -> System.out.println(Printable.line(line)));
    }
}
