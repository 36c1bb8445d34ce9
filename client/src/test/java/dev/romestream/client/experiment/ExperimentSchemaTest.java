package dev.romestream.client.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExperimentSchemaTest {
    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
    private static final JsonSchema SCHEMA = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
            .getSchema(new ObjectMapper().valueToTree(ExperimentSchema.json()));

    static Stream<Path> examples() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("../examples"))) {
            return files.filter(file -> file.toString().endsWith(".yaml")).toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void everyExampleKeepsToIt(Path file) throws IOException {
        try (MappingIterator<JsonNode> documents =
                YAML.readerFor(JsonNode.class).readValues(Files.readString(file))) {
            while (documents.hasNextValue()) {
                assertThat(SCHEMA.validate(documents.nextValue())).isEmpty();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "dataset: {name: cifar10, size: 3}",
                "dataset: shapes10\ndistillation: {method: magic}",
                "dataset: shapes10\ndistillation: {method: dm, imagesPerClass: 0}",
                "dataset: shapes10\ndistillation: {method: dm, imagesPerClass: ten}",
                "dataset: shapes10\ndistillation: {method: dm, alpha: a lot}",
                "dataset: shapes10\ndistillation: {method: dm, multiFormation: perhaps}",
                "dataset: shapes10\ndistillation: {method: rome, alignment: squared}",
                "dataset: shapes10\npreset: tiny",
                "dataset: shapes10\nid: mine",
                "dataset: shapes10\nevaluation: {suites: [{name: x, attacks: [{attack: pdg}]}]}"
            })
    void whatItRefusesIsRefusedByTheFileToo(String rest) throws IOException {
        String text = "name: x\n" + rest;
        assertThat(SCHEMA.validate(YAML.readTree(text))).isNotEmpty();
        assertThatThrownBy(() -> ExperimentFile.parse(text, Map.of(), List.of()))
                .isInstanceOf(ExperimentException.class);
    }

    /** With every default filled in, too. */
    @Test
    void aFileThatWasWrittenKeepsToIt() throws IOException {
        String text = ExperimentFile.write(ExperimentFile.parse(
                        "name: x\ndataset: shapes10\ndistillation: {method: rome, labels: soft, pool: {weightDecay: 1/2000}}",
                        Map.of(),
                        List.of())
                .get(0));
        JsonNode written = YAML.readTree(text);
        assertThat(SCHEMA.validate(written)).isEmpty();
    }
}
