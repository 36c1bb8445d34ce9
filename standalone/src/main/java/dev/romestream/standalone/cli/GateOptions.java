package dev.romestream.standalone.cli;

import dev.romestream.client.gate.Gate;
import dev.romestream.client.gate.GateCheck;
import dev.romestream.client.gate.GateReport;
import dev.romestream.client.result.MetricsFile;
import dev.romestream.client.result.WholeFile;
import dev.romestream.schemas.RobustnessMetrics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Options that make an evaluation a gate. */
final class GateOptions {
    @Option(
            names = "--fail-under",
            paramLabel = "FIGURE=PERCENT",
            description =
                    "Exit code 3 where a figure is below: clean, worstCase, irr, rr or an attack's name, in every suite,"
                            + " untargeted; may be given again.")
    private Map<String, Double> least = new LinkedHashMap<>();

    @Option(
            names = "--baseline",
            paramLabel = "FILE|NETWORK",
            description =
                    "Exit code 3 where an accuracy or a ratio has fallen, image by image and beyond its 95 %% interval, below that of"
                            + " an earlier metrics.json, or of one of the networks that are scored.")
    private String baseline;

    @Option(names = "--junit", paramLabel = "FILE", description = "Write the checks as JUnit XML.")
    private Path junit;

    @Option(names = "--markdown", paramLabel = "FILE", description = "Write the checks as a Markdown table.")
    private Path markdown;

    /** @throws UsageException before anything is scored, where the options cannot be met */
    void check(List<String> networks) {
        least.forEach((figure, limit) -> {
            if (!(limit >= 0 && limit <= 100)) {
                throw new UsageException("--fail-under " + figure + " is " + limit + "; it must be from 0 to 100.");
            }
        });
        if (least.isEmpty() && baseline == null && (junit != null || markdown != null)) {
            throw new UsageException("--junit and --markdown go with --fail-under or --baseline.");
        }
        if (baseline != null && !networks.contains(baseline)) {
            fileOfBaseline();
        } else if (baseline != null && networks.size() == 1) {
            throw new UsageException(
                    "--baseline is '" + baseline + "', the only network that is scored; give another one.");
        }
    }

    private List<RobustnessMetrics> fileOfBaseline() {
        try {
            return MetricsFile.read(Path.of(baseline));
        } catch (IllegalArgumentException e) {
            throw new UsageException(
                    "--baseline is '" + baseline + "', which is none of the networks; as a file " + e.getMessage());
        }
    }

    /**
     * Holds the figures against what is asked of them, and writes what comes of it.
     *
     * @param records of all networks
     * @throws GateException where something fails
     */
    void hold(List<RobustnessMetrics> records) {
        if (least.isEmpty() && baseline == null) {
            return;
        }
        List<RobustnessMetrics> others = records;
        Optional<List<RobustnessMetrics>> before = Optional.empty();
        if (baseline != null) {
            List<RobustnessMetrics> own =
                    records.stream().filter(this::isBaseline).toList();
            before = Optional.of(own.isEmpty() ? fileOfBaseline() : own);
            others = own.isEmpty()
                    ? records
                    : records.stream().filter(record -> !isBaseline(record)).toList();
        }
        List<GateCheck> checks;
        try {
            checks = new Gate(least, before).checks(others);
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
        if (checks.isEmpty()) {
            throw new FailureException("There was nothing to hold against what was asked.");
        }
        write(junit, GateReport.junit(checks));
        write(markdown, GateReport.markdown(checks));
        List<String> failures = GateReport.failures(checks);
        if (!failures.isEmpty()) {
            throw new GateException(
                    failures.size() + " of " + checks.size() + " checks fail:\n  " + String.join("\n  ", failures));
        }
        System.err.println(checks.size() + " checks hold.");
    }

    private boolean isBaseline(RobustnessMetrics record) {
        String victim = record.getVictim();
        return victim.equals(baseline) || victim.endsWith("/" + baseline);
    }

    private static void write(Path file, String text) {
        if (file == null) {
            return;
        }
        try {
            if (file.toAbsolutePath().getParent() != null) {
                Files.createDirectories(file.toAbsolutePath().getParent());
            }
            WholeFile.write(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e.getMessage(), e);
        }
    }
}
