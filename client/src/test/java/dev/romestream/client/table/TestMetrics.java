package dev.romestream.client.table;

import dev.romestream.schemas.Accuracy;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.RobustnessMetrics;
import java.util.List;

/** Metrics of a hundred images, the first 80 of which are right, and the first so many under PGD. */
public final class TestMetrics {
    private static final int IMAGES = 100;
    private static final int CLEAN = 80;

    private TestMetrics() {}

    static AttackAccuracy attack(String name, int standing) {
        return AttackAccuracy.newBuilder()
                .setAttack(name)
                .setEpsilon(0)
                .setControl(name.equals("none") || name.equals("clamp"))
                .setCorrect(standing)
                .setCount(IMAGES)
                .setAccuracy((double) standing)
                .setInterval(List.of(standing - 9.0, standing + 9.0))
                .setSeconds(0)
                .setGradientEvaluations(0)
                .setForwardEvaluations(0)
                .setPerImage("1".repeat(standing) + "0".repeat(IMAGES - standing))
                .build();
    }

    /** Of a victim of a snapshot, untargeted; few that stand raise a flag. */
    public static RobustnessMetrics of(String experiment, int snapshot, int victim, int standing) {
        double drop = (CLEAN - standing) / (double) CLEAN;
        return RobustnessMetrics.newBuilder()
                .setExperiment(experiment)
                .setMethod("dm")
                .setSnapshot(snapshot)
                .setIteration(10 * snapshot)
                .setFinal$(true)
                .setVictim(experiment + "/" + snapshot + "/victim-" + victim)
                .setSuite("pixel-2")
                .setMode(Mode.UNTARGETED)
                .setComplete(true)
                .setClean(new Accuracy((long) CLEAN, (long) IMAGES, (double) CLEAN, List.of(71.0, 87.0)))
                .setWorstCase(new Accuracy((long) standing, (long) IMAGES, (double) standing, List.of(0.0, 100.0)))
                .setAttacks(List.of(attack("none", CLEAN), attack("pgd", standing)))
                .setRr(0.0)
                .setIrr(100 * (1 - drop * drop))
                .setIrrInterval(List.of(1.0, 99.0))
                .setIrrPlus(null)
                .setAe(null)
                .setCrei(null)
                .setIcrei(null)
                .setFlags(standing < 20 ? List.of("not-converged") : List.of())
                .setImagesDigest("images")
                .build();
    }
}
