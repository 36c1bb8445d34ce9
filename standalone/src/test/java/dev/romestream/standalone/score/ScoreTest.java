package dev.romestream.standalone.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.romestream.schemas.Mode;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Published accuracies of BACON on CIFAR-10, and the scores that follow from them. */
class ScoreTest {
    private static String line(String attack, double t, double tSeconds, double u, double uSeconds, int ipc) {
        return ("2024-11-02 10:00:00,123 - INFO - %s attack on BACON: final acc is:  target_attack: %.2f +- 0.00, attack"
                        + " time is %.2f; non_target_attack: %.2f +- 0.00, attack time is %.2f, dataset: CIFAR10, IPC: %d,"
                        + " model: ConvNet")
                .formatted(attack, t, tSeconds, u, uSeconds, ipc);
    }

    private static final List<String> IPC_1 = List.of(
            "2024-11-02 09:59:59,000 - INFO - loading",
            line("Clean", 44.95, 2.50, 44.95, 2.25, 1),
            line("FGSM", 29.59, 3.01, 24.51, 3.12, 1),
            line("PGD", 30.61, 8.52, 20.78, 8.79, 1),
            line("PGD_L2", 33.73, 8.71, 33.72, 8.77, 1),
            line("Deepfool", 44.95, 1.0, 11.49, 1647.63, 1),
            line("CW", 36.58, 73.94, 13.68, 74.66, 1),
            line("AA", 44.95, 1.0, 17.64, 762.71, 1));
    private static final List<String> IPC_10 = List.of(
            line("Clean", 61.73, 2, 61.73, 2, 10),
            line("FGSM", 39.13, 3, 33.27, 3, 10),
            line("PGD", 40.10, 3, 26.45, 3, 10),
            line("PGD_L2", 44.06, 3, 44.05, 3, 10),
            line("Deepfool", 61.73, 3, 16.11, 3, 10),
            line("CW", 44.93, 3, 11.84, 3, 10),
            line("AA", 61.73, 3, 23.85, 3, 10));

    private static void check(Score score, double rr, double irr) {
        assertThat(score.ratios().rr().orElseThrow()).isCloseTo(rr, within(0.005));
        assertThat(score.ratios().irr().orElseThrow()).isCloseTo(irr, within(0.005));
    }

    @Test
    void publishedScoresFollowFromPublishedAccuracies() {
        EvaluationLog log = EvaluationLog.parse("log", IPC_1).get(0);
        Score targeted = Score.of("log", log, Mode.TARGETED);
        Score untargeted = Score.of("log", log, Mode.UNTARGETED);
        check(targeted, 19.78, 90.63);
        check(untargeted, 26.34, 59.18);
        assertThat(targeted.ratios().ae().orElseThrow()).isCloseTo(29.70, within(0.005));
        assertThat(untargeted.ratios().ae().orElseThrow()).isCloseTo(25.24, within(0.005));
        assertThat(targeted.attacks()).isEqualTo(4);
        EvaluationLog larger = EvaluationLog.parse("log", IPC_10).get(0);
        check(Score.of("log", larger, Mode.TARGETED), 12.94, 88.33);
        check(Score.of("log", larger, Mode.UNTARGETED), 28.24, 53.13);
    }

    @Test
    void poolingIsOverAllCellsAndNotOverScores() {
        List<String> both = new ArrayList<>(IPC_1);
        both.addAll(IPC_10);
        List<EvaluationLog> logs = EvaluationLog.parse("log", both);
        assertThat(logs).extracting(EvaluationLog::imagesPerClass).containsExactly(1, 10);
        Score pooled = Score.pooled("both", logs, Mode.TARGETED);
        double clean = (44.95 + 61.73) / 2;
        double mean = clean - (29.59 + 30.61 + 33.73 + 36.58 + 39.13 + 40.10 + 44.06 + 44.93) / 8;
        double max = clean - 29.59;
        assertThat(pooled.clean()).isCloseTo(clean, within(1e-9));
        check(pooled, 100 * (1 - mean / max), 100 * (1 - mean * max / (clean * clean)));
    }

    @Test
    void noDropIsUndefinedOrInTheBenchmarksWayZero() {
        List<String> lines = List.of(line("Clean", 50, 1, 50, 1, 1), line("FGSM", 50, 2, 50, 2, 1));
        Score score = Score.of("log", EvaluationLog.parse("log", lines).get(0), Mode.UNTARGETED);
        assertThat(score.ratios().rr()).isEmpty();
        assertThat(score.ratios().undefined()).containsKey("rr");
        assertThat(score.compatible().ratios().rr()).contains(0.0);
        assertThat(score.compatible().ratios().crei()).contains(50.0);
    }

    @Test
    void whatIsNoLogIsRefused() {
        assertThatThrownBy(() -> EvaluationLog.parse("x.log", List.of("nothing")))
                .hasMessageStartingWith("x.log has no line of the form");
        assertThatThrownBy(() -> EvaluationLog.parse("x.log", IPC_1.subList(2, 4)))
                .hasMessage("x.log has no Clean line for BACON, IPC 1.");
    }

    /** Random damage: refused by name, or read. */
    @Test
    void damageIsRefusedByName() {
        String digits = "0123456789.-: \t+xNaN";
        for (int seed = 0; seed < 20_000; seed++) {
            Random random = new Random(seed);
            List<String> lines = new ArrayList<>(IPC_1);
            for (int changes = 1 + random.nextInt(6); changes > 0; changes--) {
                int at = random.nextInt(lines.size());
                StringBuilder line = new StringBuilder(lines.get(at));
                line.insert(random.nextInt(line.length() + 1), digits.charAt(random.nextInt(digits.length())));
                lines.set(
                        at,
                        random.nextInt(10) == 0 ? line.substring(0, random.nextInt(line.length())) : line.toString());
            }
            try {
                for (EvaluationLog log : EvaluationLog.parse("x.log", lines)) {
                    assertThat(Score.of("x", log, Mode.UNTARGETED).attacks()).isNotNegative();
                }
            } catch (IllegalArgumentException e) {
                assertThat(e.getMessage()).as("seed %d", seed).contains("x.log");
            }
        }
    }
}
