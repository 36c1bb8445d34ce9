package dev.romestream.standalone.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.producer.Datasets;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.Experiment;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BudgetTest {
    private static final DatasetDescriptor CIFAR = Datasets.official(
                    DatasetSpec.newBuilder().setName("cifar10").build())
            .orElseThrow();

    private static List<Experiment> experiments(String more) {
        String text = """
                name: x
                dataset: cifar10
                evaluation:
                  victims: {count: 2, epochs: 10}
                  images: 100
                  suites: [{name: mine, attacks: [{attack: pgd, epsilon: 2/255, stepSize: 1/255, steps: 5}]}]
                """;
        return ExperimentFile.parse(text + more, Map.of(), List.of());
    }

    @Test
    void randomImagesCostVictimsAndAttacksAlone() {
        Budget budget = Budget.of(experiments("distillation: {method: random, imagesPerClass: 3}\n"), CIFAR);
        assertThat(budget.sets()).isZero();
        // two victims, ten epochs, thirty images
        assertThat(budget.victims()).isEqualTo(600);
        // of two victims a hundred images: PGD in both modes, and two controls, each a forward pass
        assertThat(budget.attacks()).isCloseTo(2 * 100 * (2 * 5 + 2 / 3.0), within(1e-6));
    }

    @Test
    void romeCostsItsPoolItsPriorsAndItsOwnSteps() {
        String rome = """
                distillation:
                  method: rome
                  imagesPerClass: 2
                  multiFormation: true
                  iterations: 4
                  realBatch: 5
                  pool: {size: 1, initial: 1, trainedPerIteration: 1, trainSteps: 3, batch: 7}
                  prior: {attack: {steps: 2}}
                """;
        // before the fourth iteration the network has been trained three times, on images attacked twice
        double pool = 3 * 3 * 7 * (1 + 2);
        double priors = 4 * 10 * 5 * (2 + 1 / 3.0);
        double own = 4 * 10 * 2 * 4;
        assertThat(Budget.of(experiments(rome), CIFAR).sets()).isCloseTo(pool + priors + own, within(1e-6));
    }

    @Test
    void whatExperimentsShareIsCountedOnce() {
        String dm = "distillation: {method: dm, imagesPerClass: 1, iterations: 3, realBatch: 6}\n";
        String sweep =
                "sweep: {distillation.labels: [hard, {kind: soft, adversarial: 1, epochs: 2, batch: 100, attack: {steps: 3}}]}\n";
        double images = 3 * (10 + 10 * 6 / 3.0);
        double teacher = 2 * 500 * 100 * (1 + 3);
        Budget both = Budget.of(experiments(dm + sweep), CIFAR);
        assertThat(both.sets()).isCloseTo(images + teacher, within(1e-6));
        assertThat(Budget.of(experiments(dm), CIFAR).sets()).isCloseTo(images, within(1e-6));
    }

    @Test
    void adversarialTrainingOfVictimsCosts() {
        String random = "distillation: {method: random, imagesPerClass: 3}\n";
        List<Experiment> experiments = ExperimentFile.parse(
                "name: x\ndataset: cifar10\n" + random
                        + "evaluation: {victims: [{count: 1, epochs: 10, training: {regime: trades, steps: 4}}]}\n",
                Map.of(),
                List.of());
        assertThat(Budget.of(experiments, CIFAR).victims()).isEqualTo(10 * 30 * (4 + 2));
    }
}
