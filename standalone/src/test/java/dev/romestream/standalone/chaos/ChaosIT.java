package dev.romestream.standalone.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** The short form of {@link Chaos}; {@link ChaosMain} is the long one. */
class ChaosIT {
    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    private Path directory;

    @Test
    void killsAnAbsentRegistryPoisonAndNewPartitionsChangeNothing() throws Exception {
        Map<String, Integer> services = new LinkedHashMap<>();
        services.put("producer", 1);
        services.put("distiller", 1);
        services.put("pool-trainer", 1);
        services.put("attacker", 1);
        services.put("evaluator", 1);
        var scenario = new Chaos.Scenario(
                Long.getLong("rome.chaos.seed", 1), services, 3, 5, 200, true, false, Duration.ofMinutes(4));
        try (Chaos chaos = new Chaos(scenario, directory)) {
            assertThat(chaos.run(ChaosMain.experiments(Map.of(
                            "sweep",
                            "{seed: [3]}",
                            "distillation.iterations",
                            "20",
                            "distillation.snapshotEvery",
                            "10",
                            "evaluation.images",
                            "50",
                            "evaluation.victims.count",
                            "1",
                            "evaluation.suites",
                            "[pixel-2]"))))
                    .isEmpty();
        }
    }
}
