package dev.romestream.robustness.metric;

import java.util.Map;

/** A ratio of accuracies, whose interval {@link RatioInterval} draws. */
public enum Ratio {
    /** The improved robustness ratio. */
    IRR {
        @Override
        double of(double clean, double meanDrop, double drop, double only, int attacks) {
            return PERCENT * (1 - meanDrop * Math.max(drop, 0) / (clean * clean));
        }
    },
    /** The robustness ratio. */
    RR {
        @Override
        double of(double clean, double meanDrop, double drop, double only, int attacks) {
            return drop + only <= 0 ? 0 : PERCENT * (1 - (meanDrop + only / attacks) / (drop + only));
        }
    };

    static final double PERCENT = 100;
    private static final Map<String, Ratio> BY_NAME = Map.of(MetricNames.IRR, IRR, MetricNames.RR, RR);

    /**
     * The ratio that an attack gives, if it is the one that takes most.
     *
     * @param clean the share that is right without an attack
     * @param meanDrop over all attacks, a drop being {@code clean} less the share that is right under the attack
     * @param drop of the attack
     * @param only weight of an unseen image that falls to this attack alone
     */
    abstract double of(double clean, double meanDrop, double drop, double only, int attacks);

    /** By what it is called in files and rules; null where that is no ratio. */
    public static Ratio named(String name) {
        return BY_NAME.get(name);
    }
}
