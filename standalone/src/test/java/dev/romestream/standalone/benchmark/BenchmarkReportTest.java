package dev.romestream.standalone.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.schemas.Experiment;
import dev.romestream.standalone.benchmark.BenchmarkRow.Figure;
import dev.romestream.standalone.benchmark.BenchmarkRow.Line;
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
        Map<Figure, Double> figures = new LinkedHashMap<>();
        figures.put(new Figure("pixel-2", "pixel", "untargeted", "none"), 40.0);
        figures.put(new Figure("pixel-2", "pixel", "untargeted", "clamp"), 40.0);
        figures.put(new Figure("pixel-2", "pixel", "untargeted", "autoattack"), standing);
        figures.put(new Figure(PUBLISHED, "normalised", "untargeted", "none"), 40.0);
        figures.put(new Figure(PUBLISHED, "normalised", "untargeted", "clamp"), 30.0);
        figures.put(new Figure(PUBLISHED, "normalised", "untargeted", "pgd"), 20.0);
        figures.put(new Figure(PUBLISHED, "normalised", "untargeted", Figure.IRR), irr);
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
                .contains("| random | class | 4 | 40.0 ± 0.0 | 5.5 ± 0.9 | 1,000 + 80 | 2.50 |")
                .contains("| rome | robust | 4 | 40.0 ± 0.0 | 15.5 ± 0.9 |")
                .contains("| full | class | 4 | 40.0 ± 0.0 | 20.5 ± 0.9 |")
                .contains("## 10 images a class, in normalised space, as published")
                .contains("| method | labels | victims | clean | clamp | pgd | I-RR | bytes | gradients |");
        assertThat(page).contains("`clamp-differs` for victims of 3 of the 3 lines: random, class, 10; ");
    }

    @Test
    void theSentencesSayWhatTheFiguresSay() {
        List<BenchmarkRow> random = line("random", "class", 5, 50);
        assertThat(page(List.of(random, line("rome", "class", 5, 70), line("dm", "class", 5, 60))))
                .contains(
                        "rome has 70.5 ± 0.9, place 1 of 2 distilled sets; the best of the others is dm with 60.5 ± 0.9: "
                                + "the claim shows.")
                .contains("with class labels (random: 5.5 ± 0.9) none.");
        assertThat(page(List.of(random, line("rome", "class", 5, 50), line("dm", "class", 9, 60))))
                .contains("place 2 of 2 distilled sets")
                .contains("the claim does not show")
                .contains("with class labels (random: 5.5 ± 0.9) dm (9.5 ± 0.9).");
        assertThat(page(List.of(random, line("rome", "class", 5, 60), line("dm", "class", 5, 60.5))))
                .contains("the claim is neither shown nor refuted");
    }

    @Test
    void whatLabelsBringIsCountedOverMethods() {
        assertThat(page(List.of(
                        line("random", "class", 5, 50),
                        line("random", "natural", 12, 50),
                        line("random", "robust", 18, 50),
                        line("dm", "class", 6, 50),
                        line("dm", "natural", 18, 50),
                        line("dm", "robust", 18, 50))))
                .contains(
                        "class labels 6.0 (clean 40.0), natural labels 15.5 (clean 40.0), robust labels 18.5 (clean 40.0).")
                .contains("Robust labels are clearly above class ones for 2 of 2 methods.")
                .contains("Robust labels are clearly above natural ones for 1 of 2 methods.");
    }

    @Test
    void aFigureThatIsUndefinedForAVictimHasNoMean() {
        List<BenchmarkRow> rows = new ArrayList<>(line("random", "class", 5, 50));
        Map<Figure, Double> figures = new LinkedHashMap<>(rows.get(0).figures());
        figures.remove(new Figure(PUBLISHED, "normalised", "untargeted", Figure.IRR));
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
        assertThat(page(List.of(rows))).contains("| random | class | 4 | 40.0 ± 0.0 | 30.0 ± 0.0 | 20.0 ± 0.0 | - |");
    }

    /** The page in the documentation is what its figures say. */
    @Test
    void theDocumentedResultsFollowFromTheirFigures() throws IOException {
        assertThat(Benchmark.page(Files.readString(Path.of("../docs/results.csv"))))
                .isEqualTo(Files.readString(Path.of("../docs/results.md")));
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
        String record = """
                {"experiment": "x", "final": %s, "victim": "x/0/victim-1", "architecture": "convnet", "suite": "pixel-2",
                 "imageBytes": 7, "labelBytes": 8, "mode": "untargeted", "flags": ["chance-level"], "irr": null, "rr": 12.5,
                 "worstCase": {"accuracy": 11}, "attacks": [{"attack": "none", "accuracy": 30}, {"attack": "pgd", "accuracy": 20}]}
                """;
        List<BenchmarkRow> rows =
                BenchmarkRow.of(experiment, "[" + record.formatted("false") + "," + record.formatted("true") + "]", 9);
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
                                new Figure("pixel-2", "pixel", "untargeted", "none"), 30.0,
                                new Figure("pixel-2", "pixel", "untargeted", "pgd"), 20.0,
                                new Figure("pixel-2", "pixel", "untargeted", Figure.WORST_CASE), 11.0,
                                new Figure("pixel-2", "pixel", "untargeted", Figure.RR), 12.5)));
        assertThat(BenchmarkRow.parse(BenchmarkRow.csv(rows))).isEqualTo(rows);
    }
}
