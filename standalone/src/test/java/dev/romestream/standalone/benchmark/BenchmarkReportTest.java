package dev.romestream.standalone.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.schemas.Accuracy;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.standalone.benchmark.BenchmarkRow.Line;
import dev.romestream.standalone.benchmark.BenchmarkRow.Metric;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BenchmarkReportTest {
    private static final String PUBLISHED = "as-published-quick";

    private static BenchmarkRow row(String method, String labels, long seed, int victim, double standing, double irr) {
        Map<Metric, Double> figures = new LinkedHashMap<>();
        figures.put(new Metric("pixel-2", "pixel", "untargeted", "none"), 40.0);
        figures.put(new Metric("pixel-2", "pixel", "untargeted", "clamp"), 40.0);
        figures.put(new Metric("pixel-2", "pixel", "untargeted", "autoattack"), standing);
        figures.put(new Metric(PUBLISHED, "normalised", "untargeted", "none"), 40.0);
        figures.put(new Metric(PUBLISHED, "normalised", "untargeted", "clamp"), 30.0);
        figures.put(new Metric(PUBLISHED, "normalised", "untargeted", "pgd"), 20.0);
        figures.put(new Metric(PUBLISHED, "normalised", "untargeted", Metric.IRR), irr);
        return new BenchmarkRow(
                "%s-%s-%d".formatted(method, labels, seed),
                new Line(method, labels, method.equals("full") ? 0 : 10),
                seed,
                "victim-" + victim,
                "convnet",
                1000,
                80,
                2_500_000,
                victim == 0 ? "clamp-differs" : "",
                figures);
    }

    private static AttackAccuracy attack(String name, double accuracy) {
        return AttackAccuracy.newBuilder()
                .setAttack(name)
                .setEpsilon(0)
                .setControl(name.equals("none"))
                .setCorrect(0)
                .setCount(0)
                .setAccuracy(accuracy)
                .setInterval(null)
                .setSeconds(0)
                .setGradientEvaluations(0)
                .setForwardEvaluations(0)
                .build();
    }

    /** Two victims a point apart, for each of two seeds. */
    private static List<BenchmarkRow> line(String method, String labels, double standing, double irr) {
        List<BenchmarkRow> rows = new ArrayList<>();
        for (long seed = 1; seed <= 2; seed++) {
            for (int victim = 0; victim < 2; victim++) {
                rows.add(row(method, labels, seed, victim, standing + victim, irr + victim));
            }
        }
        return rows;
    }

    private static String page(List<List<BenchmarkRow>> lines) {
        // by way of the file, from which the page is made
        return Benchmark.page(
                BenchmarkRow.csv(lines.stream().flatMap(List::stream).toList()));
    }

    @Test
    void tablesHaveALineForEachMethodAndLabelsWithMeansAndIntervals() {
        String page = page(
                List.of(line("random", "class", 5, 50), line("rome", "robust", 15, 60), line("full", "class", 20, 70)));
        // Student's of three degrees of freedom, 3.182, times a deviation of 0.577, by two
        assertThat(page)
                .contains("## 10 images a class, in pixel space")
                .contains("| method | labels | victims | clean | autoattack | bytes | gradients |")
                .contains("| random | class | 4 | 40.0 [40.0, 40.0] | 5.5 [4.6, 6.4] | 1,000 + 80 | 2.50 |")
                // Welch's of six degrees of freedom: 2.447 times 0.577 by two, times the root of two
                .contains("| rome | robust | 4 | 40.0 [40.0, 40.0] | 15.5 [14.6, 16.4]; +10.0 [9.0, 11.0] |")
                .contains("| full | class | 4 | 40.0 [40.0, 40.0] | 20.5 [19.6, 21.4]; +15.0 [14.0, 16.0] |")
                .contains("- rome, robust against random, class, autoattack: 10.0 points more [9.0, 11.0].")
                .contains("## 10 images a class, in normalised space, as published")
                .contains("| method | labels | victims | clean | clamp | pgd | I-RR | bytes | gradients |");
        assertThat(page).contains("`clamp-differs` for victims of 3 of the 3 lines: random, class, 10; ");
    }

    @Test
    void verdictsSayWhatTheFiguresSay() {
        List<BenchmarkRow> random = line("random", "class", 5, 50);
        assertThat(page(List.of(line("dm", "class", 5, 60), random, line("rome", "class", 5.5, 70))))
                .contains(
                        "- dm, class against random, class, autoattack: no clear difference, +0.0 points [-1.0, 1.0].")
                .contains("- rome, class against random, class, I-RR: 20.0 points more [19.0, 21.0].");
    }

    @Test
    void aFigureThatIsUndefinedForAVictimHasNoMean() {
        List<BenchmarkRow> rows = new ArrayList<>(line("random", "class", 5, 50));
        Map<Metric, Double> figures = new LinkedHashMap<>(rows.get(0).figures());
        figures.remove(new Metric(PUBLISHED, "normalised", "untargeted", Metric.IRR));
        BenchmarkRow first = rows.get(0);
        rows.set(
                0,
                new BenchmarkRow(
                        first.experiment(),
                        first.line(),
                        first.seed(),
                        first.victim(),
                        first.network(),
                        first.imageBytes(),
                        first.labelBytes(),
                        first.gradients(),
                        first.flags(),
                        figures));
        assertThat(page(List.of(rows)))
                .contains("| random | class | 4 | 40.0 [40.0, 40.0] | 30.0 [30.0, 30.0] | 20.0 [20.0, 20.0] | - |");
    }

    /** The page in the documentation is what its figures say. */
    @Test
    void theDocumentedResultsFollowFromTheirFigures() throws IOException {
        String csv = Files.readString(Path.of("../docs/results.csv"));
        assertThat(Benchmark.page(csv)).isEqualTo(Files.readString(Path.of("../docs/results.md")));
        Path leaderboard = Path.of("../docs/leaderboard.html");
        if (Boolean.getBoolean("rome.test.write.pages")) {
            Files.writeString(leaderboard, Benchmark.leaderboard(csv));
        }
        assertThat(Benchmark.leaderboard(csv)).isEqualTo(Files.readString(leaderboard));
    }

    @Test
    void theLinesOfAnExperimentAreReadFromItsMetrics() {
        Experiment experiment = ExperimentFile.parse("""
                        name: x
                        dataset: shapes10
                        seed: 3
                        distillation: {method: dm, labels: soft}
                        evaluation: {suites: [pixel-2]}
                        """, Map.of(), List.of()).get(0);
        RobustnessMetrics last = RobustnessMetrics.newBuilder()
                .setExperiment("x")
                .setMethod("dm")
                .setSnapshot(1)
                .setIteration(1)
                .setFinal$(true)
                .setVictim("x/0/victim-1")
                .setArchitecture("convnet")
                .setImageBytes(7)
                .setLabelBytes(8)
                .setSuite("pixel-2")
                .setMode(Mode.UNTARGETED)
                .setComplete(true)
                .setClean(new Accuracy(30L, 100L, 30.0, null))
                .setAttacks(List.of(attack("none", 30), attack("pgd", 20)))
                .setWorstCase(new Accuracy(11L, 100L, 11.0, null))
                .setRr(12.5)
                .setIrr(null)
                .setIrrInterval(null)
                .setIrrPlus(null)
                .setAe(null)
                .setCrei(null)
                .setIcrei(null)
                .setFlags(List.of("chance-level"))
                .build();
        RobustnessMetrics earlier =
                RobustnessMetrics.newBuilder(last).setFinal$(false).build();
        List<BenchmarkRow> rows = BenchmarkRow.of(experiment, List.of(earlier, last), 9);
        assertThat(rows)
                .containsExactly(new BenchmarkRow(
                        experiment.getId(),
                        new Line("dm", "robust", 10),
                        3,
                        "victim-1",
                        "convnet",
                        7,
                        8,
                        9,
                        "chance-level",
                        Map.of(
                                new Metric("pixel-2", "pixel", "untargeted", "none"), 30.0,
                                new Metric("pixel-2", "pixel", "untargeted", "pgd"), 20.0,
                                new Metric("pixel-2", "pixel", "untargeted", Metric.WORST_CASE), 11.0,
                                new Metric("pixel-2", "pixel", "untargeted", Metric.RR), 12.5)));
        assertThat(BenchmarkRow.parse(BenchmarkRow.csv(rows))).isEqualTo(rows);
    }
}
