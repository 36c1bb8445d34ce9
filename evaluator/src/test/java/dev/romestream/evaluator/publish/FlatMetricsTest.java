package dev.romestream.evaluator.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.schemas.Accuracy;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.AttackNorm;
import dev.romestream.schemas.FlatFigure;
import dev.romestream.schemas.ImageLabels;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Stability;
import dev.romestream.schemas.Window;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FlatMetricsTest {
    private static AttackAccuracy pgd(int steps, double accuracy) {
        return AttackAccuracy.newBuilder()
                .setAttack("pgd")
                .setEpsilon(0.5)
                .setSteps(steps)
                .setNorm(AttackNorm.LINF)
                .setSource(steps == 50 ? new NetworkVersion("other", 3, "") : null)
                .setControl(false)
                .setRated(steps == 10)
                .setCorrect(1)
                .setCount(4)
                .setAccuracy(accuracy)
                .setInterval(List.of(accuracy - 1, accuracy + 1))
                .setSeconds(0)
                .setGradientEvaluations(0)
                .setForwardEvaluations(0)
                .setFailure(steps == 50 ? "out of memory" : null)
                .build();
    }

    private static RobustnessMetrics metrics() {
        return RobustnessMetrics.newBuilder()
                .setExperiment("e")
                .setMethod("dm")
                .setSnapshot(2)
                .setIteration(100)
                .setFinal$(true)
                .setVictim("victim-0")
                .setSuite("quick")
                .setMode(Mode.TARGETED)
                .setComplete(false)
                .setClean(new Accuracy(3L, 4L, 75.0, List.of(30.1, 95.4)))
                .setWorstCase(new Accuracy(0L, 0L, null, null))
                .setAttacks(List.of(pgd(10, 25), pgd(50, 12)))
                .setRr(null)
                .setIrr(42.5)
                .setIrrInterval(List.of(40.0, 45.0))
                .setIrrPlus(null)
                .setAe(1.5)
                .setCrei(null)
                .setIcrei(null)
                .setUndefined(Map.of("rr", "no attack changes anything"))
                .setFlags(List.of("CHANCE_LEVEL", "FEW_IMAGES"))
                .setDataset("d")
                .setFingerprint("f")
                .setImagesDigest("i")
                .setDigest("v")
                .setPlan("p")
                .setWindow(new Window("photos-1", 17, 5L, 9L, List.of()))
                .build();
    }

    @Test
    void everyFigureIsARow() {
        Map<String, FlatFigure> rows = FlatMetrics.of(metrics());
        assertThat(rows.keySet())
                .containsExactly("clean", "worstCase", "rr", "irr", "irrPlus", "ae", "crei", "icrei", "pgd", "pgd_2");
        assertThat(rows.get("irr").toString())
                .isEqualTo(
                        "{\"experiment\": \"e\", \"method\": \"dm\", \"snapshot\": 2, \"iteration\": 100, \"final\": true,"
                                + " \"victim\": \"victim-0\", \"version\": 0, \"suite\": \"quick\", \"mode\": \"targeted\", \"figure\": \"irr\","
                                + " \"epsilon\": null, \"norm\": null, \"steps\": null, \"source\": null, \"control\": null, \"rated\": null,"
                                + " \"value\": 42.5, \"low\": 40.0, \"high\": 45.0, \"correct\": null,"
                                + " \"count\": null, \"complete\": false, \"undefined\": null, \"flags\": \"CHANCE_LEVEL,FEW_IMAGES\","
                                + " \"dataset\": \"d\", \"fingerprint\": \"f\", \"imagesDigest\": \"i\", \"digest\": \"v\","
                                + " \"plan\": \"p\", \"precision\": \"float32\","
                                + " \"window\": 17, \"windowFirst\": 5, \"windowLast\": 9, \"labels\": \"given\"}");
        assertThat(rows.get("clean").getCorrect()).isEqualTo(3);
        assertThat(rows.get("clean").getHigh()).isEqualTo(95.4);
        assertThat(rows.get("clean").getUndefined()).isNull();
        assertThat(rows.get("pgd").getSteps()).isEqualTo(10);
        assertThat(rows.get("pgd").getNorm()).isEqualTo("linf");
        assertThat(rows.get("pgd").getSource()).isNull();
        assertThat(rows.get("pgd").getControl()).isFalse();
        assertThat(rows.get("pgd").getRated()).isTrue();
        assertThat(rows.get("pgd_2").getSource()).isEqualTo("other/3");
        assertThat(rows.get("pgd_2").getRated()).isFalse();
        assertThat(rows.get("pgd_2").getSteps()).isEqualTo(50);
        assertThat(rows.get("pgd_2").getValue()).isEqualTo(12);
    }

    @Test
    void ofPredictedLabelsThereIsStabilityAndNoAccuracyUntilLabelsHaveCome() {
        RobustnessMetrics metrics = metrics();
        metrics.setClean(new Accuracy(0L, 0L, null, null));
        metrics.setIrr(null);
        metrics.setUndefined(Map.of("irr", "labels are predicted"));
        metrics.setLabels(ImageLabels.PREDICTED);
        metrics.setStability(new Stability(30L, 40L, 75.0, List.of(60.0, 86.0)));
        metrics.getAttacks().get(0).setStability(new Stability(32L, 40L, 80.0, List.of(66.0, 90.0)));
        Map<String, FlatFigure> rows = FlatMetrics.of(metrics);
        for (String accuracy : List.of("clean", "worstCase", "irr")) {
            assertThat(rows.get(accuracy).getValue()).as(accuracy).isNull();
            assertThat(rows.get(accuracy).getUndefined()).as(accuracy).contains("labels are predicted");
        }
        FlatFigure stability = rows.get("stability");
        assertThat(stability.getValue()).isEqualTo(75);
        assertThat(stability.getHigh()).isEqualTo(86);
        assertThat(stability.getCount()).isEqualTo(40);
        assertThat(stability.getCorrect()).isNull();
        assertThat(stability.getLabels()).isEqualTo("predicted");
        assertThat(rows.get("pgd").getValue()).isEqualTo(80);
        assertThat(rows.get("pgd").getCorrect()).isNull();
        metrics.setClean(new Accuracy(3L, 4L, 75.0, List.of(30.1, 95.4)));
        assertThat(FlatMetrics.of(metrics).get("clean").getValue()).isEqualTo(75);
        assertThat(FlatMetrics.of(metrics).keySet())
                .as("tombstones find every row")
                .isEqualTo(rows.keySet());
    }

    @Test
    void whatIsUndefinedSaysWhy() {
        Map<String, FlatFigure> rows = FlatMetrics.of(metrics());
        assertThat(rows.get("rr").getValue()).isNull();
        assertThat(rows.get("rr").getUndefined()).isEqualTo("no attack changes anything");
        assertThat(rows.get("worstCase").getValue()).isNull();
        assertThat(rows.get("worstCase").getLow()).isNull();
        assertThat(rows.get("worstCase").getUndefined()).isEqualTo("no image has been seen yet");
        assertThat(rows.get("pgd").getUndefined()).isNull();
        assertThat(rows.get("pgd_2").getUndefined()).isEqualTo("out of memory");
    }
}
