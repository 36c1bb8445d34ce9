package dev.romestream.robustness.metric;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The ratios of BEARD and ROME, in per cent, with A0 the clean accuracy and drop_i = A0 - a_i:
 * {@code RR = 100 (1 - mean(drop) / max(drop))}, {@code I-RR = 100 (1 - mean(drop) max(drop) / A0^2)}, {@code I-RR+ = I-RR -
 * mean(max(0, -drop_i))} and, with t the wall seconds, {@code AE = 100 (mean t_i - t_clean) / (max t_i - t_clean)}; CREI and
 * I-CREI are the means of RR or I-RR with AE. In I-RR max(drop) is at least 0. So I-RR is 100 where no attack lowers the accuracy,
 * and above 100 only where some lower it and others raise it by more.
 *
 * @param undefined why a ratio is absent, by its name in lower case
 */
public record RobustnessRatios(
        Optional<Double> rr,
        Optional<Double> irr,
        Optional<Double> irrPlus,
        Optional<Double> ae,
        Optional<Double> crei,
        Optional<Double> icrei,
        Map<String, String> undefined) {

    /** Ratios that cannot be computed yet, or at all, for one reason. */
    public static RobustnessRatios undefined(String reason) {
        Map<String, String> reasons = new TreeMap<>();
        List.of("rr", "irr", "irrPlus", "ae", "crei", "icrei").forEach(name -> reasons.put(name, reason));
        return new RobustnessRatios(
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                reasons);
    }

    /**
     * The ratios of one network in one mode, or pooled over several.
     *
     * @param clean accuracy in per cent
     * @param attacked accuracies under attack in per cent, at least one
     * @param cleanSeconds wall time of the clean evaluation
     * @param seconds wall times of the attacks
     */
    public static RobustnessRatios of(double clean, List<Double> attacked, double cleanSeconds, List<Double> seconds) {
        if (attacked.isEmpty()) {
            return undefined("no attack was made");
        }
        Map<String, String> reasons = new TreeMap<>();
        double mean = clean - mean(attacked);
        double max =
                clean - attacked.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
        Optional<Double> rr = Optional.of(100 * (1 - mean / max));
        if (max == 0) {
            rr = Optional.empty();
            reasons.put("rr", "no attack lowers the accuracy");
        }
        Optional<Double> irr = Optional.of(100 * (1 - mean * Math.max(max, 0) / (clean * clean)));
        if (clean == 0) {
            irr = Optional.empty();
            reasons.put("irr", "the clean accuracy is 0");
            reasons.put("irrPlus", "the clean accuracy is 0");
        }
        double gain = mean(attacked.stream().map(a -> Math.max(0, a - clean)).toList());
        Optional<Double> irrPlus = irr.map(value -> value - gain);
        Optional<Double> ae = efficiency(cleanSeconds, seconds);
        if (ae.isEmpty()) {
            reasons.put("ae", "no attack takes longer than the clean evaluation");
        }
        Optional<Double> crei = half(rr, ae);
        Optional<Double> icrei = half(irr, ae);
        if (crei.isEmpty()) {
            reasons.put("crei", "rr or ae is undefined");
        }
        if (icrei.isEmpty()) {
            reasons.put("icrei", "irr or ae is undefined");
        }
        return new RobustnessRatios(rr, irr, irrPlus, ae, crei, icrei, reasons);
    }

    private static Optional<Double> efficiency(double cleanSeconds, List<Double> seconds) {
        double longest = seconds.stream().mapToDouble(Double::doubleValue).max().orElse(0);
        return longest <= cleanSeconds
                ? Optional.empty()
                : Optional.of(100 * (mean(seconds) - cleanSeconds) / (longest - cleanSeconds));
    }

    private static Optional<Double> half(Optional<Double> ratio, Optional<Double> efficiency) {
        return ratio.flatMap(a -> efficiency.map(b -> (a + b) / 2));
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }
}
