package dev.romestream.exchange.figure;

import dev.romestream.robustness.metric.Interval;
import dev.romestream.robustness.metric.PairedDifference;
import java.util.Optional;

/**
 * One figure less another, in points.
 *
 * @param interval 95 %: of the images in pairs where they are the same ones (Bonett and Price), else of the two intervals
 *     (Newcombe); empty where one of them has none
 * @param pairs of the images, where they are the same ones
 */
public record FigureDifference(double points, Optional<Interval> interval, Optional<PairedDifference> pairs) {

    /** Whether figures of these digests are of the same images in the same order: of none, it is not known. */
    public static boolean isOfSameImages(String first, String second) {
        return !first.isEmpty() && first.equals(second);
    }

    /**
     * The difference of two figures that are defined.
     *
     * @param sameImages whether both are of the same images in the same order
     */
    public static FigureDifference of(NamedFigure first, NamedFigure second, boolean sameImages) {
        if (sameImages
                && !first.perImage().isEmpty()
                && first.perImage().length() == second.perImage().length()) {
            PairedDifference pairs = PairedDifference.of(first.perImage(), second.perImage());
            return new FigureDifference(
                    pairs.points(), Optional.of(new Interval(pairs.low(), pairs.high())), Optional.of(pairs));
        }
        double value = first.value().orElseThrow();
        double other = second.value().orElseThrow();
        return new FigureDifference(
                value - other,
                first.interval()
                        .flatMap(one -> second.interval().map(two -> Interval.ofDifference(value, one, other, two))),
                Optional.empty());
    }
}
