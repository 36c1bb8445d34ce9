package dev.romestream.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MonitoringFilesTest {

    @ParameterizedTest
    @ValueSource(strings = {"check config prometheus.yml", "check rules rules.yml", "test rules rules.test.yml"})
    void promtoolFindsNothing(String words) throws Exception {
        Optional<Path> promtool = MonitoringFiles.program("promtool");
        assumeTrue(promtool.isPresent(), "skipped: there is no promtool (Debian's package prometheus)");
        List<String> command = new ArrayList<>(List.of(promtool.get().toString()));
        command.addAll(List.of(words.split(" ")));
        Process process = new ProcessBuilder(command)
                .directory(MonitoringFiles.FOLDER.toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
    }

    @Test
    void everyAlertHasARunbook() throws Exception {
        List<String> sections = Files.readAllLines(Path.of("../docs/troubleshooting.md")).stream()
                .filter(line -> line.startsWith("### "))
                .map(line -> line.substring(4).toLowerCase(Locale.ROOT))
                .toList();
        List<JsonNode> rules = new ObjectMapper(new YAMLFactory())
                .readTree(MonitoringFiles.FOLDER.resolve("rules.yml").toFile())
                .findValues("rules");
        assertThat(rules).isNotEmpty().allSatisfy(group -> assertThat(group).allSatisfy(rule -> {
            String runbook = rule.at("/annotations/runbook").asText();
            assertThat(runbook).startsWith("docs/troubleshooting.md#");
            assertThat(sections).contains(runbook.substring(runbook.indexOf('#') + 1));
        }));
    }

    @Test
    void dashboardsAskTheSourceThatIsProvisionedAndFitTogether() throws Exception {
        JsonNode sources = new ObjectMapper(new YAMLFactory())
                .readTree(MonitoringFiles.FOLDER
                        .resolve("grafana/provisioning/datasources/prometheus.yml")
                        .toFile());
        String uid = sources.at("/datasources/0/uid").asText();
        assertThat(MonitoringFiles.dashboards()).hasSize(2).allSatisfy(dashboard -> {
            assertThat(dashboard.path("uid").asText()).isNotEmpty();
            JsonNode source = dashboard.at("/templating/list/0");
            assertThat(source.path("type").asText()).isEqualTo("datasource");
            assertThat(source.at("/current/value").asText()).isEqualTo(uid);
            List<Integer> ids = new ArrayList<>();
            List<int[]> places = new ArrayList<>();
            dashboard.path("panels").forEach(panel -> {
                ids.add(panel.path("id").asInt());
                panel.path("targets").forEach(target -> assertThat(
                                target.at("/datasource/uid").asText())
                        .isEqualTo("${datasource}"));
                JsonNode at = panel.path("gridPos");
                places.add(Stream.of("x", "y", "w", "h")
                        .mapToInt(side -> at.path(side).asInt())
                        .toArray());
            });
            assertThat(ids).isNotEmpty().doesNotHaveDuplicates();
            for (int i = 0; i < places.size(); i++) {
                assertThat(places.get(i)[0] + places.get(i)[2]).isLessThanOrEqualTo(24);
                for (int k = 0; k < i; k++) {
                    assertThat(overlap(places.get(i), places.get(k))).isFalse();
                }
            }
        });
    }

    private static boolean overlap(int[] a, int[] b) {
        return a[0] < b[0] + b[2] && b[0] < a[0] + a[2] && a[1] < b[1] + b[3] && b[1] < a[1] + a[3];
    }
}
