package dev.romestream.client.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.romestream.exchange.codec.SuiteCodec;
import dev.romestream.exchange.experiment.Victim;
import dev.romestream.robustness.attack.Suite;
import dev.romestream.robustness.attack.SuiteAttack;
import dev.romestream.robustness.tensor.Precision;
import dev.romestream.schemas.Alignment;
import dev.romestream.schemas.CraftingPrecision;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.LabelKind;
import dev.romestream.schemas.LabelSpec;
import dev.romestream.schemas.NetworkNorm;
import dev.romestream.schemas.PriorMode;
import dev.romestream.schemas.Space;
import dev.romestream.schemas.SuiteSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExperimentFileTest {
    private static final String MINIMAL = "name: x\ndataset: {name: shapes10}\ndistillation: {method: rome}\n";

    private static Experiment one(String text) {
        List<Experiment> experiments = ExperimentFile.parse(text, Map.of(), List.of());
        assertThat(experiments).hasSize(1);
        return experiments.get(0);
    }

    private static List<Experiment> parse(String text) {
        return ExperimentFile.parse(text, Map.of(), List.of());
    }

    @Test
    void whatTheMethodDoesNotKnowIsRefused() {
        assertThatThrownBy(() -> parse("name: a\ndataset: shapes10\ndistillation: {method: dm, alpha: 0.3}"))
                .isInstanceOf(ExperimentException.class)
                .hasMessageContaining("'distillation.alpha' means nothing to the method dm; known are augmentation,");
        assertThatThrownBy(() -> parse("name: a\ndataset: shapes10\ndistillation: {method: mtt, pool: {size: 2}}"))
                .hasMessageContaining("distillation.pool");
        assertThatThrownBy(() -> parse("name: a\ndataset: shapes10\ndistillation: {method: random}"
                        + "\nsweep: {distillation.realBatch: [2, 3]}"))
                .hasMessageContaining("distillation.realBatch");
    }

    @Test
    void inASweepOverMethodsEachTakesWhatItKnows() {
        List<Experiment> experiments = parse("name: a\ndataset: shapes10\npreset: small"
                + "\ndistillation: {alpha: 0.3, gradients: {outer: 2}}"
                + "\nsweep: {distillation.method: [rome, dsa]}");
        assertThat(experiments.get(0).getDistillation().getAlpha()).isEqualTo(0.3);
        assertThat(experiments.get(0).getDistillation().getGradients().getOuter())
                .isEqualTo(5);
        assertThat(experiments.get(1).getDistillation().getAlpha()).isEqualTo(0.2);
        assertThat(experiments.get(1).getDistillation().getGradients().getOuter())
                .isEqualTo(2);
        for (Experiment experiment : experiments) {
            String written = ExperimentFile.write(experiment);
            assertThat(parse(written)).containsExactly(experiment);
        }
        assertThat(ExperimentFile.write(experiments.get(1)))
                .contains("gradients")
                .doesNotContain("pool:");
    }

    @Test
    void alertsMakeSenseAndChangeNoId() {
        Experiment without = one(MINIMAL);
        Experiment with = one(
                MINIMAL
                        + "alerts: [{figure: worstCase, suite: pixel-2, dropsBy: 3}, {figure: pgd, below: 60}, {figure: rr, dropsBy: 3}, {flag: any}]");
        assertThat(with.getId()).isEqualTo(without.getId());
        assertThat(with.getAlerts()).hasSize(4);
        assertThat(one(ExperimentFile.write(with))).isEqualTo(with);
        String rule = MINIMAL + "alerts: [%s]";
        Map.of(
                        "{figure: worstCase}", "has 0 of below, dropsBy, flag and failed",
                        "{figure: clean, below: 1, dropsBy: 1}", "has 2 of below",
                        "{below: 3}", "'alerts[0].figure' is missing",
                        "{flag: any, figure: clean}", "flag and failed of none",
                        "{figure: square, below: 3}",
                                "'alerts[0].figure' is 'square'; there are clean, fgsm, irr, pgd,",
                        "{figure: clean, below: 3, suite: pixel-8}", "the experiment's are as-published-quick, pixel-2",
                        "{figure: clean, below: 101}", "most allowed is 100",
                        "{flag: any}, {flag: any}", "two alerts of the name 'flag-any'",
                        "{flag: any, name: a/b}", "'a/b'")
                .forEach((given, message) -> assertThatThrownBy(() -> one(rule.formatted(given)))
                        .as(given)
                        .isInstanceOf(ExperimentException.class)
                        .hasMessageContaining(message));
    }

    @Test
    void threeKeysAreEnoughAndTheMethodFillsInTheRest() {
        Experiment experiment = one(MINIMAL);
        assertThat(experiment.getDistillation().getLearningRate()).isEqualTo(4.0);
        assertThat(experiment.getDistillation().getMultiFormation()).isTrue();
        assertThat(experiment.getEvaluation().getSuites())
                .extracting(SuiteSpec::getName)
                .containsExactly("as-published-quick", "pixel-2");
    }

    @Test
    void fractionsEnumsNestedDefaultsAndShorthandsAreRead() {
        Experiment experiment = one("""
                name: x
                dataset: shapes10
                distillation:
                  method: rome
                  alignment: squared-l2
                  prior: {mode: inline, attack: {epsilon: 4/255, steps: 7}}
                """);
        var prior = experiment.getDistillation().getPrior();
        assertThat(prior.getMode()).isEqualTo(PriorMode.INLINE);
        assertThat(prior.getAttack().getEpsilon()).isEqualTo(4 / 255.0);
        assertThat(prior.getAttack().getSteps()).isEqualTo(7);
        assertThat(prior.getAttack().getStepSize()).isEqualTo(0.02);
        assertThat(prior.getAttack().getTargeted()).isTrue();
        assertThat(experiment.getDistillation().getAlignment()).isEqualTo(Alignment.SQUARED_L2);
    }

    @Test
    void whatRanIsWrittenSoThatItRunsAgain() {
        Experiment experiment = one(MINIMAL + "seed: 5\n");
        assertThat(one(ExperimentFile.write(experiment))).isEqualTo(experiment);
    }

    @Test
    void anIdFollowsFromTheContent() {
        assertThat(one(MINIMAL).getId()).isEqualTo(one(MINIMAL).getId()).matches("x-[0-9a-f]{8}");
        assertThat(one(MINIMAL + "seed: 1\n").getId()).isNotEqualTo(one(MINIMAL).getId());
    }

    @Test
    void aSweepIsOneExperimentForEachCombination() {
        List<Experiment> experiments = ExperimentFile.parse(
                MINIMAL + "sweep: {distillation.method: [rome, dm], seed: [1, 2]}\n", Map.of(), List.of());
        assertThat(experiments)
                .extracting(Experiment::getName)
                .containsExactly("x-rome-1", "x-rome-2", "x-dm-1", "x-dm-2");
        assertThat(experiments).extracting(Experiment::getSeed).containsExactly(1L, 2L, 1L, 2L);
    }

    @Test
    void overridesAreStrongerThanTheFile() {
        Experiment experiment = ExperimentFile.parse(
                        MINIMAL, Map.of("distillation.network.width", "8", "evaluation.suites", "[pixel-8]"), List.of())
                .get(0);
        assertThat(experiment.getDistillation().getNetwork().getWidth()).isEqualTo(8);
        assertThat(experiment.getEvaluation().getSuites())
                .extracting(SuiteSpec::getName)
                .containsExactly("pixel-8");
    }

    @Test
    void thePublishedSettingsAreThePapers() {
        Experiment experiment = one("""
                preset: paper-cifar100-ipc50
                name: x
                dataset: cifar100
                distillation: {method: rome}
                """);
        var distillation = experiment.getDistillation();
        assertThat(distillation.getImagesPerClass()).isEqualTo(50);
        assertThat(distillation.getCeWeight()).isEqualTo(0.1);
        assertThat(distillation.getRealBatch()).isEqualTo(256);
        assertThat(distillation.getPool().getTrainSteps()).isEqualTo(50);
        assertThat(distillation.getPool().getGenerateInterval()).isEqualTo(30);
        assertThat(distillation.getNetwork().getWidth()).isEqualTo(128);
    }

    /** The CPU setting is what a file gets that says nothing. */
    @Test
    void theSmallPresetIsTheDefault() {
        Experiment small = one("preset: small\n" + MINIMAL);
        assertThat(small).isEqualTo(one(MINIMAL));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "distillation.alhpa: 0.3 => Unknown key 'distillation.alhpa'; known are method, imagesPerClass",
                "distillation.alpha: high => The key 'distillation.alpha' is 'high'; allowed is a number",
                "distillation.alpha: 2 => distillation.alpha is 2.0; the most allowed is 1.",
                "distillation.method: given => a set of one's own is scored by rome evaluate-set.",
                "distillation.method: sgd => distillation.method is 'sgd'; known are bacon, c2r, dc, dm, dsa, full, guard, herding, idm, kcenter, mat, mtt, random, rome.",
                "seed: 9223372036854775808 => The key 'seed' is '9223372036854775808'; allowed is a whole number from -9223372036854775808 to 9223372036854775807.",
                "seed: -9223372036854775809 => allowed is a whole number from -9223372036854775808",
                "seed: 1e30 => allowed is a whole number from -9223372036854775808",
                "distillation.iterations: 2147483648 => allowed is a whole number from -2147483648 to 2147483647.",
                "distillation.iterations: 18446744073709551617 => allowed is a whole number from -2147483648",
                "distillation.iterations: .inf => allowed is a whole number",
                "distillation.iterations: 1.5 => The key 'distillation.iterations' is '1.5'; allowed is a whole number.",
                "distillation.alignment: l1 => The key 'distillation.alignment' is 'l1'; allowed is [squared-tv",
                "distillation.augmentation: color_shear => Unknown augmentation 'shear'",
                "distillation.prior.attack.attack: pdg => Unknown attack 'pdg'; known are apgd_ce",
                "distillation.network.architecture: vgg => Unknown architecture 'vgg'; known are convnet,",
                "evaluation.suites: [pixel-3] => Unknown suite 'pixel-3'; known are as-published",
                "preset: huge => The key 'preset' is 'huge'; known are small",
                "id: mine => Unknown key 'id'"
            })
    void whatMakesNoSenseIsNamedWithWhatIsAllowed(String example) {
        String[] parts = example.split(" => ");
        String[] override = parts[0].split(": ", 2);
        assertThatThrownBy(() -> ExperimentFile.parse(MINIMAL, Map.of(override[0], override[1]), List.of()))
                .isInstanceOf(ExperimentException.class)
                .hasMessageContaining(parts[1]);
    }

    @Test
    void theLargestAndTheSmallestSeedAreRead() {
        for (long seed : new long[] {Long.MIN_VALUE, Long.MAX_VALUE}) {
            Experiment read = ExperimentFile.parse(MINIMAL, Map.of("seed", Long.toString(seed)), List.of())
                    .get(0);
            assertThat(read.getSeed()).isEqualTo(seed);
        }
    }

    @Test
    void aMissingKeyIsNamed() {
        assertThatThrownBy(() -> one("name: x\ndistillation: {method: rome}\n"))
                .hasMessage("The key 'dataset' is missing.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"robust-small", "robust-cifar10-ipc10"})
    void theRobustPresetsLabelByAdversariallyTrainedTeachers(String preset) {
        Experiment experiment = one("name: x\ndataset: cifar10\npreset: " + preset + "\n");
        LabelSpec labels = experiment.getDistillation().getLabels();
        assertThat(labels.getKind()).isEqualTo(LabelKind.SOFT);
        assertThat(labels.getNatural()).isZero();
        assertThat(labels.getAdversarial()).isEqualTo(2);
        assertThat(labels.getAttack().getSpace()).isEqualTo(Space.PIXEL);
        assertThat(labels.getAttack().getEpsilon()).isEqualTo(2 / 255.0);
        assertThat(experiment.getDistillation().getMultiFormation()).isTrue();
    }

    /** A value of one axis is not changed by another's. */
    @Test
    void aSweepOverWholeDistillationsGoesWithOneOverAKeyOfThem() {
        List<Experiment> experiments = ExperimentFile.parse("""
                name: x
                dataset: shapes10
                sweep:
                  distillation: [{method: dm, realBatch: 3}, {method: random}]
                  distillation.labels: [hard, {kind: soft, adversarial: 1}]
                """, Map.of(), List.of());
        assertThat(experiments)
                .extracting(experiment -> experiment.getDistillation().getMethod() + " "
                        + experiment.getDistillation().getLabels().getKind())
                .containsExactly("dm HARD", "dm SOFT", "random HARD", "random SOFT");
    }

    /** Overrides are for all of them, and a key needs to mean something to one alone. */
    @Test
    void aFileMayHoldSeveralDocuments() {
        String second = "---\nname: whole\ndataset: shapes10\ndistillation: {method: full}\n";
        List<Experiment> experiments = ExperimentFile.parse(
                MINIMAL + "sweep: {seed: [1, 2]}\n" + second,
                Map.of("evaluation.images", "50", "distillation.iterations", "7"),
                List.of());
        assertThat(experiments)
                .extracting(Experiment::getName)
                .endsWith("whole")
                .hasSize(3);
        assertThat(experiments)
                .extracting(experiment -> experiment.getEvaluation().getImages())
                .containsOnly(50);
        assertThat(experiments.get(0).getDistillation().getIterations()).isEqualTo(7);
        assertThatThrownBy(() -> one(MINIMAL + "---\n- a list\n")).hasMessageContaining("must be a YAML mapping");
    }

    static Stream<Path> examples() throws java.io.IOException {
        try (Stream<Path> files = Files.list(Path.of("../examples"))) {
            return files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList().stream();
        }
    }

    /** Of a stream: what cannot be is refused by its key. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{name: cifar10, window: {images: 5}} | dataset.window is of a topic",
                "{name: topic, path: p, window: {}} | neither images nor every",
                "{name: topic, path: p, window: {images: 5, every: PT1M}} | images and every",
                "{name: topic, path: p, window: {every: soon}} | dataset.window.every is 'soon'",
                "{name: topic, path: p, images: 9, window: {images: 5}} | give dataset.window.sample",
                "{name: topic, path: p, window: {images: 500, maximum: 50}} | dataset.window.maximum is 50",
                "{name: topic, path: p, window: {images: 5, start: never}} | dataset.window.start is 'never'",
                "{name: topic, path: p, window: {images: 5, classes: [a]}} | give two classes or more",
                "{name: topic, path: p, window: {images: 5, onLag: wait}} | dataset.window.onLag is wait",
                "{name: topic, path: p, labels: predicted} | dataset.labels is predicted, which is of a stream",
                "{name: cifar10, labels: predicted} | dataset.labels is predicted, which is of a stream",
                "{name: topic, path: p, window: {images: 9, labelTopic: l}} | dataset.window.labelTopic is 'l', and images have",
                "{name: topic, path: p, labels: predicted, window: {images: 9, labelTopic: p}} | it must be the name of another topic",
                "{name: topic, path: p, labels: predicted, window: {images: 9, labelTopic: ''}} | dataset.window.labelTopic is ''",
                "{name: topic, path: p, labels: predicted, window: {images: 5, minimum: 2}} | dataset.window.minimum is 2",
                "{name: topic, path: p, labels: predicted, window: {images: 5, classes: [a, b]}} | dataset.window.classes is",
            })
    void whatAStreamCannotBeIsRefusedByItsKey(String dataset, String message) {
        assertThatThrownBy(() -> ExperimentFile.parse("name: live\ndataset: " + dataset + "\n", Map.of(), List.of()))
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "distillation: {method: dm} | images without labels cannot be distilled",
                "alerts: [{figure: clean, below: 5}] | there are fgsm, pgd, stability",
                "alerts: [{figure: stability, below: 5, onAlert: {distil: x}}] | asks for a distillation",
            })
    void whatNeedsLabelsIsRefusedWithoutThem(String rest, String message) {
        String file = "name: live\ndataset: {name: topic, path: p, window: {images: 5}, labels: %s}\nevaluation:"
                + " {suites: [{name: own, attacks: [{attack: fgsm, epsilon: 1/255}, {attack: pgd, epsilon: 1/255,"
                + " stepSize: 1/255, steps: 2}]}]}\n" + rest + "\n";
        assertThatThrownBy(() -> ExperimentFile.parse(file.formatted("predicted"), Map.of(), List.of()))
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @MethodSource("examples")
    void theExamplesAreExperiments(Path file) {
        assertThat(ExperimentFile.read(file, Map.of(), List.of())).isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"../examples/suites/parity.yaml"})
    void theExampleSuitesAreSuites(String file) {
        Experiment experiment =
                ExperimentFile.monitoring("m", "cifar10", List.of(file, "as-published"), Optional.empty(), 64);
        assertThat(experiment.getDistillation()).isNull();
        assertThat(SuiteCodec.decode(experiment.getEvaluation())).hasSize(2);
    }

    @Test
    void suitesOfTheCommandLineReplaceTheFilesAndMayBeFiles(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("own.yaml");
        Files.writeString(
                file,
                "name: own\nspace: normalised\nattacks: [{attack: pgd, epsilon: 8/255, modes: [targeted]}, {attack: square,"
                        + " norm: l2, epsilon: 0.5}]\n");
        Experiment experiment = ExperimentFile.parse(MINIMAL, Map.of(), List.of("pixel-4", file.toString()))
                .get(0);
        List<Suite> suites = SuiteCodec.decode(experiment.getEvaluation());
        assertThat(suites).extracting(Suite::name).containsExactly("pixel-4", "own");
        assertThat(suites.get(1).attacks())
                .extracting(SuiteAttack::spec)
                .extracting(Object::toString)
                .satisfiesExactly(
                        none -> assertThat(none).contains("none"),
                        clamp -> assertThat(clamp).contains("clamp"),
                        // what is not said is usual: ten steps of a quarter of epsilon
                        pgd -> assertThat(pgd).contains("steps=10", "stepSize=0.00784"),
                        square -> assertThat(square).contains("steps=5000", "Optional[L2]"));
        assertThatThrownBy(() -> ExperimentFile.parse(MINIMAL, Map.of(), List.of("no/such.yaml")))
                .isInstanceOf(ExperimentException.class)
                .hasMessage("Cannot read the suite file no/such.yaml.");
    }

    @Test
    void aSuiteOrAnAttackSaysInWhichPrecisionItIsCrafted() {
        List<SuiteAttack> own = SuiteCodec.decode(withSuite(
                                "{name: own, precision: auto, attacks: [{attack: pgd, epsilon: 2/255}, {attack: fgsm, epsilon:"
                                        + " 2/255, precision: bfloat16}]}")
                        .get(0)
                        .getEvaluation())
                .get(1)
                .attacks();
        assertThat(own)
                .extracting(SuiteAttack::precision)
                .as("none, clamp, pgd, fgsm")
                .endsWith(Optional.empty(), Optional.of(Precision.BFLOAT16));
        assertThat(SuiteCodec.decode(withSuite("{name: pixel-8, precision: bfloat16}")
                                .get(0)
                                .getEvaluation())
                        .get(1)
                        .attacks()
                        .get(3)
                        .precision())
                .contains(Precision.BFLOAT16);
        assertThat(withSuite("{name: pixel-8, precision: float32}"))
                .as("what is so anyway makes no other experiment")
                .isEqualTo(withSuite("pixel-8"));
    }

    @Test
    void thePrecisionOfACommandLeavesSuitesThatReproducePublications() {
        Experiment experiment = ExperimentFile.monitoring(
                "m",
                Map.of("name", "cifar10"),
                List.of("as-published-quick", "pixel-8"),
                "auto",
                Optional.empty(),
                64,
                List.of());
        assertThat(experiment.getEvaluation().getSuites())
                .extracting(SuiteSpec::getPrecision)
                .containsExactly(CraftingPrecision.FLOAT32, CraftingPrecision.AUTO);
    }

    @Test
    void victimsAreOneKindOrAListOfKinds() {
        Experiment one = one(MINIMAL + "evaluation: {victims: {count: 3}}\n");
        assertThat(Victim.of(one)).extracting(Victim::number).containsExactly(0, 1, 2);
        Experiment several = one(MINIMAL + "evaluation: {victims: [{count: 1}, {architecture: vgg11, count: 2}]}\n");
        assertThat(Victim.of(several))
                .extracting(plan -> plan.architecture().name())
                .containsExactly("convnet", "vgg11", "vgg11");
        assertThatThrownBy(() -> ExperimentFile.parse(
                        MINIMAL + "evaluation: {victims: [{count: 1}]}\n",
                        Map.of("evaluation.victims.count", "2"),
                        List.of()))
                .hasMessage("The key 'evaluation.victims.count' cannot be set: 'victims' is a list in the file; change"
                        + " it there.");
        assertThat(one(MINIMAL + "evaluation: {victims: {norm: batch}}\n")
                        .getEvaluation()
                        .getVictims()
                        .get(0)
                        .getNorm())
                .isEqualTo(NetworkNorm.BATCH);
        for (String network : List.of("network", "labels.network")) {
            assertThatThrownBy(() -> ExperimentFile.parse(
                            MINIMAL, Map.of("distillation." + network, "{norm: batch}"), List.of()))
                    .hasMessageContaining(
                            "(width 32, depth 3, batch norm) can be a victim, and is not what a set is distilled");
        }
    }

    private static List<Experiment> withSuite(String suite) {
        return ExperimentFile.parse(
                "name: n\ndataset: shapes10\ndistillation: {method: dm}\nevaluation: {suites: [pixel-2, " + suite
                        + "]}",
                Map.of(),
                List.of());
    }

    @Test
    void aSuiteOfOnesOwnStandsBesideTheBuiltInOnes() {
        Experiment experiment = withSuite("{name: own, space: normalised, attacks: [{attack: deepfool, steps: 9, "
                        + "parameters: {overshoot: 0.1}}, {attack: pgd, epsilon: 8/255, stepSize: 2/255, steps: 3, "
                        + "modes: targeted}]}")
                .get(0);
        List<Suite> suites = SuiteCodec.decode(experiment.getEvaluation());
        assertThat(suites).extracting(Suite::name).containsExactly("pixel-2", "own");
        List<SuiteAttack> own = suites.get(1).attacks();
        assertThat(own).extracting(attack -> attack.spec().name()).containsExactly("none", "clamp", "deepfool", "pgd");
        assertThat(own.get(2).spec().parameters()).containsExactly(Map.entry("overshoot", 0.1));
        assertThat(own.get(2).targeted()).isFalse();
        assertThat(own.get(3).untargeted()).isFalse();
        assertThat(own.get(3).spec().epsilon()).isEqualTo(8 / 255.0);
        assertThat(ExperimentFile.parse(ExperimentFile.write(experiment), Map.of(), List.of())
                        .get(0)
                        .getEvaluation())
                .isEqualTo(experiment.getEvaluation());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    {name: autoattack, precision: auto}                                | The suite 'autoattack' reproduces a publication, and its precision is float32; leave precision out.
                    {name: pixel-8, precision: float64}                                | The key 'evaluation.suites[1].precision' is 'float64'; allowed is [float32, bfloat16, auto].
                    {name: pixel-2}                                                    | There are two suites of the name 'pixel-2'.
                    {name: pixel-8, attacks: [{attack: none}]}                         | The suite 'pixel-8' is a built-in one; choose another name.
                    {name: own, attacks: [{attack: pdg}]}                              | Unknown attack 'pdg'; known are apgd_ce, apgd_dlr
                    {name: own, attacks: [{attack: cw, parameters: {k: 1}}]}           | The attack cw has no parameter 'k'; its own are {c=1.0
                    {name: own, attacks: [{attack: deepfool, modes: [targeted]}]}      | The attack deepfool has no targeted mode.
                    {name: own, attacks: [{attack: fgsm, epsilon: -1}]}                | evaluation.suites[1].attacks[0].epsilon is -1.0; the least allowed is 0.
                    {name: own, attacks: [{attack: pgd, stepsize: 1}]}                 | Unknown key 'evaluation.suites[1].attacks[0].stepsize'; known are attack
                    """)
    void aSuiteThatMakesNoSenseIsRefused(String suite, String message) {
        assertThatThrownBy(() -> withSuite(suite))
                .isInstanceOf(ExperimentException.class)
                .hasMessageContaining(message);
    }

    /** Random damage, and lines of which none is foreseen: refused by name, or read, in bounded time and memory. */
    @Test
    @Timeout(120)
    void damageIsRefused() {
        String whole = ExperimentFile.write(one(MINIMAL));
        List<String> lines = whole.lines().toList();
        String pieces = "{}[]:,-#&*!|>'\"%@`\n\t 0159.eE+~xyz\u0000\u2028\uffff";
        for (int seed = 0; seed < 3000; seed++) {
            Random random = new Random(seed);
            List<String> changed = new ArrayList<>(lines);
            for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
                int at = random.nextInt(changed.size());
                StringBuilder line = new StringBuilder(changed.get(at));
                for (int i = random.nextInt(4); i >= 0; i--) {
                    line.insert(random.nextInt(line.length() + 1), pieces.charAt(random.nextInt(pieces.length())));
                }
                switch (random.nextInt(3)) {
                    case 0 -> changed.remove(at);
                    case 1 -> changed.add(random.nextInt(changed.size()), line.toString());
                    default -> changed.set(at, line.toString());
                }
            }
            try {
                assertThat(ExperimentFile.parse(String.join("\n", changed), Map.of(), List.of()))
                        .isNotEmpty();
            } catch (ExperimentException e) {
                assertThat(e.getMessage()).as("seed %d", seed).isNotBlank();
            }
        }
    }

    /** Aliases of aliases, nesting without end, a sweep over more than a cluster can hold. */
    @Test
    void whatGrowsWithoutBoundIsRefused() {
        StringBuilder laughs = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 12; i++) {
            String alias = "*a" + (i - 1);
            laughs.append("a%d: &a%d [%s]%n".formatted(i, i, String.join(", ", Collections.nCopies(9, alias))));
        }
        String values = "[" + String.join(", ", Collections.nCopies(100, "1")) + "]";
        String sweep = MINIMAL
                + "sweep: {seed: %s, distillation.alpha: %s, distillation.ceWeight: %s}"
                        .formatted(values, values, values);
        for (String text : List.of(laughs.toString(), MINIMAL + "x: " + "[".repeat(100_000), sweep)) {
            assertThatThrownBy(() -> ExperimentFile.parse(text, Map.of(), List.of()))
                    .isInstanceOf(ExperimentException.class);
        }
    }
}
