package dev.romestream.standalone.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.robustness.metric.Interval;
import dev.romestream.schemas.Accuracy;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.RobustnessMetrics;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DemoStoryTest {
    private static final List<Experiment> EXPERIMENTS = ExperimentFile.parse("""
            name: x
            dataset: shapes10
            sweep: {distillation.labels: [hard, soft], distillation.method: [dm, random]}
            """, Map.of(), List.of());

    private static AttackAccuracy accuracy(String attack, int correct) {
        Interval interval = Interval.wilson(correct, 500);
        AttackAccuracy accuracy = new AttackAccuracy();
        accuracy.setAttack(attack);
        accuracy.setAccuracy(correct / 5.0);
        accuracy.setInterval(List.of(interval.low(), interval.high()));
        return accuracy;
    }

    /** Of 500 images, how many are right under PGD: of dm, random, and both with robust labels. */
    private static List<String> story(int... standing) {
        return DemoStory.lines(EXPERIMENTS, experiment -> {
            RobustnessMetrics metrics = new RobustnessMetrics();
            metrics.setFinal$(true);
            metrics.setComplete(true);
            metrics.setMode(Mode.UNTARGETED);
            metrics.setClean(new Accuracy(500L, 300L, 60.0, List.of(56.0, 64.0)));
            metrics.setAttacks(
                    List.of(accuracy("fgsm", 1), accuracy("pgd", standing[EXPERIMENTS.indexOf(experiment)])));
            return List.of(metrics);
        });
    }

    @Test
    void moreIsSaidOnlyWhereTheIntervalsAreApart() {
        assertThat(story(110, 80, 160, 145))
                .containsExactly(
                        "Standing under PGD at 2/255 in pixel space, per cent with 95 % intervals:",
                        "  dm      class labels leave 22.0 [18.6, 25.8] of 60.0 clean; robust labels 32.0 [28.1, 36.2] of 60.0"
                                + " clean: clearly more.",
                        "  random  class labels leave 16.0 [13.0, 19.5] of 60.0 clean; robust labels 29.0 [25.2, 33.1] of 60.0"
                                + " clean: clearly more.",
                        "So dm with robust labels leaves clearly more standing than dm, random with class labels.");
    }

    @Test
    void theOppositeIsSaidWhereItIsSo() {
        assertThat(story(160, 100, 110, 105))
                .contains(
                        "So dm with robust labels does not leave clearly more standing than any set with class labels.")
                .anySatisfy(line -> assertThat(line).startsWith("  dm").endsWith("clearly less."))
                .anySatisfy(line -> assertThat(line).startsWith("  random").endsWith("no clear difference."));
        assertThat(story(110, 80, 125, 90))
                .contains(
                        "So dm with robust labels leaves clearly more standing than random with class labels, and not than dm.");
    }
}
