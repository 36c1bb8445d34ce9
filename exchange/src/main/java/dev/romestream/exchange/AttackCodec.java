package dev.romestream.exchange;

import dev.romestream.robustness.attack.AttackSettings;
import dev.romestream.robustness.attack.AttackTask;
import dev.romestream.robustness.attack.Norm;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.ThreatModel;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.schemas.AttackNorm;
import dev.romestream.schemas.AttackRequest;
import dev.romestream.schemas.AttackSpec;
import dev.romestream.schemas.AugmentationDraw;
import dev.romestream.schemas.EvaluationContext;
import dev.romestream.schemas.Ranges;
import dev.romestream.schemas.Space;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Attacks and attack requests: the library's values to records and back. */
public final class AttackCodec {
    private AttackCodec() {}

    public static AttackSpec encode(AttackSettings settings) {
        return new AttackSpec(
                settings.name(),
                Space.valueOf(settings.space().name()),
                settings.targeted(),
                settings.epsilon(),
                settings.stepSize(),
                settings.steps(),
                settings.randomStart(),
                settings.norm().map(norm -> AttackNorm.valueOf(norm.name())).orElse(null),
                settings.parameters());
    }

    public static AttackSettings decode(AttackSpec spec) {
        return new AttackSettings(
                spec.getAttack(),
                ThreatModel.Space.valueOf(spec.getSpace().name()),
                spec.getTargeted(),
                spec.getEpsilon(),
                spec.getStepSize(),
                spec.getSteps(),
                spec.getRandomStart(),
                norm(spec.getNorm()),
                spec.getParameters());
    }

    static Optional<Norm> norm(AttackNorm norm) {
        return Optional.ofNullable(norm).map(given -> Norm.valueOf(given.name()));
    }

    /**
     * A request, its id derived from all that determines the answer.
     *
     * @param evaluation which figure it counts towards; empty for priors
     */
    public static AttackRequest request(
            String network, int version, AttackTask task, int[] imageIds, Optional<EvaluationContext> evaluation) {
        AttackSpec attack = encode(task.settings());
        Optional<AugmentationDraw> draw = task.augmentation()
                .map(given ->
                        new AugmentationDraw(given.strategy(), given.seed().value()));
        Digest digest = new Digest()
                .add(network)
                .add(version)
                .add(attack)
                .add(task.seed().value())
                .add(Arrays.toString(imageIds))
                .add(Arrays.toString(task.labels()))
                .add(task.pixels());
        draw.ifPresent(digest::add);
        evaluation.ifPresent(digest::add);
        return AttackRequest.newBuilder()
                .setId(digest.hex())
                .setNetwork(network)
                .setVersion(version)
                .setImages(TensorCodec.encode(task.shape(), task.pixels()))
                .setLabels(boxed(task.labels()))
                .setImageIds(boxed(imageIds))
                .setAugmentation(draw.orElse(null))
                .setAttack(attack)
                .setSeed(task.seed().value())
                .setEvaluation(evaluation.orElse(null))
                .build();
    }

    /**
     * What a request asks for.
     *
     * @throws InvalidRecordException where it contradicts itself
     */
    public static AttackTask decode(AttackRequest request) {
        List<String> violations = Ranges.violations(request);
        if (!violations.isEmpty()) {
            throw new InvalidRecordException("AttackRequest " + request.getId() + ": " + String.join(" ", violations));
        }
        int count = request.getLabels().size();
        if (request.getImageIds().size() != count || count == 0) {
            throw new InvalidRecordException("AttackRequest " + request.getId() + " has " + count + " labels and "
                    + request.getImageIds().size() + " imageIds; there must be as many, and at least one.");
        }
        byte[] pixels = TensorCodec.decodeImages("images", request.getImages(), count);
        ImageShape shape = TensorCodec.imageShape("images", request.getImages(), count);
        return new AttackTask(
                decode(request.getAttack()),
                shape,
                pixels,
                ints(request.getLabels()),
                Optional.ofNullable(request.getAugmentation())
                        .map(draw -> new AttackTask.AugmentationDraw(draw.getStrategy(), new Seed(draw.getSeed()))),
                new Seed(request.getSeed()));
    }

    public static List<Integer> boxed(int[] values) {
        return Arrays.stream(values).boxed().toList();
    }

    public static int[] ints(List<Integer> values) {
        return values.stream().mapToInt(Integer::intValue).toArray();
    }
}
