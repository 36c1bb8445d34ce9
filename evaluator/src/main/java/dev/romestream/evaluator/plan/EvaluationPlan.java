package dev.romestream.evaluator.plan;

import dev.romestream.exchange.codec.AttackCodec;
import dev.romestream.exchange.identity.NetworkReference;
import dev.romestream.robustness.attack.AttackSettings;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.attack.Suite;
import dev.romestream.robustness.attack.SuiteAttack;
import dev.romestream.robustness.tensor.Precision;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.schemas.AnswerKind;
import dev.romestream.schemas.AttackRequest;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.ImageLabels;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.PlannedAttack;
import dev.romestream.schemas.Split;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** The requests by which a network is scored under a suite. */
public final class EvaluationPlan {
    private EvaluationPlan() {}

    /** A request's place in the plan: an attack, and the images from one on. */
    public record Slot(int attack, int from) {}

    /**
     * The suite's attacks: each control once, for both modes; every other attack once for each of its own, and an attack that is
     * transferred once more for each source.
     *
     * @param sources of transferred attacks; where there are none, the victim itself is
     * @param fastest the precision of attacks that leave it open
     */
    public static List<PlannedAttack> attacks(
            Suite suite, NetworkVersion victim, List<NetworkVersion> sources, Precision fastest) {
        List<PlannedAttack> planned = new ArrayList<>();
        for (SuiteAttack attack : suite.attacks()) {
            AttackSettings spec = attack.spec();
            if (Attacks.isControl(spec.name())) {
                planned.add(planned(spec, null, false, Precision.FLOAT32, List.of(Mode.values())));
                continue;
            }
            List<NetworkVersion> origins = attack.transfer() && !sources.isEmpty() ? sources : List.of(victim);
            for (NetworkVersion origin : origins) {
                Precision precision = Attacks.followsGradients(spec.name())
                        ? attack.precision().orElse(fastest)
                        : Precision.FLOAT32;
                NetworkVersion source = origin.equals(victim) ? null : origin;
                if (attack.untargeted()) {
                    planned.add(planned(spec, source, attack.rated(), precision, List.of(Mode.UNTARGETED)));
                }
                if (attack.targeted()) {
                    planned.add(
                            planned(spec.targetedAt(true), source, attack.rated(), precision, List.of(Mode.TARGETED)));
                }
            }
        }
        return planned;
    }

    private static PlannedAttack planned(
            AttackSettings attack, NetworkVersion source, boolean rated, Precision precision, List<Mode> modes) {
        return PlannedAttack.newBuilder()
                .setAttack(AttackCodec.encode(attack))
                .setSource(source)
                .setRated(rated)
                .setPrecision(AttackCodec.encode(precision))
                .setModes(modes)
                .build();
    }

    /** Outcomes of an evaluation, over attacks and their modes. */
    static long outcomes(Evaluation evaluation) {
        return (long) evaluation.getImages()
                * evaluation.getAttacks().stream()
                        .mapToLong(attack -> attack.getModes().size())
                        .sum();
    }

    /**
     * The places of all requests: every attack on some images before any attack on the next ones, so that running ratios can be
     * computed early.
     */
    public static List<Slot> slots(Evaluation evaluation) {
        List<Slot> slots = new ArrayList<>();
        for (int from = 0; from < evaluation.getImages(); from += evaluation.getRequestSize()) {
            for (int attack = 0; attack < evaluation.getAttacks().size(); attack++) {
                slots.add(new Slot(attack, from));
            }
        }
        return slots;
    }

    /** Ids of the images of a place. */
    public static int[] images(Evaluation evaluation, Slot slot) {
        int to = Math.min(evaluation.getImages(), slot.from() + evaluation.getRequestSize());
        return images(evaluation, slot.from(), to);
    }

    /** Ids of all images, in the order in which they are attacked. */
    public static int[] images(Evaluation evaluation) {
        return images(evaluation, 0, evaluation.getImages());
    }

    private static int[] images(Evaluation evaluation, int from, int to) {
        List<Integer> ids = evaluation.getImageIds();
        return ids.isEmpty()
                ? IntStream.range(from, to).toArray()
                : ids.subList(from, to).stream().mapToInt(Integer::intValue).toArray();
    }

    /** The request of a place. Attacks that draw get seeds of their own. */
    public static AttackRequest request(Evaluation evaluation, Slot slot, int attempt, long askedAt) {
        PlannedAttack planned = evaluation.getAttacks().get(slot.attack());
        NetworkReference network = planned.getSource() == null
                ? NetworkReference.victim(evaluation)
                : NetworkReference.of(planned.getSource());
        var spec = new AttackCodec.RequestSpec(
                network,
                evaluation.getDataset(),
                evaluation.getFingerprint(),
                Split.TEST,
                images(evaluation, slot),
                AttackCodec.decode(planned.getAttack()),
                Optional.empty(),
                new Seed(evaluation.getSeed())
                        .with(evaluation.getSuite())
                        .with(slot.attack())
                        .with(slot.from()),
                AnswerKind.IMAGES,
                evaluation.getKey(),
                AttackCodec.decode(planned.getPrecision()));
        AttackRequest request = AttackCodec.request(spec, attempt);
        request.setPlan(evaluation.getPlan());
        request.setAskedAt(askedAt);
        return request;
    }

    /** Whether the images have no labels, so that what the victim predicts stands for them. */
    public static boolean isPredicted(Evaluation evaluation) {
        return evaluation.getLabels() == ImageLabels.PREDICTED;
    }

    /** Whether a place's attack needs to know what the victim predicts, where images have no labels. */
    public static boolean needsLabels(Evaluation evaluation, Slot slot) {
        return isPredicted(evaluation) && !isClean(evaluation, slot.attack());
    }

    /** Whether an attack is none: the images as they are. */
    public static boolean isClean(Evaluation evaluation, int attack) {
        return evaluation.getAttacks().get(attack).getAttack().getAttack().equals(Attacks.NONE);
    }

    /** The places of all requests by the requests' ids. */
    public static Map<String, Slot> byId(Evaluation evaluation) {
        Map<String, Slot> slots = new HashMap<>();
        slots(evaluation)
                .forEach(slot -> slots.put(request(evaluation, slot, 0, 0).getId(), slot));
        return slots;
    }
}
