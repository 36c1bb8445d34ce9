package dev.romestream.client.report;

import dev.romestream.client.result.SyntheticImages;
import dev.romestream.client.table.Comparison;
import dev.romestream.client.table.Comparison.Subject;
import dev.romestream.exchange.experiment.Victim;
import dev.romestream.schemas.Alert;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.RobustnessMetrics;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a report tells of an experiment.
 *
 * @param metrics the newest of every snapshot or version, victim, suite and mode
 * @param images of the newest snapshot, if there are any
 * @param alerts that were told, the newest of each rule
 */
public record ReportedExperiment(
        Experiment experiment, List<RobustnessMetrics> metrics, Optional<SyntheticImages> images, List<Alert> alerts) {

    List<String> suites() {
        return metrics.stream()
                .map(RobustnessMetrics::getSuite)
                .distinct()
                .sorted()
                .toList();
    }

    private List<RobustnessMetrics> of(String suite, Mode mode) {
        return metrics.stream()
                .filter(figure -> figure.getSuite().equals(suite) && figure.getMode() == mode)
                .toList();
    }

    /** Its row: of the newest snapshot, or of the newest version of each network. */
    Subject subject() {
        return new Subject(experiment.getId(), experiment.getName(), Comparison.newest(metrics, isOfNetworks()));
    }

    /** By what they are of, in the order of snapshots or versions; all victims of a snapshot are one. */
    Map<String, List<RobustnessMetrics>> along(String suite, Mode mode) {
        return of(suite, mode).stream()
                .sorted(Comparator.comparing(RobustnessMetrics::getSnapshot))
                .collect(Collectors.groupingBy(
                        figure -> isOfNetworks() ? Victim.network(figure) : "", TreeMap::new, Collectors.toList()));
    }

    /** Whether it scores networks that users bring. */
    boolean isOfNetworks() {
        return experiment.getDistillation() == null;
    }
}
