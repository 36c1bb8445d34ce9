package dev.romestream.client.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.romestream.client.table.Comparison.Subject;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.RobustnessMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ComparisonTest {
    /** Victims of two snapshots, the later ones with ten less. */
    private static Subject subject(String name, int... standing) {
        List<RobustnessMetrics> all = new ArrayList<>();
        for (int snapshot = 0; snapshot < 2; snapshot++) {
            for (int victim = 0; victim < standing.length; victim++) {
                all.add(TestMetrics.of(name, snapshot, victim, standing[victim] + 10 - 10 * snapshot));
            }
        }
        return new Subject(name, name, Comparison.newest(all, false));
    }

    private static MetricTable table(Subject... subjects) {
        return Comparison.table("experiment", List.of(subjects), "pixel-2", Mode.UNTARGETED, Optional.empty());
    }

    private static MetricTable.Cell cell(MetricTable table, int row, String column) {
        for (int i = 0; i < table.columns().size(); i++) {
            if (table.columns().get(i).name().equals(column)) {
                return table.rows().get(row).cells().get(i);
            }
        }
        throw new AssertionError(column);
    }

    @Test
    void meansAreOfTheNewestSnapshotAndDifferencesInPairs() {
        MetricTable table = table(subject("a", 40, 50), subject("b", 30, 44));
        assertThat(table.columns())
                .extracting(MetricTable.Column::name)
                .containsExactly("clean", "pgd", "worst case", "I-RR", "RR");
        assertThat(cell(table, 1, "worst case").value().orElseThrow().value()).isEqualTo(37);
        Means difference = cell(table, 1, "worst case").difference().orElseThrow();
        assertThat(difference.value()).isEqualTo(-8);
        // Bonett and Price by hand: 10 lost of 100 give -9.80 +- 6.38, and 6 lost -5.88 +- 5.31
        assertThat(difference.interval().orElseThrow().low()).isCloseTo(-13.69, within(0.01));
        assertThat(difference.interval().orElseThrow().high()).isCloseTo(-2.00, within(0.01));
        assertThat(difference.pairs()).isEqualTo("+0 -10, +0 -6");
        assertThat(cell(table, 0, "worst case").difference()).isEmpty();
        assertThat(cell(table, 1, "I-RR").difference().orElseThrow().isClear()).isTrue();
        assertThat(cell(table, 1, "pgd").difference().orElseThrow().value()).isEqualTo(-8);
        assertThat(cell(table, 1, "clean").difference().orElseThrow().isClear()).isFalse();
        assertThat(table.verdicts())
                .singleElement()
                .asString()
                .startsWith("b against a: worst case 8.0 points less [-13.7, -2.0]; I-RR ");
    }

    @Test
    void imagesOfAnotherDataSetAreNoPairs() {
        Subject second = subject("b", 30, 10);
        Means paired = cell(table(subject("a", 40), second), 1, "worst case")
                .difference()
                .orElseThrow();
        second.metrics().forEach(victim -> victim.setImagesDigest("others"));
        Means others = cell(table(subject("a", 40), second), 1, "worst case")
                .difference()
                .orElseThrow();
        assertThat(paired.value()).as("of the victim that both have").isEqualTo(-10);
        assertThat(others.value()).isEqualTo(-10);
        assertThat(others.pairs()).isEmpty();
        assertThat(others.interval().orElseThrow().high())
                .isPositive()
                .isGreaterThan(paired.interval().orElseThrow().high());
    }

    /** Transfer attacks come from networks that not every one has beside it. */
    @Test
    void attacksStandInTheColumnOfWhatTheyAre() {
        AttackAccuracy foreign = AttackAccuracy.newBuilder(TestMetrics.attack("pgd", 30))
                .setSource(new NetworkVersion("e/other", 0, ""))
                .build();
        AttackColumns columns = new AttackColumns(List.of(
                List.of(TestMetrics.attack("none", 80), TestMetrics.attack("pgd", 40)),
                List.of(TestMetrics.attack("none", 70), foreign)));
        assertThat(columns.names()).containsExactly("none", "pgd", "pgd from other");
        assertThat(columns.of(List.of(TestMetrics.attack("none", 70), foreign))
                        .map(found -> found.map(AttackAccuracy::getAccuracy)))
                .containsExactly(Optional.of(70.0), Optional.empty(), Optional.of(30.0));
    }

    @Test
    void versionsAreHeldAgainstTheOneBefore() {
        MetricTable table = Comparison.versions(
                List.of(subject("1", 40), subject("2", 30), subject("3", 30)), "pixel-2", Mode.UNTARGETED);
        assertThat(cell(table, 0, "pgd").difference()).isEmpty();
        assertThat(cell(table, 1, "pgd").difference().orElseThrow().value()).isEqualTo(-10);
        assertThat(cell(table, 2, "pgd").difference().orElseThrow().value()).isZero();
    }

    @Test
    void everyRendererShowsTheSame() {
        MetricTable table = table(subject("a", 40), subject("b|<i>", 12));
        assertThat(TableText.terminal(table).lines())
                .contains("  experiment  victims  clean   pgd  worst case  I-RR   RR")
                .anyMatch(line -> line.startsWith("  b|<i>             1   80.0  12.0        12.0  "))
                .contains("  flags: b|<i>: not-converged")
                .anyMatch(line -> line.startsWith("  b|<i> against a: worst case 28.0 points less ["));
        assertThat(TableText.markdown(table))
                .contains("| b\\|&lt;i> | 1 | 80.0 [71.1, 86.7]; +0.0 [")
                .contains("| 12.0 [")
                .contains("; -28.0 [")
                .contains("- b\\|&lt;i> against a: worst case");
        assertThat(TableHtml.of(table).render())
                .contains("b|&lt;i&gt;")
                .contains("<small class=\"difference clear\">-28.0 [")
                .contains("differences are to a");
        assertThat(TableData.csv(table).lines().toList())
                .hasSize(3)
                .satisfies(lines -> assertThat(lines.get(0))
                        .startsWith("suite,mode,baseline,experiment,victims,clean,\"clean low\""))
                .satisfies(lines -> assertThat(lines.get(2)).startsWith("pixel-2,untargeted,a,b|<i>,1,80.0,"));
        assertThat(TableData.json(table).get("rows").toString())
                .contains(
                        "worst case={value=12.0, low=6.999406437019489, high=19.812099426711423, difference={value=-28.0, ");
    }
}
