package dev.romestream.client.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.client.result.SyntheticImages;
import dev.romestream.schemas.Accuracy;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.RobustnessMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ReportPageTest {
    private static final int IMAGES = 100;

    private static Experiment experiment(String name) {
        return ExperimentFile.parse(
                        "name: '" + name + "'\ndataset: shapes10\ndistillation: {method: dm}", Map.of(), List.of())
                .get(0);
    }

    private static AttackAccuracy attack(String name, int standing) {
        return AttackAccuracy.newBuilder()
                .setAttack(name)
                .setEpsilon(0)
                .setControl(name.equals("none"))
                .setCorrect(standing)
                .setCount(IMAGES)
                .setAccuracy((double) standing)
                .setInterval(List.of(standing - 9.0, standing + 9.0))
                .setSeconds(0)
                .setGradientEvaluations(0)
                .setForwardEvaluations(0)
                .setPerImage("1".repeat(standing) + "0".repeat(IMAGES - standing))
                .build();
    }

    private static RobustnessMetrics figures(Experiment experiment, int snapshot, int victim, int standing) {
        return RobustnessMetrics.newBuilder()
                .setExperiment(experiment.getId())
                .setMethod("dm")
                .setSnapshot(snapshot)
                .setIteration(10 * snapshot)
                .setFinal$(true)
                .setVictim(experiment.getId() + "/" + snapshot + "/victim-" + victim)
                .setSuite("pixel-2")
                .setMode(Mode.UNTARGETED)
                .setComplete(true)
                .setClean(new Accuracy(80L, 100L, 80.0, List.of(71.0, 87.0)))
                .setWorstCase(new Accuracy((long) standing, 100L, (double) standing, List.of(0.0, 100.0)))
                .setAttacks(List.of(attack("none", 80), attack("pgd", standing)))
                .setRr(null)
                .setIrr(standing * 2.0)
                .setIrrInterval(List.of(standing * 2.0 - 5, standing * 2.0 + 5))
                .setIrrPlus(null)
                .setAe(null)
                .setCrei(null)
                .setIcrei(null)
                .setFlags(standing < 20 ? List.of("not-converged") : List.of())
                .setImagesDigest("images")
                .build();
    }

    private static ReportedExperiment reported(String name, int... standing) {
        Experiment experiment = experiment(name);
        List<RobustnessMetrics> all = new ArrayList<>();
        for (int snapshot = 0; snapshot < 2; snapshot++) {
            for (int victim = 0; victim < standing.length; victim++) {
                all.add(figures(experiment, snapshot, victim, standing[victim] + 10 - 10 * snapshot));
            }
        }
        var images =
                new SyntheticImages(2, 1, 2, 2, new float[8], new long[] {0, 1}, false, Optional.empty(), List.of());
        return new ReportedExperiment(experiment, all, Optional.of(images), List.of());
    }

    @Test
    void meansAreOfTheNewestSnapshotAndDifferencesInPairs() {
        ReportedExperiment first = reported("a", 40, 50);
        ReportedExperiment second = reported("b", 30, 44);
        List<RobustnessMetrics> victims = second.newest("pixel-2", Mode.UNTARGETED);
        assertThat(victims).extracting(RobustnessMetrics::getSnapshot).containsOnly(1);
        assertThat(Means.of(victims, "worstCase").orElseThrow().value()).isEqualTo(37);
        assertThat(Means.of(victims, "irr")
                        .orElseThrow()
                        .interval()
                        .orElseThrow()
                        .high())
                .isEqualTo(79);
        Means difference = Means.ofDifference(victims, first.newest("pixel-2", Mode.UNTARGETED), "worstCase")
                .orElseThrow();
        assertThat(difference.value()).isEqualTo(-8);
        // Bonett and Price by hand: 10 lost of 100 give -9.80 +- 6.38, and 6 lost -5.88 +- 5.31
        assertThat(difference.interval().orElseThrow().low()).isCloseTo(-13.69, within(0.01));
        assertThat(difference.interval().orElseThrow().high()).isCloseTo(-2.00, within(0.01));
    }

    @Test
    void imagesOfAnotherDataSetAreNoPairs() {
        List<RobustnessMetrics> first = reported("a", 40).newest("pixel-2", Mode.UNTARGETED);
        List<RobustnessMetrics> second = reported("b", 30, 10).newest("pixel-2", Mode.UNTARGETED);
        Means paired = Means.ofDifference(second, first, "worstCase").orElseThrow();
        second.forEach(victim -> victim.setImagesDigest("others"));
        Means others = Means.ofDifference(second, first, "worstCase").orElseThrow();
        assertThat(paired.value()).as("of the victim that both have").isEqualTo(-10);
        assertThat(others.value()).isEqualTo(-10);
        assertThat(others.interval().orElseThrow().high())
                .isPositive()
                .isGreaterThan(paired.interval().orElseThrow().high());
    }

    /** Transfer attacks come from networks that not every one has beside it. */
    @Test
    void attacksStandInTheColumnOfWhatTheyAre() {
        AttackAccuracy foreign = AttackAccuracy.newBuilder(attack("pgd", 30))
                .setSource(new NetworkVersion("e/other", 0, ""))
                .build();
        AttackColumns columns = new AttackColumns(
                List.of(List.of(attack("none", 80), attack("pgd", 40)), List.of(attack("none", 70), foreign)));
        assertThat(columns.names()).containsExactly("none", "pgd", "pgd from other");
        assertThat(columns.of(List.of(attack("none", 70), foreign))
                        .map(found -> found.map(AttackAccuracy::getAccuracy)))
                .containsExactly(Optional.of(70.0), Optional.empty(), Optional.of(30.0));
    }

    @Test
    void everythingIsInTheFileAndNothingInItRuns() {
        String page = ReportPage.page(List.of(reported("a <script>alert(1)</script>", 40, 50), reported("b", 10)));
        assertThat(page)
                .contains("a &lt;script&gt;alert(1)&lt;/script&gt;")
                .doesNotContain("<script")
                .doesNotContainPattern("(src|href)=\"(?!data:)")
                .contains("default-src &#x27;none&#x27;")
                .contains("data:image/png;base64,")
                .contains("worst case against a")
                .contains("not-converged")
                .contains("More steps of an attack")
                .contains("<polyline")
                .contains("name: &quot;b&quot;");
        assertThat(page.split("<circle", -1)).hasSizeGreaterThan(4);
    }

    @Test
    void anExperimentWithoutFiguresIsTold() {
        assertThat(ReportPage.page(
                        List.of(new ReportedExperiment(experiment("early"), List.of(), Optional.empty(), List.of()))))
                .contains("No figures yet");
    }
}
