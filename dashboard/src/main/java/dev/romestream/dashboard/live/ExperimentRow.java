package dev.romestream.dashboard.live;

import dev.romestream.dashboard.live.LiveMetrics.Headline;
import dev.romestream.exchange.codec.RecordJson;
import dev.romestream.experiments.DatasetIds;
import dev.romestream.experiments.ExperimentPhase;
import dev.romestream.schemas.DistillationSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.ExperimentStatus;
import dev.romestream.schemas.LabelKind;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.Phase;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** An experiment in a line of the list: what it is, how far each service is with it, and what it shows so far. */
final class ExperimentRow {
    private static final String HEADLINE_SUITE = "pixel-2";
    private static final Set<Phase> ENDED = EnumSet.of(Phase.COMPLETED, Phase.FAILED, Phase.STOPPED);

    private ExperimentRow() {}

    /**
     * The line.
     *
     * @param statuses of the run that the experiment is in
     * @param figures of all its victims
     */
    static Map<String, Object> of(
            Experiment experiment, Collection<ExperimentStatus> statuses, Collection<Headline> figures) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("id", experiment.getId());
        row.put("name", experiment.getName());
        row.put("dataset", DatasetIds.of(experiment.getDataset()));
        DistillationSpec distillation = experiment.getDistillation();
        row.put("method", distillation == null ? "network" : distillation.getMethod());
        row.put("labels", distillation == null ? null : labels(distillation));
        row.put("imagesPerClass", distillation == null ? null : distillation.getImagesPerClass());
        row.put("sweep", experiment.getSweep());
        row.put("seed", experiment.getSeed());
        row.put("run", experiment.getRun());
        row.put("desiredState", experiment.getDesiredState().name().toLowerCase(Locale.ROOT));
        Phase phase = ExperimentPhase.of(experiment, statuses);
        row.put("phase", phase.name().toLowerCase(Locale.ROOT));
        row.put("submitted", experiment.getSubmitted() == 0 ? null : experiment.getSubmitted());
        row.put(
                "ended",
                ENDED.contains(phase)
                        ? statuses.stream()
                                .map(ExperimentStatus::getTime)
                                .max(Comparator.naturalOrder())
                                .orElse(null)
                        : null);
        row.put(
                "progress",
                statuses.stream()
                        .sorted(Comparator.comparing(ExperimentStatus::getService))
                        .map(ExperimentRow::progress)
                        .toList());
        row.put("headline", headline(figures, distillation == null));
        return row;
    }

    private static String labels(DistillationSpec distillation) {
        return distillation.getLabels().getKind() == LabelKind.HARD ? "class" : "soft";
    }

    private static Map<String, Object> progress(ExperimentStatus status) {
        Map<String, Object> values = RecordJson.fields(status);
        values.remove("experiment");
        values.remove("run");
        if (status.getPhase() == Phase.RUNNING && status.getTotal() > 0 && status.getDone() >= status.getTotal()) {
            // who does pieces of work says nothing after the last one
            values.put("phase", Phase.COMPLETED.name().toLowerCase(Locale.ROOT));
        }
        return values;
    }

    /** Means over the victims of the newest snapshot, untargeted, in the suite that stands for all; null where there are none. */
    private static Map<String, Object> headline(Collection<Headline> figures, boolean networks) {
        List<Headline> untargeted = figures.stream()
                .filter(figure -> figure.mode() == Mode.UNTARGETED)
                .toList();
        String suite = untargeted.stream()
                .map(Headline::suite)
                .filter(HEADLINE_SUITE::equals)
                .findFirst()
                .or(() -> untargeted.stream()
                        .map(Headline::suite)
                        .filter(name -> name.startsWith("pixel"))
                        .min(Comparator.naturalOrder()))
                .or(() -> untargeted.stream().map(Headline::suite).min(Comparator.naturalOrder()))
                .orElse("");
        TreeMap<Integer, List<Headline>> bySnapshot = untargeted.stream()
                .filter(figure -> figure.suite().equals(suite))
                .collect(Collectors.groupingBy(
                        Headline::position, TreeMap::new, Collectors.toCollection(ArrayList::new)));
        if (bySnapshot.isEmpty()) {
            return null;
        }
        List<Headline> newest = networks
                ? newestOfEach(bySnapshot.values())
                : bySnapshot.lastEntry().getValue();
        Map<String, Object> headline = new LinkedHashMap<>();
        headline.put("suite", suite);
        headline.put("victims", newest.size());
        headline.put("complete", newest.stream().allMatch(Headline::complete));
        headline.put("clean", mean(newest, Headline::clean));
        headline.put("worst", mean(newest, Headline::worst));
        headline.put("stability", mean(newest, Headline::stability));
        headline.put("irr", mean(newest, Headline::irr));
        headline.put("irrLow", mean(newest, figure -> bound(figure, 0)));
        headline.put("irrHigh", mean(newest, figure -> bound(figure, 1)));
        headline.put(
                "flags",
                newest.stream()
                        .flatMap(figure -> figure.flags().stream())
                        .distinct()
                        .sorted()
                        .toList());
        headline.put(
                "overSnapshots",
                bySnapshot.values().stream()
                        .map(snapshot -> mean(snapshot, Headline::irr))
                        .toList());
        return headline;
    }

    /** Networks that users bring have versions of their own. */
    private static List<Headline> newestOfEach(Collection<List<Headline>> byVersion) {
        Map<String, Headline> newest = new TreeMap<>();
        byVersion.forEach(version -> version.forEach(figure -> newest.put(figure.victim(), figure)));
        return List.copyOf(newest.values());
    }

    private static Double bound(Headline figure, int which) {
        return figure.irrInterval().isEmpty() ? null : figure.irrInterval().get(which);
    }

    private static Double mean(List<Headline> figures, Function<Headline, Double> value) {
        List<Double> defined =
                figures.stream().map(value).filter(Objects::nonNull).toList();
        return defined.isEmpty()
                ? null
                : defined.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }
}
