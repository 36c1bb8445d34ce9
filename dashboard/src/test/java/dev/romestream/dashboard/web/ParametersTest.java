package dev.romestream.dashboard.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.schemas.Experiment;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ParametersTest {
    private static Experiment experiment(String more) {
        return ExperimentFile.parse("""
                        name: x
                        dataset: {name: topic, path: photos, window: {images: 50}}
                        evaluation: {suites: [quick]}
                        distillation: {method: dm, imagesPerClass: 1}
                        """, overrides(more), List.of()).get(0);
    }

    private static Map<String, String> overrides(String more) {
        return Stream.of(more.split(" (?=[a-z.]+=)"))
                .collect(Collectors.toMap(one -> one.split("=", 2)[0], one -> one.split("=", 2)[1]));
    }

    @Test
    void whatDiffersIsNamedAsInTheFileAndWhatIsTheSameIsNot() {
        Experiment one = experiment("seed=1 dataset.window.keep=4");
        Experiment other = experiment("seed=2");
        assertThat(Parameters.differences(List.of(one, other)))
                .containsExactlyInAnyOrder(
                        Map.of("name", "seed", "values", Map.of(one.getId(), 1L, other.getId(), 2L)),
                        Map.of("name", "dataset.window.keep", "values", Map.of(one.getId(), 4, other.getId(), 3)));
    }

    @Test
    void aParameterWithinAListIsThatOfTheOneInItOrOfAll() {
        Experiment one = experiment("evaluation.victims={count: 2}");
        assertThat(Parameters.of(List.of(one), "evaluation.victims.count")).isEqualTo(Map.of(one.getId(), 2));
        Experiment several = experiment("evaluation.suites=[quick, pixel-2]");
        assertThat(Parameters.of(List.of(several), "evaluation.suites.name"))
                .isEqualTo(Map.of(several.getId(), List.of("quick", "pixel-2")));
        assertThat(Parameters.of(List.of(one), "no.such.thing")).isEmpty();
    }
}
