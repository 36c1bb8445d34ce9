package dev.romestream.standalone.cli;

import dev.romestream.robustness.attack.Attacks;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.LabelKind;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.RobustnessMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/** What the demo has shown, in sentences that follow from its figures. */
final class DemoStory {
    private DemoStory() {}

    /** A set: what of its network's answers is right on clean images, and what under PGD. */
    private record Seen(double clean, AttackAccuracy attacked) {
        /** Whether more is left standing than of the other, the intervals apart. */
        boolean isClearOf(Seen other) {
            return attacked.getInterval().get(0)
                    > other.attacked().getInterval().get(1);
        }

        String standing() {
            return String.format(
                    Locale.ROOT,
                    "%.1f [%.1f, %.1f]",
                    attacked.getAccuracy(),
                    attacked.getInterval().get(0),
                    attacked.getInterval().get(1));
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%s of %.1f clean", standing(), clean);
        }
    }

    /**
     * The sentences, one a line; none where the figures are not those of sets with both kinds of labels.
     *
     * @param figures of an experiment
     */
    static List<String> lines(List<Experiment> experiments, Function<Experiment, List<RobustnessMetrics>> figures) {
        Map<String, Seen> byClass = new TreeMap<>();
        Map<String, Seen> robust = new TreeMap<>();
        for (Experiment experiment : experiments) {
            boolean soft = experiment.getDistillation().getLabels().getKind() == LabelKind.SOFT;
            seen(figures.apply(experiment)).ifPresent(seen -> (soft ? robust : byClass)
                    .put(experiment.getDistillation().getMethod(), seen));
        }
        List<String> lines = new ArrayList<>();
        robust.forEach((method, seen) -> Optional.ofNullable(byClass.get(method))
                .ifPresent(plain -> lines.add("  %-6s  class labels leave %s; robust labels %s%s"
                        .formatted(method, plain, seen, verdict(seen, plain)))));
        if (!lines.isEmpty()) {
            lines.add(0, "Standing under PGD at 2/255 in pixel space, per cent with 95 % intervals:");
            lines.add(conclusion(byClass, robust));
        }
        return lines;
    }

    private static Optional<Seen> seen(List<RobustnessMetrics> figures) {
        return figures.stream()
                .filter(figure -> figure.getFinal$() && figure.getComplete() && figure.getMode() == Mode.UNTARGETED)
                .flatMap(figure -> figure.getAttacks().stream()
                        .filter(attack -> attack.getAttack().equals(Attacks.PGD))
                        .map(attack -> new Seen(figure.getClean().getAccuracy(), attack)))
                .findFirst();
    }

    private static String verdict(Seen robust, Seen plain) {
        return robust.isClearOf(plain)
                ? ": clearly more."
                : plain.isClearOf(robust) ? ": clearly less." : ": no clear difference.";
    }

    /** The set with robust labels that leaves most standing, against all sets without. */
    private static String conclusion(Map<String, Seen> byClass, Map<String, Seen> robust) {
        Map.Entry<String, Seen> best = robust.entrySet().stream()
                .max(Map.Entry.comparingByValue((a, b) ->
                        Double.compare(a.attacked().getAccuracy(), b.attacked().getAccuracy())))
                .orElseThrow();
        List<String> clear = byClass.entrySet().stream()
                .filter(entry -> best.getValue().isClearOf(entry.getValue()))
                .map(Map.Entry::getKey)
                .toList();
        List<String> others = byClass.keySet().stream()
                .filter(method -> !clear.contains(method))
                .toList();
        return "So " + best.getKey() + " with robust labels "
                + (clear.isEmpty()
                        ? "does not leave clearly more standing than any set with class labels."
                        : "leaves clearly more standing than " + String.join(", ", clear) + " with class labels"
                                + (others.isEmpty() ? "." : ", and not than " + String.join(", ", others) + "."));
    }
}
