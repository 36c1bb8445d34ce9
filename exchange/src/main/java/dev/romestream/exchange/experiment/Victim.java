package dev.romestream.exchange.experiment;

import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.NetworkNorm;
import dev.romestream.schemas.NetworkSpec;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.TrainingRegime;
import dev.romestream.schemas.TrainingSpec;
import dev.romestream.schemas.VictimRequest;
import dev.romestream.schemas.VictimSpec;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;

/**
 * One victim of every snapshot of an experiment.
 *
 * @param number counts from 0 over all victims
 */
public record Victim(int number, Architecture architecture, VictimSpec spec) {
    /** The method of the figures of networks that users bring. */
    public static final String BROUGHT = "network";

    /** Metrics in the order of their series: by the window of a stream, and on it by snapshot or version. */
    public static final Comparator<RobustnessMetrics> IN_ORDER = Comparator.<RobustnessMetrics>comparingInt(
                    metrics -> window(metrics).orElse(-1))
            .thenComparingInt(RobustnessMetrics::getSnapshot);

    private static final int PIXEL_VALUES = 255;

    /**
     * The victims of an experiment with a distillation, in order.
     *
     * @throws IllegalArgumentException where an architecture is unknown
     */
    public static List<Victim> of(Experiment experiment) {
        NetworkSpec usual = experiment.getDistillation().getNetwork();
        List<Victim> victims = new ArrayList<>();
        for (VictimSpec spec : experiment.getEvaluation().getVictims()) {
            Architecture architecture = NetworkCodec.decode(network(usual, spec));
            for (int i = 0; i < spec.getCount(); i++) {
                victims.add(new Victim(victims.size(), architecture, spec));
            }
        }
        return victims;
    }

    /** What the victim is, in words: its architecture and, where it is not trained on images as they are, its training. */
    public String description() {
        TrainingSpec training = spec.getTraining();
        return training.getRegime() == TrainingRegime.NATURAL
                ? architecture.toString()
                : String.format(
                        Locale.ROOT,
                        "%s, %s at %.2f/255",
                        architecture,
                        training.getRegime().name().toLowerCase(Locale.ROOT).replace('_', '-'),
                        PIXEL_VALUES * training.getEpsilon());
    }

    /** The id of a victim. */
    public static String id(Experiment experiment, int snapshot, int victim) {
        return experiment.getId() + "/" + snapshot + "/victim-" + victim;
    }

    /** What figures are of, along snapshots or versions: a victim of a number, or a network that a user brings. */
    public static String network(RobustnessMetrics metrics) {
        String prefix = metrics.getExperiment() + "/"
                + (metrics.getMethod().equals(BROUGHT) ? "" : metrics.getSnapshot() + "/");
        String victim = metrics.getVictim();
        return victim.startsWith(prefix) ? victim.substring(prefix.length()) : victim;
    }

    /** The number of the stream's window whose images were scored. */
    public static OptionalInt window(RobustnessMetrics metrics) {
        return metrics.getWindow() == null
                ? OptionalInt.empty()
                : OptionalInt.of(metrics.getWindow().getNumber());
    }

    /** The seed of a victim: of the experiment's, the snapshot and the victim's number. */
    public static Seed seed(Experiment experiment, int snapshot, int victim) {
        return new Seed(experiment.getSeed()).with("victim").with(snapshot).with(victim);
    }

    /** The id under which a request is answered. */
    public static String answerId(VictimRequest request) {
        return request.getId() + "/" + request.getSequence();
    }

    private static NetworkSpec network(NetworkSpec usual, VictimSpec spec) {
        String name = spec.getArchitecture() == null ? usual.getArchitecture() : spec.getArchitecture();
        NetworkNorm norm = name.equals(usual.getArchitecture()) ? usual.getNorm() : NetworkNorm.INSTANCE;
        return new NetworkSpec(
                name,
                spec.getWidth() == null ? usual.getWidth() : spec.getWidth(),
                spec.getDepth() == null ? usual.getDepth() : spec.getDepth(),
                spec.getNorm() == null ? norm : spec.getNorm());
    }
}
