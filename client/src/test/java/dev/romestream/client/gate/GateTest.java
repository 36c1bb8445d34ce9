package dev.romestream.client.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.romestream.client.result.MetricsFile;
import dev.romestream.client.table.TestMetrics;
import dev.romestream.robustness.metric.PairedDifference;
import dev.romestream.schemas.RobustnessMetrics;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;

class GateTest {
    private static List<RobustnessMetrics> record(String victim, int standing) {
        RobustnessMetrics record = TestMetrics.of("e", 0, 0, standing);
        record.setVictim(victim);
        record.setClassCounts(List.of(10, 10));
        record.getAttacks().get(1).setEpsilon(0.0078);
        record.getAttacks().get(1).setSteps(10);
        record.setRr(null);
        record.setUndefined(Map.of("rr", "no attack lowers the accuracy"));
        return List.of(record);
    }

    private static List<GateCheck> under(String metric, double limit) {
        return new Gate(Map.of(metric, limit), Optional.empty()).checks(record("net", 40));
    }

    @Test
    void aFigureThatIsBelowItsLimitFails() {
        assertThat(under("worstCase", 40)).singleElement().satisfies(check -> assertThat(check.failed())
                .isFalse());
        assertThat(under("worstCase", 40.1)).singleElement().satisfies(check -> assertThat(check.failure())
                .hasValue("40.0 is below 40.1"));
        assertThat(under("pgd", 50)).singleElement().satisfies(check -> assertThat(check.failed())
                .isTrue());
        assertThat(under("clean", 80)).singleElement().satisfies(check -> assertThat(check.failed())
                .isFalse());
        assertThat(under("irr", 76)).singleElement().satisfies(check -> assertThat(check.failed())
                .isTrue());
    }

    @Test
    void aFigureThatIsUndefinedFailsWithItsReason() {
        assertThat(under("rr", 1)).singleElement().satisfies(check -> assertThat(check.failure())
                .hasValue("it is undefined: no attack lowers the accuracy"));
    }

    @Test
    void aFigureThatThereIsNotIsNamedBesideThoseThatThereAre() {
        assertThatThrownBy(() -> under("worstcase", 1))
                .hasMessageContaining("'worstcase'")
                .hasMessageContaining("clean, irr, none, pgd, rr, worstCase");
    }

    /** 20 won and 10 lost of 100: p = 21/102, q = 11/102; the bounds were reckoned by hand. */
    @Test
    void theIntervalOfADifferenceIsTheOneOfTheLiterature() {
        var difference =
                PairedDifference.of("1".repeat(30) + "0".repeat(70), "0".repeat(20) + "1".repeat(20) + "0".repeat(60));
        assertThat(difference).isEqualTo(new PairedDifference(100, 20, 10));
        assertThat(difference.points()).isEqualTo(10);
        assertThat(difference.low()).isCloseTo(-0.902, within(0.01));
        assertThat(difference.high()).isCloseTo(20.510, within(0.01));
        assertThatThrownBy(() -> PairedDifference.of("10", "1")).isInstanceOf(IllegalArgumentException.class);
    }

    private static List<GateCheck> against(int before, int now) {
        return new Gate(Map.of(), Optional.of(record("earlier", before))).checks(record("net", now));
    }

    @Test
    void whatFellBeyondItsIntervalFails() {
        assertThat(against(50, 40)).extracting(GateCheck::metric).containsExactly("clean", "pgd", "worstCase", "irr");
        assertThat(against(50, 40)).extracting(GateCheck::failed).containsExactly(false, true, true, true);
        assertThat(against(50, 40).get(1).failure())
                .hasValueSatisfying(
                        words -> assertThat(words).startsWith("fell by -10.0 [").endsWith("10 images lost, 0 won"));
        assertThat(against(41, 40)).as("one image is within the interval").noneMatch(GateCheck::failed);
        assertThat(against(30, 40)).as("what rose has not fallen").noneMatch(GateCheck::failed);
    }

    @Test
    void aBaselineThatDoesNotFitIsRefused() {
        List<RobustnessMetrics> shorter = record("earlier", 50);
        shorter.get(0).setClassCounts(List.of(5, 5));
        assertThatThrownBy(() -> new Gate(Map.of(), Optional.of(shorter)).checks(record("net", 40)))
                .hasMessageContaining("give the same --dataset and --limit");
        List<RobustnessMetrics> stronger = record("earlier", 50);
        stronger.get(0).getAttacks().get(1).setEpsilon(0.0157);
        assertThat(new Gate(Map.of(), Optional.of(stronger)).checks(record("net", 50)))
                .filteredOn(GateCheck::failed)
                .singleElement()
                .satisfies(check -> assertThat(check.failure().orElseThrow()).contains("was not measured"))
                .satisfies(check -> assertThat(check.metric()).isEqualTo("pgd 0.016"));
        List<RobustnessMetrics> elsewhere = record("earlier", 50);
        elsewhere.get(0).setSuite("pixel-8");
        assertThatThrownBy(() -> new Gate(Map.of(), Optional.of(elsewhere)).checks(record("net", 40)))
                .hasMessageContaining("no metrics of earlier, suite pixel-2, untargeted");
    }

    @Test
    void aFileIsReadAsItWasWritten() {
        List<RobustnessMetrics> records = record("net", 40);
        String text = MetricsFile.write(records);
        assertThat(MetricsFile.parse(text)).isEqualTo(records);
        assertThat(MetricsFile.parse(text.replaceFirst("\"victim\"", "\"ofALaterRelease\" : 1, \"victim\"")))
                .isEqualTo(records);
        assertThatThrownBy(() -> MetricsFile.parse(text.replace("\"method\"", "\"other\"")))
                .hasMessageContaining("'method' is missing");
        assertThatThrownBy(() -> MetricsFile.parse("{}")).hasMessageContaining("metrics.json");
        assertThatThrownBy(() -> MetricsFile.parse("[]")).hasMessageContaining("metrics.json");
        assertThatThrownBy(() -> MetricsFile.parse("nothing")).hasMessageContaining("not JSON");
    }

    @Test
    void whatBuildsReadsTheChecks() throws Exception {
        List<GateCheck> checks = against(50, 40);
        var document = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(GateReport.junit(checks).getBytes(StandardCharsets.UTF_8)));
        assertThat(document.getDocumentElement().getAttribute("tests")).isEqualTo("4");
        assertThat(document.getDocumentElement().getAttribute("failures")).isEqualTo("3");
        assertThat(document.getElementsByTagName("failure").getLength()).isEqualTo(3);
        assertThat(GateReport.markdown(checks)).contains("3 of 4 checks fail").hasLineCount(8);
        assertThat(GateReport.failures(checks)).hasSize(3).allSatisfy(line -> assertThat(line)
                .startsWith("net, pixel-2 untargeted, "));
    }
}
