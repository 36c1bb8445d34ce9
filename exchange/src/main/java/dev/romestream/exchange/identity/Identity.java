package dev.romestream.exchange.identity;

import dev.romestream.experiments.DatasetIds;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.EvaluationSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.NamedTensor;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.SnapshotClass;
import dev.romestream.schemas.SnapshotManifest;
import dev.romestream.schemas.Split;
import dev.romestream.schemas.Tensor;
import dev.romestream.schemas.VictimRequest;
import dev.romestream.schemas.Window;
import java.nio.ByteBuffer;
import java.util.List;

/** What things are, by content: the one place that says what determines which. Digests are SHA-256 in hexadecimal digits. */
public final class Identity {
    private Identity() {}

    /**
     * Digest of what a network computes: its architecture, input, normalisation and parameters, whatever it is called.
     *
     * @param network with the bytes of its tensors
     */
    public static String network(Network network) {
        Digest digest = new Digest()
                .add(network.getArchitecture())
                .add(network.getInputShape().toString())
                .add(network.getClasses())
                .add(network.getMean().toString())
                .add(network.getStd().toString());
        for (NamedTensor parameter : network.getParameters()) {
            add(digest.add(parameter.getName()), parameter.getTensor());
        }
        return digest.hex();
    }

    private static Digest add(Digest digest, Tensor tensor) {
        byte[] bytes = new byte[tensor.getData().remaining()];
        tensor.getData().duplicate().get(bytes);
        return digest.add(tensor.getShape().toString())
                .add(tensor.getDtype().name())
                .add(bytes);
    }

    /** Digest of a network's record as it stands on its topic: it changes where the network may have. */
    public static String revision(Network head) {
        return new Digest().add(head).hex();
    }

    /** Digest of images and labels of a set. */
    public static String set(List<SnapshotClass> classes) {
        Digest digest = new Digest();
        for (SnapshotClass part : classes) {
            add(digest.add(part.getLabel()), part.getImages());
            if (part.getSoftLabels() != null) {
                add(digest, part.getSoftLabels());
            }
        }
        return digest.hex();
    }

    /** Digest of which images of which data set these are, in their order. */
    public static String images(String fingerprint, Split split, int[] ids) {
        ByteBuffer bytes = ByteBuffer.allocate(ids.length * Integer.BYTES);
        bytes.asIntBuffer().put(ids);
        return new Digest()
                .add(fingerprint)
                .add(split.name())
                .add(bytes.array())
                .hex();
    }

    /** The experiment as far as it determines what is done: of a run, what is said of it and where it came from, nothing. */
    public static Experiment work(Experiment experiment) {
        return Experiment.newBuilder(experiment)
                .setRun(0)
                .setSubmitted(0)
                .setDesiredState(DesiredState.RUN)
                .setDataset(DatasetIds.determining(experiment.getDataset()))
                .setAlerts(List.of())
                .setSweep("")
                .build();
    }

    /** Digest of all of an experiment that determines its figures. */
    public static String specification(Experiment experiment) {
        return new Digest()
                .add(Experiment.newBuilder(work(experiment)).setName("").build())
                .hex();
    }

    /** Whether two records of an experiment have the same figures; cheap where they are equal. */
    public static boolean isSameSpecification(Experiment one, Experiment other) {
        return one.equals(other) || specification(one).equals(specification(other));
    }

    /** Whether two records of an experiment have the same snapshots; cheap where they are equal. */
    public static boolean isSameDistillation(Experiment one, Experiment other) {
        return one.equals(other) || distillation(one).equals(distillation(other));
    }

    /** Digest of all of an experiment with a distillation that determines its snapshots, but for the images of its data set. */
    public static String distillation(Experiment experiment) {
        return new Digest()
                .add(experiment.getDistillation())
                .add(DatasetIds.determining(experiment.getDataset()))
                .add(experiment.getSeed())
                .hex();
    }

    /** Whether a snapshot is of the distillation that an experiment has; of one that names none, it is. */
    public static boolean isOf(SnapshotManifest manifest, Experiment experiment) {
        return manifest.getSpecification().isEmpty()
                || manifest.getSpecification().equals(distillation(experiment));
    }

    /**
     * Digest of all that determines a network that is made ready: the id of the request.
     *
     * @param fingerprint of the data set
     */
    public static String victim(VictimRequest request, String fingerprint) {
        return new Digest()
                .add(VictimRequest.newBuilder(request)
                        .setId("")
                        .setSequence(0)
                        .setExperiment(Experiment.newBuilder(work(request.getExperiment()))
                                .setName("")
                                .setEvaluation(withoutSuites(request.getExperiment()))
                                .build())
                        .build())
                .add(fingerprint)
                .hex();
    }

    private static EvaluationSpec withoutSuites(Experiment experiment) {
        return EvaluationSpec.newBuilder()
                .setVictims(experiment.getEvaluation().getVictims())
                .build();
    }

    /** Digest of all that determines an evaluation's figures; whether and in which run it is done is no part of it. */
    public static String plan(Evaluation evaluation) {
        return new Digest()
                .add(Evaluation.newBuilder(evaluation)
                        .setRun(0)
                        .setActive(true)
                        .setPlan("")
                        .build())
                .hex();
    }

    /**
     * The key of an evaluation, and of its answers.
     *
     * @param window of a stream, whose images are scored; null for a data set that is none
     */
    public static String evaluationKey(String experiment, int snapshot, Window window, String victim, String suite) {
        String at = window == null ? "" : "@" + window.getNumber();
        return experiment + "/" + snapshot + at + "/" + victim + "/" + suite;
    }

    /** The key of the evaluation that metrics are of. */
    public static String evaluationKey(RobustnessMetrics metrics) {
        return evaluationKey(
                metrics.getExperiment(),
                metrics.getSnapshot(),
                metrics.getWindow(),
                metrics.getVictim(),
                metrics.getSuite());
    }
}
