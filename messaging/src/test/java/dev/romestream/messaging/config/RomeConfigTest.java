package dev.romestream.messaging.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RomeConfigTest {
    private static Map<String, String> settings(String... pairs) {
        Map<String, String> settings = new HashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            settings.put(pairs[i], pairs[i + 1]);
        }
        return settings;
    }

    @Test
    void strongerSourcesOverrideWeakerOnes(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("rome.properties");
        Files.writeString(file, "attacker.count=2\ntopic.prefix=file.\nqueue.type=consumer\n");
        RomeConfig config = RomeConfig.load(
                file,
                Map.of("ROME_ATTACKER_COUNT", "3", "ROME_TOPIC_PREFIX", "env.", "PATH", "/bin"),
                Map.of("attacker.count", "4"));
        assertThat(config.integer(Settings.ATTACKER_COUNT)).isEqualTo(4);
        assertThat(config.string(Settings.TOPIC_PREFIX)).isEqualTo("env.");
        assertThat(config.string(Settings.QUEUE_TYPE)).isEqualTo("consumer");
        assertThat(config.bootstrapServers()).isEqualTo("localhost:9092");
    }

    @Test
    void whatKubernetesPutsIntoTheEnvironmentIsNoSettingAndATypingErrorIsRefused() {
        RomeConfig config = RomeConfig.load(
                null,
                Map.of(
                        "ROME_STREAM_SERVICE_HOST", "10.0.0.7",
                        "ROME_STREAM_SERVICE_PORT_HTTP", "8080",
                        "ROME_ATTACKER_PORT", "tcp://10.0.0.7:8080",
                        "ROME_ATTACKER_PORT_8080_TCP_ADDR", "10.0.0.7",
                        "ROME_HTTP_PORT", "8081",
                        "ROME_DASHBOARD_PORT", "tcp://10.0.0.7:8090",
                        "ROME_PRODUCER_SERVICE_HOST", "10.0.0.7",
                        "ROME_PRODUCER_PORT", "tcp://10.0.0.7:80",
                        "ROME_HEAP", "2g",
                        "ROME_LOG_LEVEL", "INFO"),
                Map.of());
        assertThat(config.integer(Settings.DASHBOARD_PORT)).isZero();
        assertThat(config.producer()).doesNotContainKeys("service.host", "port");
        assertThat(config.integer(Settings.HTTP_PORT)).isEqualTo(8081);
        assertThatThrownBy(() -> RomeConfig.load(null, Map.of("ROME_ALERTS_WEBHOK_URL", "http://a"), Map.of()))
                .hasMessageContaining("alerts.webhok.url");
    }

    @Test
    void aDescriptionHasEverySettingAndNoSecret() {
        String words = RomeConfig.of(settings(
                        "dashboard.token", "hush-1",
                        "alerts.webhook.secret", "hush-2",
                        "alerts.webhook.url", "https://chat.example/hooks/hush-3",
                        "sasl.jaas.config", "password=hush-4",
                        "basic.auth.user.info", "me:hush-5",
                        "ssl.keystore.key", "hush-6",
                        "producer.ssl.key.password", "hush-7",
                        "consumer.sasl.oauthbearer.assertion.private.key.passphrase", "hush-8",
                        "config.providers.vault.param.pin", "hush-9",
                        "schema.registry.url", "https://me:hush-10@registry:8081",
                        "dashboard.services",
                                "a=http://me:hush-11@a:1,b=http://hush-12@b:1,c=http://me:hush-13/@hush-14@c:1",
                        "linger.ms", "7"))
                .describe();
        assertThat(words)
                .contains("topic.prefix=rome.", "linger.ms=7", "dashboard.token=[hidden]", "sasl.jaas.config=[hidden]")
                .contains("schema.registry.url=https://[hidden]@registry:8081")
                .doesNotContain("hush");
    }

    @Test
    void valuesThatStandElsewhereAreLookedUpAndNeverPrinted(@TempDir Path directory) throws IOException {
        Path secrets =
                Files.writeString(directory.resolve("secrets.properties"), "registry=me:hush-1\nprefix=hush-2.\n");
        Files.writeString(directory.resolve("password"), "hush-3");
        String home = System.getenv("HOME");
        RomeConfig config = RomeConfig.load(
                null,
                Map.of("ROME_BASIC_AUTH_USER_INFO", "${file:" + secrets + ":registry}"),
                Map.of(
                        "topic.prefix", "${file:" + secrets + ":prefix}",
                        "sasl.jaas.config", "login password=\"${dir:" + directory + ":password}\";",
                        "data.dir", "${env:HOME}"));
        assertThat(config.serde()).containsEntry("basic.auth.user.info", "me:hush-1");
        assertThat(config.string(Settings.TOPIC_PREFIX)).isEqualTo("hush-2.");
        assertThat(config.consumer()).containsEntry("sasl.jaas.config", "login password=\"hush-3\";");
        assertThat(config.string(Settings.DATA_DIR)).isEqualTo(home);
        assertThat(config.with(Map.of("linger.ms", "7")).describe())
                .contains("topic.prefix=[hidden]", "data.dir=[hidden]")
                .doesNotContain("hush")
                .doesNotContain(home + ",");
    }

    @Test
    void aValueThatIsNotWhereItIsSaidToBeIsRefusedByItsKey(@TempDir Path directory) {
        assertThatThrownBy(() -> RomeConfig.of(Map.of("topic.prefix", "${env:NO_SUCH_VARIABLE}")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("topic.prefix")
                .hasMessageContaining("NO_SUCH_VARIABLE");
        assertThatThrownBy(() -> RomeConfig.of(Map.of("topic.prefix", "${file:" + directory + "/nowhere:key}")))
                .hasMessageContaining("topic.prefix")
                .hasMessageContaining("nowhere");
        assertThatThrownBy(() ->
                        RomeConfig.of(Map.of("sasl.jaas.config", "user=\"${file:/nowhere:u}\" password=\"hush\"")))
                .hasMessageContaining("${file:/nowhere:u}")
                .hasMessageNotContaining("hush");
        assertThatThrownBy(() -> RomeConfig.of(Map.of("attacker.count", "${env:HOME}")))
                .hasMessageContaining("attacker.count")
                .hasMessageNotContaining(System.getenv("HOME"));
        assertThatThrownBy(() -> RomeConfig.of(Map.of("topic.prefix", "${vault:secret:key}")))
                .hasMessageContaining("vault")
                .hasMessageContaining("config.providers");
        assertThatThrownBy(() -> RomeConfig.of(Map.of(
                        "topic.prefix", "${vault:secret:key}",
                        "config.providers", "vault",
                        "config.providers.vault.class", "com.example.Vault")))
                .hasMessageContaining("com.example.Vault");
        assertThatThrownBy(() -> RomeConfig.of(Map.of(
                        "topic.prefix", "${vault:key}",
                        "config.providers", "vault",
                        "config.providers.vault.class", "java.lang.String")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("config.providers.vault.class is java.lang.String");
    }

    @Test
    void anUnknownKeyIsRefusedByName() {
        assertThatThrownBy(() -> RomeConfig.of(Map.of("atacker.count", "2")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("'atacker.count'")
                .hasMessageContaining("attacker.count");
    }

    @Test
    void aMalformedValueIsRefusedWithKeyAndValue() {
        assertThatThrownBy(() -> RomeConfig.of(Map.of("attacker.count", "many")))
                .hasMessageContaining("attacker.count")
                .hasMessageContaining("many");
        assertThatThrownBy(() -> RomeConfig.of(Map.of("queue.type", "topic")))
                .hasMessageContaining("queue.type")
                .hasMessageContaining("share");
        assertThatThrownBy(() -> RomeConfig.of(Map.of("engine.device", "tpu"))).hasMessageContaining("gpu:N");
        assertThatThrownBy(() -> RomeConfig.of(Map.of("topic.prefix", "bad prefix!")))
                .hasMessageContaining("topic.prefix")
                .hasMessageContaining("bad prefix!");
        assertThatThrownBy(() -> RomeConfig.of(Map.of("auto.register.schemas", "flase")))
                .hasMessageContaining("auto.register.schemas")
                .hasMessageContaining("flase");
        for (String url : List.of("https://chat.example/hush token", "chat.example/hush", "https:///hush")) {
            assertThatThrownBy(() -> RomeConfig.of(Map.of("alerts.webhook.url", url)))
                    .hasMessageContaining("alerts.webhook.url")
                    .hasMessageNotContaining("hush");
        }
    }

    @Test
    void kafkasSettingsPassThroughToTheClientsThatHaveThem() {
        RomeConfig config = RomeConfig.of(Map.of(
                "security.protocol", "SSL",
                "producer.linger.ms", "7",
                "consumer.fetch.min.bytes", "9",
                "group.protocol", "consumer",
                "streams.num.stream.threads", "3"));
        assertThat(config.streams())
                .containsEntry("consumer.fetch.min.bytes", "9")
                .containsEntry("producer.linger.ms", "7")
                .doesNotContainKey("group.protocol");
        assertThat(config.producer()).containsEntry("security.protocol", "SSL").containsEntry("linger.ms", "7");
        assertThat(config.consumer()).containsEntry("fetch.min.bytes", "9").doesNotContainKey("linger.ms");
        assertThat(config.streams()).containsEntry("num.stream.threads", "3").containsEntry("security.protocol", "SSL");
        assertThat(config.producer()).containsEntry("enable.idempotence", true);
        assertThat(RomeConfig.of(Map.of("auto.register.schemas", "true ")).registersSchemas())
                .isTrue();
    }
}
