package dev.romestream.client.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.client.result.SyntheticImages;
import dev.romestream.client.table.TestMetrics;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.RobustnessMetrics;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ReportPageTest {
    private static Experiment experiment(String name) {
        return ExperimentFile.parse(
                        "name: '" + name + "'\ndataset: shapes10\ndistillation: {method: dm}", Map.of(), List.of())
                .get(0);
    }

    private static ReportedExperiment reported(String name, int... standing) {
        Experiment experiment = experiment(name);
        List<RobustnessMetrics> all = new ArrayList<>();
        for (int snapshot = 0; snapshot < 2; snapshot++) {
            for (int victim = 0; victim < standing.length; victim++) {
                all.add(TestMetrics.of(experiment.getId(), snapshot, victim, standing[victim] + 10 - 10 * snapshot));
            }
        }
        var images =
                new SyntheticImages(2, 1, 2, 2, new float[8], new long[] {0, 1}, false, Optional.empty(), List.of());
        return new ReportedExperiment(experiment, all, Optional.of(images), List.of());
    }

    private static final Instant MADE = Instant.parse("2026-11-30T12:05:06Z");

    @Test
    void everythingIsInTheFileAndNothingInItRuns() {
        String page =
                ReportPage.page(List.of(reported("a <script>alert(1)</script>", 40, 50), reported("b", 10)), MADE);
        assertThat(page)
                .contains("a &lt;script&gt;alert(1)&lt;/script&gt;")
                .doesNotContain("<script")
                .doesNotContainPattern("(src|href)=\"(?!data:)")
                .contains("default-src &#x27;none&#x27;")
                .contains("data:image/png;base64,")
                .contains("differences are to a")
                .contains("2026-11-30 12:05 UTC")
                .contains("not-converged")
                .contains("More steps of an attack")
                .contains("<polyline")
                .contains("name: &quot;b&quot;");
        assertThat(page.split("<circle", -1)).hasSizeGreaterThan(4);
    }

    @Test
    void anExperimentWithoutFiguresIsTold() {
        assertThat(ReportPage.page(
                        List.of(new ReportedExperiment(experiment("early"), List.of(), Optional.empty(), List.of())),
                        MADE))
                .contains("No figures yet");
    }
}
