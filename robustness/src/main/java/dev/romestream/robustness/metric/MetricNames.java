package dev.romestream.robustness.metric;

/** What figures are called in files, rules and tables; every other name is an attack's. */
public final class MetricNames {
    /** Accuracy on images as they are. */
    public static final String CLEAN = "clean";
    /** Share of the images that are right under every attack. */
    public static final String WORST_CASE = "worstCase";
    /** The improved robustness ratio. */
    public static final String IRR = "irr";
    /** The robustness ratio. */
    public static final String RR = "rr";
    /** Share of a network's predictions that every attack leaves, where images have no labels. */
    public static final String STABILITY = "stability";

    private MetricNames() {}
}
