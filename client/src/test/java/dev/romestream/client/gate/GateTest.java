package dev.romestream.client.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.romestream.robustness.metric.PairedDifference;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;

class GateTest {
    /** A hundred images: clean all right, and after PGD the first so many. */
    private static List<JsonNode> record(String victim, int standing) {
        return Gate.records("""
                [{"victim": "%s", "suite": "pixel-2", "mode": "untargeted", "classCounts": [10,10], "irr": 55.5, "rr": null,
                  "undefined": {"rr": "no attack lowers the accuracy"},
                  "clean": {"accuracy": 100.0}, "worstCase": {"accuracy": %d.0},
                  "attacks": [
                    {"attack": "none", "control": true, "accuracy": 100.0, "epsilon": 0, "steps": 0, "source": null, "perImage": "%s"},
                    {"attack": "clamp", "control": true, "accuracy": 100.0, "epsilon": 0, "steps": 0, "source": null, "perImage": "%s"},
                    {"attack": "pgd", "control": false, "accuracy": %d.0, "epsilon": 0.0078, "steps": 10, "source": null, "perImage": "%s"}]}]
                """.formatted(
                        victim,
                        standing,
                        "1".repeat(100),
                        "1".repeat(100),
                        standing,
                        "1".repeat(standing) + "0".repeat(100 - standing)));
    }

    private static List<GateCheck> under(String figure, double limit) {
        return new Gate(Map.of(figure, limit), Optional.empty()).checks(record("net", 40));
    }

    @Test
    void aFigureThatIsBelowItsLimitFails() {
        assertThat(under("worstCase", 40)).singleElement().satisfies(check -> assertThat(check.failed())
                .isFalse());
        assertThat(under("worstCase", 40.1)).singleElement().satisfies(check -> assertThat(check.failure())
                .hasValue("40.0 is below 40.1"));
        assertThat(under("pgd", 50)).singleElement().satisfies(check -> assertThat(check.failed())
                .isTrue());
        assertThat(under("clean", 100)).singleElement().satisfies(check -> assertThat(check.failed())
                .isFalse());
        assertThat(under("irr", 60)).singleElement().satisfies(check -> assertThat(check.failed())
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
                .hasMessageContaining("clamp, clean, irr, none, pgd, rr, worstCase");
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
        assertThat(against(50, 40))
                .extracting(GateCheck::figure)
                .containsExactly("clean", "pgd 0.007800 x10", "worstCase");
        assertThat(against(50, 40)).extracting(GateCheck::failed).containsExactly(false, true, true);
        assertThat(against(50, 40).get(1).failure())
                .hasValueSatisfying(
                        words -> assertThat(words).startsWith("fell by -10.0 [").endsWith("10 images lost, 0 won"));
        assertThat(against(41, 40)).as("one image is within the interval").noneMatch(GateCheck::failed);
        assertThat(against(30, 40)).as("what rose has not fallen").noneMatch(GateCheck::failed);
    }

    @Test
    void aBaselineThatDoesNotFitIsRefused() {
        List<JsonNode> shorter = Gate.records(record("earlier", 50).toString().replace("[10,10]", "[5,5]"));
        assertThatThrownBy(() -> new Gate(Map.of(), Optional.of(shorter)).checks(record("net", 40)))
                .hasMessageContaining("give the same --dataset and --limit");
        List<JsonNode> stronger = Gate.records(record("earlier", 50).toString().replace("0.0078", "0.0157"));
        assertThat(new Gate(Map.of(), Optional.of(stronger)).checks(record("net", 50)))
                .filteredOn(GateCheck::failed)
                .singleElement()
                .satisfies(check -> assertThat(check.failure().orElseThrow()).contains("was not measured"));
        List<JsonNode> elsewhere = Gate.records(record("earlier", 50).toString().replace("pixel-2", "pixel-8"));
        assertThatThrownBy(() -> new Gate(Map.of(), Optional.of(elsewhere)).checks(record("net", 40)))
                .hasMessageContaining("no figures of earlier, suite pixel-2, untargeted");
        assertThatThrownBy(() -> Gate.records("{}")).hasMessageContaining("metrics.json");
        assertThatThrownBy(() -> Gate.records("nothing")).hasMessageContaining("no JSON");
    }

    @Test
    void whatBuildsReadsTheChecks() throws Exception {
        List<GateCheck> checks = against(50, 40);
        var document = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(GateReport.junit(checks).getBytes(StandardCharsets.UTF_8)));
        assertThat(document.getDocumentElement().getAttribute("tests")).isEqualTo("3");
        assertThat(document.getDocumentElement().getAttribute("failures")).isEqualTo("2");
        assertThat(document.getElementsByTagName("failure").getLength()).isEqualTo(2);
        assertThat(GateReport.markdown(checks)).contains("2 of 3 checks fail").hasLineCount(7);
        assertThat(GateReport.failures(checks)).hasSize(2).allSatisfy(line -> assertThat(line)
                .startsWith("net, pixel-2 untargeted, "));
    }
}
