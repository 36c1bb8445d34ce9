package dev.romestream.standalone.cli;

import dev.romestream.robustness.network.Normalization;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import picocli.CommandLine.Option;

/** Options that say by which constants values were normalised. */
final class NormalizationOptions {
    @Option(
            names = "--mean",
            paramLabel = "M,M,M|NAME",
            description =
                    "The mean by which values were normalised, a number for each channel, or whose: cifar10, cifar100,"
                            + " imagenet or half. Without it: that of the data set's training images.")
    private String mean;

    @Option(
            names = "--std",
            paramLabel = "S,S,S|NAME",
            description = "The standard deviation, in the same way. Without it: that of --mean, where that is a name.")
    private String std;

    /** Those that were given; empty where there were none. */
    Optional<Normalization> constants() {
        if (mean == null && std == null) {
            return Optional.empty();
        }
        if (mean == null || (std == null && Normalization.named(mean).isEmpty())) {
            throw new UsageException(
                    (mean == null ? "--std" : "--mean") + " goes with " + (mean == null ? "--mean" : "--std") + ".");
        }
        List<Double> means = numbers("--mean", mean, Normalization::mean);
        List<Double> deviations = numbers("--std", std == null ? mean : std, Normalization::std);
        try {
            return Optional.of(new Normalization(means, deviations));
        } catch (IllegalArgumentException e) {
            throw new UsageException("--mean and --std: " + e.getMessage());
        }
    }

    private static List<Double> numbers(String option, String text, Function<Normalization, List<Double>> part) {
        return Normalization.named(text).map(part).orElseGet(() -> {
            try {
                return Arrays.stream(text.split(","))
                        .map(number -> finite(number.strip()))
                        .toList();
            } catch (NumberFormatException e) {
                throw new UsageException(option + " is '" + text + "'; it takes numbers separated by commas, or one of "
                        + String.join(", ", Normalization.names()) + ".");
            }
        });
    }

    private static double finite(String number) {
        double value = Double.parseDouble(number);
        if (!Double.isFinite(value)) {
            throw new NumberFormatException();
        }
        return value;
    }
}
