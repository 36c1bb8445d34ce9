package dev.romestream.evaluator.publish;

import dev.romestream.evaluator.plan.EvaluationPlan;
import dev.romestream.exchange.identity.Identity;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.metric.Interval;
import dev.romestream.robustness.metric.Outcomes;
import dev.romestream.robustness.metric.Ratio;
import dev.romestream.robustness.metric.RatioInterval;
import dev.romestream.robustness.metric.RobustnessRatios;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.schemas.Accuracy;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.AttackNorm;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Split;
import dev.romestream.schemas.Stability;
import dev.romestream.schemas.Tally;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** The figures of one mode, from a tally. */
final class MetricsCalculation {
    private final Evaluation evaluation;
    private final Mode mode;
    private final List<AttackOutcomes> all = new ArrayList<>();
    private final List<AttackOutcomes> own;
    /** Of the images whose labels are known. */
    private final List<AttackOutcomes> labelled;

    private MetricsCalculation(Evaluation evaluation, Tally tally, Mode mode) {
        this.evaluation = evaluation;
        this.mode = mode;
        for (int i = 0; i < evaluation.getAttacks().size(); i++) {
            all.add(AttackOutcomes.of(
                    evaluation.getAttacks().get(i), tally.getAttacks().get(i)));
        }
        this.own = all.stream().filter(attack -> attack.isOf(mode)).toList();
        this.labelled = isPredicted() ? labelled(tally) : own;
    }

    /**
     * An image counts as right where its label came, the network takes it for that, and goes on to; a label beyond the network's classes
     * is none.
     */
    private List<AttackOutcomes> labelled(Tally tally) {
        BitSet known = new BitSet();
        BitSet right = new BitSet();
        int images = Math.min(tally.getLabels().size(), tally.getPredicted().size());
        for (int image = 0; image < images; image++) {
            int label = tally.getLabels().get(image);
            boolean isKnown = label != LabelledImages.UNLABELLED && label < evaluation.getClasses();
            known.set(image, isKnown);
            right.set(image, isKnown && label == tally.getPredicted().get(image));
        }
        return own.stream().map(attack -> attack.of(known, right)).toList();
    }

    static RobustnessMetrics of(Evaluation evaluation, Tally tally, Mode mode) {
        return new MetricsCalculation(evaluation, tally, mode).metrics();
    }

    private boolean isPredicted() {
        return EvaluationPlan.isPredicted(evaluation);
    }

    private RobustnessMetrics metrics() {
        AttackOutcomes clean = outcomes(labelled, Attacks.NONE);
        AttackOutcomes stable = outcomes(own, Attacks.NONE);
        List<AttackOutcomes> rated =
                labelled.stream().filter(AttackOutcomes::isRated).toList();
        RobustnessRatios ratios = ratios(clean, rated);
        Map<String, String> undefined = new TreeMap<>(ratios.undefined());
        Outcomes outcomes = new Outcomes(
                common(labelled),
                clean.correct(),
                rated.stream().map(AttackOutcomes::correct).toList());
        Optional<Interval> irrInterval = ratios.irr().flatMap(any -> RatioInterval.of(Ratio.IRR, outcomes));
        Optional<Interval> rrInterval = ratios.rr().flatMap(any -> RatioInterval.of(Ratio.RR, outcomes));
        if (ratios.rr().isPresent() && rrInterval.isEmpty()) {
            undefined.put(
                    "rrInterval", rated.size() == 1 ? "of a single attack RR is 0" : "no attack lowers the accuracy");
        }
        return RobustnessMetrics.newBuilder()
                .setExperiment(evaluation.getExperiment())
                .setMethod(evaluation.getMethod())
                .setSnapshot(evaluation.getSnapshot())
                .setIteration(evaluation.getIteration())
                .setImageBytes(evaluation.getImageBytes())
                .setLabelBytes(evaluation.getLabelBytes())
                .setFinal$(evaluation.getFinal$())
                .setVictim(evaluation.getVictim())
                .setSuite(evaluation.getSuite())
                .setMode(mode)
                .setVersion(evaluation.getVersion())
                .setArchitecture(evaluation.getArchitecture())
                .setClassCounts(evaluation.getClassCounts())
                .setComplete(own.stream()
                        .allMatch(attack -> isComplete(attack) || attack.tally().getFailure() != null))
                .setClean(accuracy(clean.correct(), clean.seen()))
                .setAttacks(IntStream.range(0, own.size())
                        .mapToObj(i -> accuracy(own.get(i), labelled.get(i), stable))
                        .toList())
                .setWorstCase(worstCase(labelled))
                .setLabels(evaluation.getLabels())
                .setStability(isPredicted() ? stability(worstCase(own)) : null)
                .setRr(ratios.rr().orElse(null))
                .setIrr(ratios.irr().orElse(null))
                .setIrrInterval(irrInterval.map(MetricsCalculation::bounds).orElse(null))
                .setRrInterval(rrInterval.map(MetricsCalculation::bounds).orElse(null))
                .setIrrPlus(ratios.irrPlus().orElse(null))
                .setAe(ratios.ae().orElse(null))
                .setCrei(ratios.crei().orElse(null))
                .setIcrei(ratios.icrei().orElse(null))
                .setUndefined(undefined)
                .setFlags(flags(stable))
                .setDataset(evaluation.getDataset())
                .setFingerprint(evaluation.getFingerprint())
                .setImagesDigest(
                        Identity.images(evaluation.getFingerprint(), Split.TEST, EvaluationPlan.images(evaluation)))
                .setDigest(evaluation.getDigest())
                .setPlan(evaluation.getPlan())
                .setWindow(evaluation.getWindow())
                .setSpecification(evaluation.getSpecification())
                .build();
    }

