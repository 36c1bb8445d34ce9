package dev.romestream.exchange.codec;

import dev.romestream.exchange.identity.Digest;
import dev.romestream.exchange.identity.NetworkReference;
import dev.romestream.robustness.attack.AttackSettings;
import dev.romestream.robustness.attack.AttackTask;
import dev.romestream.robustness.attack.Norm;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.robustness.network.ThreatModel;
import dev.romestream.robustness.tensor.Precision;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.schemas.AnswerKind;
import dev.romestream.schemas.AttackNorm;
import dev.romestream.schemas.AttackRequest;
import dev.romestream.schemas.AttackSpec;
import dev.romestream.schemas.AugmentationDraw;
import dev.romestream.schemas.Space;
import dev.romestream.schemas.Split;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Attacks and attack requests: the library's values to records and back. */
public final class AttackCodec {
    private AttackCodec() {}

    public static AttackSpec encode(AttackSettings spec) {
        return new AttackSpec(
                spec.name(),
                Space.valueOf(spec.space().name()),
                spec.targeted(),
                spec.epsilon(),
                spec.stepSize(),
                spec.steps(),
                spec.randomStart(),
                spec.norm().map(norm -> AttackNorm.valueOf(norm.name())).orElse(null),
                spec.parameters());
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
        return Optional.ofNullable(norm).map(known -> Norm.valueOf(known.name()));
    }

    /**
     * What is requested of attackers.
     *
     * @param images of a data set's split, by their ids
     * @param answer what is to come back, and under which key
     */
    public record RequestSpec(
            NetworkReference network,
            String dataset,
            String fingerprint,
            Split split,
            int[] images,
            AttackSettings attack,
            Optional<AttackTask.AugmentationDraw> augmentation,
            Seed seed,
            AnswerKind answer,
            String replyKey,
            Precision precision) {}

    /**
     * A request, its id derived from all that determines the answer.
     *
     * @param attempt does not count towards the id
     */
    public static AttackRequest request(RequestSpec spec, int attempt) {
        AttackRequest request = AttackRequest.newBuilder()
                .setId("")
                .setNetwork(spec.network().id())
                .setVersion(spec.network().version())
                .setDigest(spec.network().digest())
                .setDataset(spec.dataset())
                .setFingerprint(spec.fingerprint())
                .setSplit(spec.split())
                .setImageIds(boxed(spec.images()))
                .setAugmentation(spec.augmentation()
                        .map(draw -> new AugmentationDraw(
                                draw.strategy(), draw.seed().value()))
                        .orElse(null))
                .setAttack(encode(spec.attack()))
                .setSeed(spec.seed().value())
                .setAnswer(spec.answer())
                .setReplyKey(spec.replyKey())
                .setPrecision(encode(spec.precision()))
                .build();
        request.setId(new Digest().add(request).hex());
        request.setAttempt(attempt);
        return request;
    }

    /**
     * What a request asks for.
     *
     * @throws InvalidRecordException where it contradicts itself or the data set
     */
    public static AttackTask decode(AttackRequest request, Dataset dataset) {
        LabelledImages images = dataset.split(request.getSplit());
        int[] ids = ints(request.getImageIds());
        for (int id : ids) {
            if (id < 0 || id >= images.size()) {
                throw new InvalidRecordException("AttackRequest " + request.getId() + " has the image id " + id
                        + "; the split has images 0 to " + (images.size() - 1) + ".");
            }
        }
        int[] labels = request.getLabels().isEmpty() ? images.labels(ids) : ints(request.getLabels());
        if (labels.length != ids.length) {
            throw new InvalidRecordException("AttackRequest " + request.getId() + " has " + labels.length
                    + " labels and " + ids.length + " imageIds; there must be as many, or no labels.");
        }
        return new AttackTask(
                decode(request.getAttack()),
                images.shape(),
                images.bytes(ids),
                labels,
                Optional.ofNullable(request.getAugmentation())
                        .map(draw -> new AttackTask.AugmentationDraw(draw.getStrategy(), new Seed(draw.getSeed()))),
                new Seed(request.getSeed()),
                decode(request.getPrecision()));
    }

    public static dev.romestream.schemas.Precision encode(Precision precision) {
        return dev.romestream.schemas.Precision.valueOf(precision.name());
    }

    public static Precision decode(dev.romestream.schemas.Precision precision) {
        return Precision.valueOf(precision.name());
    }

    /**
     * Checks what a request tells by itself.
     *
     * @throws InvalidRecordException naming what is wrong
     */
    public static void check(AttackRequest request) {
        if (request.getImageIds().isEmpty()) {
            throw new InvalidRecordException(
                    "AttackRequest " + request.getId() + " has no imageIds; there must be at least one.");
        }
    }

    public static List<Integer> boxed(int[] values) {
        return Arrays.stream(values).boxed().toList();
    }

    public static int[] ints(List<Integer> values) {
        return values.stream().mapToInt(Integer::intValue).toArray();
    }
}
