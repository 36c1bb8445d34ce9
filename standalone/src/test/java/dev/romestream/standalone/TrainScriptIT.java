package dev.romestream.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.romestream.standalone.cli.RomeCommand;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A set is worth in plain PyTorch what its figures say. */
class TrainScriptIT {
    private static final Path DATA = Path.of("../../shared/data/cifar10");

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theScriptOfTheDocumentationTrainsToTheAccuracyOfTheVictims(boolean multiFormation) throws Exception {
        assumeTrue(Files.exists(DATA), "skipped: the CIFAR-10 sample is not there");
        Optional<String> python = Stream.of("python3", "/usr/bin/python3")
                .filter(name -> execute(name, "-c", "import numpy, torch").code() == 0)
                .findFirst();
        assumeTrue(python.isPresent(), "skipped: there is no Python with PyTorch");
        Path file = Files.writeString(directory.resolve("set.yaml"), """
                name: set
                dataset: cifar10
                distillation:
                  method: random
                  imagesPerClass: 10
                  multiFormation: %s
                  network: {width: 16}
                  labels: {kind: soft, natural: 1, adversarial: 1, epochs: 5}
                evaluation:
                  victims: {count: 3, epochs: 60, batch: 64, learningRate: 0.01, momentum: 0.9, weightDecay: 5e-4}
                  suites: [{name: clean, attacks: [{attack: fgsm, epsilon: 2/255, modes: [untargeted]}]}]
                """.formatted(multiFormation));
        Path out = directory.resolve("out");
        assertThat(RomeCommand.execute("run", file.toString(), "--data", DATA.toString(), "--out", out.toString()))
                .isZero();
        double low = 100;
        double high = 0;
        for (JsonNode record :
                new ObjectMapper().readTree(out.resolve("metrics.json").toFile())) {
            JsonNode interval = record.path("clean").path("interval");
            low = Math.min(low, interval.path(0).asDouble());
            high = Math.max(high, interval.path(1).asDouble());
        }
        Finished script = execute(
                python.get(),
                "../docs/train.py",
                out.resolve("synthetic.npz").toString(),
                DATA.resolve("test_batch.bin").toString(),
                "--width",
                "16",
                "--epochs",
                "60");
        Matcher line = Pattern.compile("([0-9.]+) % of 1017 test images").matcher(script.output());
        assertThat(line.find()).as(script.output()).isTrue();
        assertThat(Double.parseDouble(line.group(1))).isBetween(low, high);
    }

    private record Finished(int code, String output) {}

    private static Finished execute(String... command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Finished(process.waitFor(), output);
        } catch (IOException e) {
            return new Finished(-1, e.getMessage());
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
