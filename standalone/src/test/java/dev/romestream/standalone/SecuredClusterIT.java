package dev.romestream.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.romestream.messaging.access.ServiceAccess;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.schemas.WorkGroup;
import dev.romestream.standalone.chaos.Programs;
import dev.romestream.standalone.cli.RomeCommand;
import dev.romestream.testing.SecuredCluster;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** A platform team's cluster: every program a user of its own that may do what {@link ServiceAccess} says, and makes nothing itself. */
class SecuredClusterIT {
    private static final Duration LIMIT = Duration.ofMinutes(3);
    private static final String PRINCIPAL = "rome-";
    private static final TopicNames NAMES = new TopicNames("rome.");
    private static final Map<ServiceAccess, String> MAINS = Map.of(
            ServiceAccess.PRODUCER, "dev.romestream.producer.ProducerMain",
            ServiceAccess.POOL_TRAINER, "dev.romestream.distiller.PoolTrainerMain",
            ServiceAccess.DISTILLER, "dev.romestream.distiller.DistillerMain",
            ServiceAccess.ATTACKER, "dev.romestream.attacker.AttackerMain",
            ServiceAccess.EVALUATOR, "dev.romestream.evaluator.EvaluatorMain",
            ServiceAccess.DASHBOARD, "dev.romestream.dashboard.DashboardMain");

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    private Path directory;

    private static String user(ServiceAccess access) {
        return PRINCIPAL + access.program();
    }

    /** The password stands in a file of its own, to which the settings refer. */
    private Path settings(SecuredCluster cluster, ServiceAccess access) throws IOException {
        Properties secrets = new Properties();
        secrets.put("user", SecuredCluster.password(user(access)));
        secrets.put("store", SecuredCluster.STORE_PASSWORD);
        Path secretFile = directory.resolve(access.program() + "-secrets.properties");
        write(secretFile, secrets);
        Properties settings = new Properties();
        settings.putAll(
                cluster.client(user(access), "${file:" + secretFile + ":user}", "${file:" + secretFile + ":store}"));
        settings.put("topics.create", "false");
        settings.put("auto.register.schemas", "false");
        settings.put("use.latest.version", "true");
        settings.put("alerts.webhook.url", "http://localhost:1/nobody");
        Path file = directory.resolve(access.program() + ".properties");
        write(file, settings);
        return file;
    }

    private static void write(Path file, Properties properties) throws IOException {
        try (Writer writer = Files.newBufferedWriter(file)) {
            properties.store(writer, null);
        }
    }

    private static void allow(SecuredCluster cluster) throws Exception {
        List<AclBinding> bindings = Stream.of(ServiceAccess.values())
                .flatMap(access -> access.bindings("User:" + user(access), NAMES).stream())
                .toList();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", cluster.superuserServers()))) {
            admin.createAcls(bindings).all().get();
        }
    }

    @Test
    void everyProgramDoesItsWorkWithTheRightsThatItIsSaidToNeed() throws Exception {
        List<String> users =
                Stream.of(ServiceAccess.values()).map(SecuredClusterIT::user).toList();
        Map<ServiceAccess, Path> files = new LinkedHashMap<>();
        try (SecuredCluster cluster = SecuredCluster.start(directory, users);
                Programs programs = new Programs(Files.createDirectory(directory.resolve("logs")))) {
            allow(cluster);
            for (ServiceAccess access : ServiceAccess.values()) {
                files.put(access, settings(cluster, access));
            }
            MAINS.forEach((access, main) -> programs.start(
                    access.program(),
                    "512m",
                    main,
                    "--config",
                    files.get(access).toString()));
            Awaitility.await("a service without topics").atMost(LIMIT).until(() -> programs.logText("attacker")
                    .contains("topics.create is false"));
            assertThat(RomeCommand.execute(
                            "topics",
                            "--create",
                            "--bootstrap-server",
                            cluster.superuserServers(),
                            "--schema-registry",
                            cluster.registryUrl()))
                    .isZero();
            programs.awaitAllReady();

            assertThat(RomeCommand.execute(
                            "run",
                            Files.writeString(directory.resolve("tiny.yaml"), TestExperiment.FILE)
                                    .toString(),
                            "--config",
                            files.get(ServiceAccess.ROME).toString(),
                            "--bootstrap-server",
                            cluster.bootstrapServers(),
                            "--set",
                            "evaluation.victims.count=1",
                            "--out",
                            directory.resolve("out").toString()))
                    .isZero();
            assertThat(directory.resolve("out/metrics.json")).content().contains("\"complete\" : true");

            anInspectorKeepsWhatMakesNoSense(cluster, programs);
            for (WorkGroup group : WorkGroup.values()) {
                everyGroupIsSeen(programs, group.baseName());
            }
            for (String group : List.of("distiller", "evaluator", "producers", "inspectors", "alert-webhook")) {
                everyGroupIsSeen(programs, group);
            }
            assertThat(programs.dead()).isEmpty();
            for (ServiceAccess access : MAINS.keySet()) {
                assertThat(programs.logText(access.program()))
                        .contains("sasl.jaas.config=[hidden]")
                        .contains("ssl.truststore.password=[hidden]")
                        .doesNotContain(SecuredCluster.password(user(access)))
                        .doesNotContain(SecuredCluster.STORE_PASSWORD)
                        .doesNotContain("AuthorizationException")
                        .doesNotContain("ot authorized");
                // a coordinator that has forgotten a member, on a machine that stood still, is no matter of rights
                assertThat(programs.logText(access.program()).lines())
                        .noneMatch(line -> line.contains("ERROR") && !line.contains("ConsumerCoordinator"));
            }
            anAttackerMayStartNoExperiment(cluster);
        }
    }

    private static void everyGroupIsSeen(Programs programs, String group) {
        Awaitility.await("members of " + group)
                .atMost(LIMIT)
                .until(() -> programs.metric("dashboard", "rome_group_members{group=\"rome." + group + "\"}") > 0);
    }

    private static void anInspectorKeepsWhatMakesNoSense(SecuredCluster cluster, Programs programs) throws Exception {
        try (var producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", cluster.superuserServers()),
                new StringSerializer(),
                new ByteArraySerializer())) {
            producer.send(new ProducerRecord<>("rome.experiments", "poison", new byte[] {1, 2, 3}))
                    .get();
            producer.send(new ProducerRecord<>("rome.perturbed-batches", "poison", new byte[] {1, 2, 3}))
                    .get();
        }
        Awaitility.await("dead letters of an inspector and a stream")
                .atMost(LIMIT)
                .untilAsserted(() -> assertThat(programs.metric("dashboard", "rome_dead_letters"))
                        .isEqualTo(2));
    }

    private static void anAttackerMayStartNoExperiment(SecuredCluster cluster) {
        String user = user(ServiceAccess.ATTACKER);
        Map<String, Object> settings =
                new HashMap<>(cluster.client(user, SecuredCluster.password(user), SecuredCluster.STORE_PASSWORD));
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer())) {
            assertThatThrownBy(() -> producer.send(new ProducerRecord<>("rome.experiments", "id", new byte[0]))
                            .get())
                    .hasRootCauseInstanceOf(TopicAuthorizationException.class);
        }
    }
}
