package dev.romestream.standalone.cli;

import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.RobustnessMetrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine.Option;

/** The option that says what the numbers of classes mean. */
final class LabelsOptions {
    private static final int SHOWN = 3;
    /** Of evaluations, with the order behind it. */
    private static final String FLAG = "labels-order-";

    @Option(
            names = "--labels-order",
            paramLabel = "ORDER|FILE",
            description =
                    "How the files number the classes of tiny-imagenet or a folder: sorted, by their folders' names, as"
                            + " torchvision's ImageFolder does; wnids, as wnids.txt has them; numeric, of folders that are numbers; or a"
                            + " file with a class a line. Without it: sorted. Names in a file are stronger.")
    private String order;

    /** The order as an experiment has it; empty for the usual one. */
    List<String> order() {
        if (order == null) {
            return List.of();
        }
        Path file = Path.of(order);
        if (!Files.isRegularFile(file)) {
            return List.of(order);
        }
        try {
            // words.txt has names behind a tabulator
            return Files.readAllLines(file).stream()
                    .map(line -> line.split("\t", 2)[0].strip())
                    .filter(line -> !line.isEmpty())
                    .toList();
        } catch (IOException e) {
            throw new UsageException("--labels-order: " + file + " cannot be read as text: " + e.getMessage());
        }
    }

    /** What is to be said where a network is at chance, and right in another order of the classes. */
    static Optional<String> doubt(String name, List<RobustnessMetrics> figures) {
        return figures.stream()
                .flatMap(metrics -> metrics.getFlags().stream())
                .filter(flag -> flag.startsWith(FLAG))
                .findFirst()
                .map(flag -> name
                        + " is at chance, and clearly better where the classes are numbered otherwise: did you mean"
                        + " --labels-order " + flag.substring(FLAG.length()) + "?");
    }

    /** What the first labels mean. */
    static String described(DatasetDescriptor dataset) {
        List<String> classes = dataset.getClasses();
        return "Labels of " + dataset.getId() + ": "
                + IntStream.range(0, Math.min(SHOWN, classes.size()))
                        .mapToObj(label -> label + " is " + classes.get(label))
                        .collect(Collectors.joining(", "))
                + (classes.size() > SHOWN ? ", ..." : "")
                + (dataset.getOrders().isEmpty()
                        ? "."
                        : "; --labels-order "
                                + String.join(" or ", dataset.getOrders().keySet()) + " if the files have another.");
    }
}
