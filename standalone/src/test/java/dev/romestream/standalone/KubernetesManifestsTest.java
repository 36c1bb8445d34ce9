package dev.romestream.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.schemas.WorkGroup;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The manifests in the folder kubernetes, against Kubernetes' own model, and the settings in them against ours. */
class KubernetesManifestsTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Path FOLDER = ROOT.resolve("kubernetes");
    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory())
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .setAnnotationIntrospector(new JacksonAnnotationIntrospector() {
                /** The model would keep what it does not know among further properties. */
                @Override
                public Boolean hasAnySetter(Annotated member) {
                    return false;
                }
            });
    private static final Map<String, Class<? extends HasMetadata>> KINDS = Map.of(
            "Namespace", Namespace.class,
            "Service", Service.class,
            "Job", Job.class,
            "Deployment", Deployment.class,
            "HorizontalPodAutoscaler", HorizontalPodAutoscaler.class,
            "PodDisruptionBudget", PodDisruptionBudget.class);

    private static final List<HasMetadata> RESOURCES = new ArrayList<>();
    private static JsonNode kustomization;

    @BeforeAll
    static void read() throws IOException {
        kustomization = YAML.readTree(FOLDER.resolve("kustomization.yaml").toFile());
        for (JsonNode file : kustomization.get("resources")) {
            try (var documents = YAML.readerFor(JsonNode.class)
                    .<JsonNode>readValues(FOLDER.resolve(file.asText()).toFile())) {
                while (documents.hasNext()) {
                    JsonNode document = documents.next();
                    Class<? extends HasMetadata> kind =
                            KINDS.get(document.get("kind").asText());
                    HasMetadata resource = YAML.treeToValue(document, kind);
                    assertThat(document.get("apiVersion").asText()).isEqualTo(resource.getApiVersion());
                    RESOURCES.add(resource);
                }
            }
        }
    }

    private static <T> List<T> all(Class<T> kind) {
        return RESOURCES.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    private static List<PodSpec> pods() {
        return Stream.concat(
                        all(Deployment.class).stream().map(one -> one.getSpec().getTemplate()),
                        all(Job.class).stream().map(one -> one.getSpec().getTemplate()))
                .map(template -> template.getSpec())
                .toList();
    }

    @Test
    void everyFileIsAmongTheResources() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            assertThat(files.map(file -> file.getFileName().toString())
                            .filter(name -> name.endsWith(".yaml") && !name.equals("kustomization.yaml")))
                    .containsExactlyInAnyOrderElementsOf(kustomization
                            .get("resources")
                            .valueStream()
                            .map(JsonNode::asText)
                            .toList());
        }
    }

    @Test
    void everyImageIsOneThatTheDockerfileMakes() throws IOException {
        String dockerfile = Files.readString(ROOT.resolve("Dockerfile"));
        Set<String> used = pods().stream()
                .flatMap(pod -> pod.getContainers().stream())
                .map(Container::getImage)
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(used).hasSize(7).allSatisfy(image -> {
            assertThat(image).startsWith("rome-stream/");
            assertThat(dockerfile).containsPattern("AS " + image.substring("rome-stream/".length()) + "\\n");
        });
        assertThat(kustomization.get("images").valueStream().map(image -> image.get("name")
                        .asText()))
                .containsExactlyInAnyOrderElementsOf(used);
    }

    @Test
    void everySettingIsOne(@TempDir Path secrets) throws IOException {
        Map<String, String> environment = new HashMap<>();
        String generated = kustomization.at("/configMapGenerator/0/envs/0").asText();
        for (String line : Files.readAllLines(FOLDER.resolve(generated))) {
            // those that are examples as well
            String[] setting = line.replaceFirst("^# (?=ROME_)", "").split("=", 2);
            if (setting.length == 2 && setting[0].startsWith("ROME_")) {
                environment.put(setting[0], setting[1]);
            }
        }
        assertThat(environment).hasSize(9);
        pods().stream()
                .flatMap(pod -> pod.getContainers().stream())
                .flatMap(container -> container.getEnv().stream())
                .forEach(variable -> environment.put(variable.getName(), variable.getValue()));
        Files.writeString(secrets.resolve("password"), "p");
        Files.writeString(secrets.resolve("dashboard-token"), "t");
        environment.replaceAll((key, value) -> value.replace("/run/secrets/rome", secrets.toString()));
        RomeConfig config = RomeConfig.load(null, environment, Map.of());
        assertThat(config.secret(Settings.DASHBOARD_TOKEN)).isEqualTo("t");
        assertThat(config.flag(Settings.TOPICS_CREATE)).isFalse();
    }

    @Test
    void everyContainerIsConfinedAndLimited() {
        assertThat(pods()).hasSize(7).allSatisfy(pod -> {
            assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
            assertThat(pod.getEnableServiceLinks()).isFalse();
            Container container = pod.getContainers().get(0);
            assertThat(container.getSecurityContext().getReadOnlyRootFilesystem())
                    .isTrue();
            assertThat(container.getSecurityContext().getAllowPrivilegeEscalation())
                    .isFalse();
            assertThat(container.getResources().getLimits()).containsKey("memory");
            assertThat(container.getResources().getRequests()).containsKeys("cpu", "memory");
        });
    }

    @Test
    void everyServiceIsProbedWhereItAnswers() {
        assertThat(all(Deployment.class)).hasSize(6).allSatisfy(deployment -> {
            Container container =
                    deployment.getSpec().getTemplate().getSpec().getContainers().get(0);
            assertThat(container.getPorts().get(0).getContainerPort()).isEqualTo(8080);
            assertThat(container.getLivenessProbe().getHttpGet().getPath()).isEqualTo("/health/live");
            assertThat(container.getReadinessProbe().getHttpGet().getPath()).isEqualTo("/health/ready");
            assertThat(container.getStartupProbe().getHttpGet().getPort().getStrVal())
                    .isEqualTo(container.getPorts().get(0).getName());
        });
    }

    /** It scales by a metric that there is, of a group that there is. */
    @Test
    void attackersAreScaledByTheWorkThatWaitsForThem() {
        HorizontalPodAutoscaler scaler = all(HorizontalPodAutoscaler.class).get(0);
        assertThat(scaler.getSpec().getScaleTargetRef().getName()).isEqualTo("attacker");
        var metric = scaler.getSpec().getMetrics().get(0).getExternal().getMetric();
        assertThat(metric.getName()).isEqualTo("rome_group_waiting");
        assertThat(metric.getSelector().getMatchLabels())
                .containsEntry("group", "rome." + WorkGroup.ATTACKERS.baseName());
    }
}
