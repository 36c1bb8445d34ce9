package dev.romestream.standalone.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.robustness.metric.Interval;
import dev.romestream.schemas.Accuracy;
import dev.romestream.schemas.Alert;
import dev.romestream.schemas.AlertAction;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Window;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Of 400 images a window: the first are right, and so do the first stand. */
class LiveStoryTest {
    private static final int IMAGES = 400;

    private static AttackAccuracy attack(String name, int correct) {
        Interval interval = Interval.wilson(correct, IMAGES);
        AttackAccuracy attack = AttackAccuracy.newBuilder()
                .setAttack(name)
                .setEpsilon(0.01)
                .setControl(name.equals("none"))
                .setCorrect(correct)
                .setCount(IMAGES)
                .setAccuracy(100.0 * correct / IMAGES)
                .setInterval(List.of(interval.low(), interval.high()))
                .setSeconds(1)
                .setGradientEvaluations(1)
                .setForwardEvaluations(1)
                .build();
        attack.setPerImage("1".repeat(correct) + "0".repeat(IMAGES - correct));
        return attack;
    }

    private static RobustnessMetrics metrics(int version, int window, int clean, int standing, String... marks) {
        AttackAccuracy none = attack("none", clean);
        RobustnessMetrics metrics = new RobustnessMetrics();
        metrics.setVersion(version);
        metrics.setMode(Mode.UNTARGETED);
        metrics.setComplete(true);
        metrics.setImagesDigest("images of " + window);
        metrics.setWindow(new Window("s", window, 0L, 1L, List.of(marks)));
        metrics.setClean(new Accuracy((long) clean, (long) IMAGES, none.getAccuracy(), none.getInterval()));
        metrics.setAttacks(List.of(none, attack("pgd", standing)));
        return metrics;
    }

    private static final RobustnessMetrics BEFORE = metrics(1, 3, 340, 150);
    private static final RobustnessMetrics FALLEN = metrics(1, 4, 200, 50, "rotation:5@9600");

    private static Alert alert() {
        Alert alert = new Alert();
        alert.setRule("falls");
        alert.setRaisedOn(4);
        alert.setAction(new AlertAction("live", "falls", "set", "pixels", 4, 1L, "set", "pgd 12.5, against 37.5"));
        return alert;
    }

    @Test
    void itTellsWhatWasLostAndWhatAnotherSetWinsOnTheSameImages() {
        LiveStory story = LiveStory.of(
                Stream.of(metrics(4, 5, 262, 62), metrics(4, 4, 260, 52, "rotation:5@9600"), FALLEN, BEFORE));
        assertThat(story.isOver()).isTrue();
        assertThat(story.lines(List.of(alert()))).hasSize(5).satisfies(lines -> {
            assertThat(lines.get(0))
                    .startsWith("Before the drift:  window 3, clean 85.0 [")
                    .contains("under PGD 37.5 [");
            assertThat(lines.get(1)).startsWith("With rotation:5@9600:  window 4, clean 50.0 [");
            assertThat(lines.get(2))
                    .isEqualTo("The alert falls was raised on window 4, and asked for a set: pgd 12.5, against 37.5.");
            assertThat(lines.get(3))
                    .startsWith("After it, on images on which the network fell:  window 4, clean 65.0 [");
            assertThat(lines.get(4))
                    .contains("clean accuracy recovered in part: +15.0 points [")
                    .contains("of 35.0 lost, and robustness did not clearly recover: +0.5 points [");
        });
    }

    @Test
    void whatDidNotHappenIsSaid() {
        LiveStory fallen = LiveStory.of(Stream.of(BEFORE, FALLEN));
        assertThat(fallen.isOver()).isFalse();
        assertThat(fallen.lines(List.of()))
                .hasSize(5)
                .anyMatch(line -> line.startsWith("No alert was raised"))
                .anyMatch(line -> line.startsWith("No set was made"))
                .endsWith("So there is no recovery to tell of.");
        assertThat(LiveStory.of(Stream.of(BEFORE)).lines(List.of()))
                .containsExactly("The stream ended before anything happened on it.");
    }
}
