package dev.romestream.standalone.score;

import dev.romestream.robustness.metric.RobustnessRatios;
import dev.romestream.schemas.Mode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Ratios of published evaluations in one mode.
 *
 * @param name of the log, or of what is pooled
 * @param clean accuracy in per cent; when pooled, the mean
 * @param attacks how many accuracies under attack count
 */
public record Score(String name, Mode mode, double clean, int attacks, RobustnessRatios ratios) {
    /** Those whose targeted column only repeats the clean figure. */
    private static final Set<String> UNTARGETED_ONLY = Set.of("deepfool", "aa");

    /** The score of one evaluation. */
    public static Score of(String name, EvaluationLog log, Mode mode) {
        return pooled(name, List.of(log), mode);
    }

    /** The score over all accuracies of several evaluations: not the mean of their scores. */
    public static Score pooled(String name, List<EvaluationLog> logs, Mode mode) {
        List<Double> accuracies = new ArrayList<>();
        List<Double> seconds = new ArrayList<>();
        double clean = 0;
        double cleanSeconds = 0;
        for (EvaluationLog log : logs) {
            clean += log.clean().untargeted() / logs.size();
            double least = Math.min(log.clean().targetedSeconds(), log.clean().untargetedSeconds());
            cleanSeconds += least / logs.size();
            log.attacks().forEach((attack, line) -> {
                if (mode == Mode.UNTARGETED) {
                    accuracies.add(line.untargeted());
                    seconds.add(line.untargetedSeconds());
                } else if (!UNTARGETED_ONLY.contains(attack)) {
                    accuracies.add(line.targeted());
                    seconds.add(line.targetedSeconds());
                }
            });
        }
        return new Score(
                name, mode, clean, accuracies.size(), RobustnessRatios.of(clean, accuracies, cleanSeconds, seconds));
    }

    /** The score as the benchmark's code gives it, where RR is 0 when no attack lowers the accuracy. */
    public Score compatible() {
        if (ratios.rr().isPresent() || attacks == 0) {
            return this;
        }
        Map<String, String> undefined = new TreeMap<>(ratios.undefined());
        undefined.remove("rr");
        Optional<Double> crei = ratios.ae().map(ae -> ae / 2);
        crei.ifPresent(any -> undefined.remove("crei"));
        return new Score(
                name,
                mode,
                clean,
                attacks,
                new RobustnessRatios(
                        Optional.of(0.0),
                        ratios.irr(),
                        ratios.irrPlus(),
                        ratios.ae(),
                        crei,
                        ratios.icrei(),
                        undefined));
    }
}