    private List<String> flags(AttackOutcomes clean) {
        List<String> flags = new ArrayList<>(evaluation.getFlags());
        flags.addAll(
                new EvaluationFlags(all, mode, clean, outcomes(own, Attacks.CLAMP), evaluation.getClasses()).list());
        return flags.stream().sorted().toList();
    }

    private AttackOutcomes outcomes(List<AttackOutcomes> attacks, String name) {
        return attacks.stream()
                .filter(attack -> attack.spec().name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        "The plan of suite " + evaluation.getSuite() + " lacks the control " + name + "."));
    }

    private RobustnessRatios ratios(AttackOutcomes clean, List<AttackOutcomes> attacks) {
        BitSet images = common(labelled);
        if (isPredicted() && images.isEmpty()) {
            return RobustnessRatios.undefined("labels are predicted, and none have come");
        }
        if (evaluation.getFlags().contains(EvaluationFlags.BATCH_DEPENDENT)) {
            return RobustnessRatios.undefined(
                    "the network sees an image otherwise in another batch (" + EvaluationFlags.BATCH_DEPENDENT + ")");
        }
        Optional<AttackOutcomes> failed = own.stream()
                .filter(attack -> !isComplete(attack) && attack.tally().getFailure() != null)
                .findFirst();
        if (failed.isPresent()) {
            return RobustnessRatios.undefined(
                    "the attack " + failed.get().spec().name() + " failed: "
                            + failed.get().tally().getFailure());
        }
        if (images.isEmpty()) {
            return RobustnessRatios.undefined(
                    clean.isEmpty() || attacks.stream().anyMatch(AttackOutcomes::isEmpty)
                            ? "not every attack has a result yet"
                            : "no image has been seen by every attack yet");
        }
        return RobustnessRatios.of(
                clean.percent(images),
                attacks.stream().map(attack -> attack.percent(images)).toList(),
                secondsPerImage(clean),
                attacks.stream().map(MetricsCalculation::secondsPerImage).toList());
    }

    /** While attacks have seen unequal numbers of images, only times per image compare. */
    private static double secondsPerImage(AttackOutcomes attack) {
        return attack.tally().getSeconds() / attack.seen().cardinality();
    }

    /** Images that every attack and the clean evaluation have seen. */
    private static BitSet common(List<AttackOutcomes> attacks) {
        BitSet common = (BitSet) attacks.get(0).seen().clone();
        attacks.forEach(attack -> common.and(attack.seen()));
        return common;
    }

    private Accuracy worstCase(List<AttackOutcomes> attacks) {
        BitSet seen = common(attacks);
        BitSet robust = (BitSet) seen.clone();
        robust.and(outcomes(attacks, Attacks.NONE).correct());
        attacks.stream().filter(attack -> !attack.isControl()).forEach(attack -> robust.and(attack.correct()));
        return accuracy(robust, seen);
    }

    private static Accuracy accuracy(BitSet correct, BitSet seen) {
        int count = seen.cardinality();
        int hits = correct.cardinality();
        return count == 0
                ? new Accuracy(0L, 0L, null, null)
                : new Accuracy((long) hits, (long) count, 100.0 * hits / count, bounds(Interval.wilson(hits, count)));
    }

    /** As many are stable as would be correct if predictions were labels. */
    private static Stability stability(Accuracy accuracy) {
        return new Stability(
                accuracy.getCorrect(), accuracy.getCount(), accuracy.getAccuracy(), accuracy.getInterval());
    }

    private AttackAccuracy accuracy(AttackOutcomes attack, AttackOutcomes labelled, AttackOutcomes clean) {
        Accuracy accuracy = accuracy(labelled.correct(), labelled.seen());
        return AttackAccuracy.newBuilder()
                .setAttack(attack.spec().name())
                .setEpsilon(attack.spec().epsilon())
                .setSteps(attack.spec().steps())
                .setNorm(Attacks.norm(attack.spec())
                        .map(norm -> AttackNorm.valueOf(norm.name()))
                        .orElse(null))
                .setSource(attack.planned().getSource())
                .setControl(attack.isControl())
                .setRated(attack.isRated())
                .setCorrect(accuracy.getCorrect())
                .setCount(accuracy.getCount())
                .setAccuracy(accuracy.getAccuracy())
                .setInterval(accuracy.getInterval())
                .setStability(isPredicted() ? stability(accuracy(attack.correct(), attack.seen())) : null)
                .setSeconds(attack.tally().getSeconds())
                .setGradientEvaluations(attack.tally().getGradientEvaluations())
                .setForwardEvaluations(attack.tally().getForwardEvaluations())
                .setUnmoved(attack.unmoved(clean).cardinality())
                .setPerImage(isComplete(attack) ? perImage(attack) : "")
                .setFailure(isComplete(attack) ? null : attack.tally().getFailure())
                .setPrecision(attack.planned().getPrecision())
                .setSample(attack.tally().getSample())
                .build();
    }

    private boolean isComplete(AttackOutcomes attack) {
        return attack.seen().cardinality() == evaluation.getImages();
    }

    private String perImage(AttackOutcomes attack) {
        StringBuilder outcomes = new StringBuilder();
        for (int image : EvaluationPlan.images(evaluation)) {
            outcomes.append(attack.correct().get(image) ? '1' : '0');
        }
        return outcomes.toString();
    }

    private static List<Double> bounds(Interval interval) {
        return List.of(interval.low(), interval.high());
    }
}
