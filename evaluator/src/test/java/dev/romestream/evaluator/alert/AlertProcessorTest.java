package dev.romestream.evaluator.alert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.romestream.evaluator.PlainSerdes;
import dev.romestream.exchange.identity.Identity;
import dev.romestream.schemas.Accuracy;
import dev.romestream.schemas.Alert;
import dev.romestream.schemas.AlertAction;
import dev.romestream.schemas.AlertBaseline;
import dev.romestream.schemas.AlertOrder;
import dev.romestream.schemas.AlertRule;
import dev.romestream.schemas.AlertSeries;
import dev.romestream.schemas.AlertState;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.EvaluationSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.FigureProgress;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.PlannerEvent;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.SuiteSpec;
import dev.romestream.schemas.Window;
import dev.romestream.schemas.WindowSpec;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.state.Stores;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Rules and figures to alerts, by a topology of the processor alone. */
class AlertProcessorTest {
    private static final int IMAGES = 100;

    private TopologyTestDriver driver;
    private TestInputTopic<String, PlannerEvent> in;
    private TestOutputTopic<String, Alert> out;
    private DatasetSpec dataset = DatasetSpec.newBuilder().setName("shapes10").build();
    private AlertRule[] rules = {};

    @BeforeEach
    void start() {
        Properties properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "test");
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "none:1");
        Serde<PlannerEvent> events = PlainSerdes.create();
        Serde<Experiment> experiments = PlainSerdes.create();
        Serde<AlertSeries> series = PlainSerdes.create();
        Serde<Alert> alerts = PlainSerdes.create();
        Topology topology = new Topology()
                .addSource("facts", Serdes.String().deserializer(), events.deserializer(), "facts")
                .addProcessor("alert", AlertProcessor::new, "facts")
                .addStateStore(
                        Stores.keyValueStoreBuilder(
                                Stores.inMemoryKeyValueStore(AlertProcessor.EXPERIMENTS), Serdes.String(), experiments),
                        "alert")
                .addStateStore(
                        Stores.keyValueStoreBuilder(
                                Stores.inMemoryKeyValueStore(AlertProcessor.SERIES), Serdes.String(), series),
                        "alert")
                .addSink("out", "out", Serdes.String().serializer(), alerts.serializer(), "alert");
        driver = new TopologyTestDriver(topology, properties);
        in = driver.createInputTopic("facts", new StringSerializer(), events.serializer());
        out = driver.createOutputTopic("out", new StringDeserializer(), alerts.deserializer());
    }

    @AfterEach
    void stop() {
        driver.close();
    }

    private static AlertRule.Builder rule(String figure) {
        return AlertRule.newBuilder().setFigure(figure);
    }

    private void rules(AlertRule.Builder... given) {
        rules = java.util.Arrays.stream(given).map(AlertRule.Builder::build).toArray(AlertRule[]::new);
        in.pipeInput("e", new PlannerEvent(experiment()));
    }

    private Experiment experiment() {
        return Experiment.newBuilder()
                .setId("e")
                .setName("nightly")
                .setDataset(dataset)
                .setEvaluation(EvaluationSpec.newBuilder()
                        .setSuites(
                                List.of(SuiteSpec.newBuilder().setName("quick").build()))
                        .build())
                .setAlerts(List.of(rules))
                .build();
    }

    /** The first ones right, of so many as there are. */
    private static String bits(int from, int to) {
        StringBuilder bits = new StringBuilder();
        for (int i = 0; i < IMAGES; i++) {
            bits.append(from <= i && i < to ? '1' : '0');
        }
        return bits.toString();
    }

    private static AttackAccuracy attack(String name, String bits) {
        return AttackAccuracy.newBuilder()
                .setAttack(name)
                .setEpsilon(0)
                .setControl(name.equals("none"))
                .setCorrect(0)
                .setCount(IMAGES)
                .setAccuracy(null)
                .setInterval(null)
                .setSeconds(0)
                .setGradientEvaluations(0)
                .setForwardEvaluations(0)
                .setPerImage(bits)
                .build();
    }

    /** All right as they are. */
    private static RobustnessMetrics figures(int version, String underAttack, String... flags) {
        Accuracy none = new Accuracy(0L, 0L, null, null);
        return RobustnessMetrics.newBuilder()
                .setExperiment("e")
                .setMethod("network")
                .setSnapshot(version)
                .setVersion(version)
                .setIteration(0)
                .setFinal$(true)
                .setVictim("e/net")
                .setSuite("quick")
                .setMode(Mode.UNTARGETED)
                .setComplete(true)
                .setClean(none)
                .setWorstCase(none)
                .setAttacks(List.of(attack("none", bits(0, IMAGES)), attack("fgsm", underAttack)))
                .setRr(null)
                .setIrr(null)
                .setIrrInterval(null)
                .setIrrPlus(null)
                .setAe(null)
                .setCrei(null)
                .setIcrei(null)
                .setUndefined(Map.of("irr", "no image is right"))
                .setFlags(List.of(flags))
                .setImagesDigest("images")
                .build();
    }

    private void complete(RobustnessMetrics figures) {
        figures.setSpecification(Identity.specification(experiment()));
        tell(figures);
    }

    private void tell(RobustnessMetrics figures) {
        in.pipeInput(
                "e",
                new PlannerEvent(
                        new FigureProgress("e/0/net/quick", "p", figures.getMode(), 200L, true, null, figures)));
    }

    private List<AlertState> states() {
        return out.readValuesToList().stream().map(Alert::getState).toList();
    }

    @Test
    void aFallIsToldOnceAndThatItIsOver() {
        rules(rule("worstCase").setDropsBy(3.0));
        complete(figures(0, bits(0, 60)));
        complete(figures(1, bits(0, 59)));
        assertThat(out.isEmpty()).as("a fall within the limit").isTrue();
        complete(figures(2, bits(0, 40)));
        KeyValue<String, Alert> raised = out.readKeyValue();
        assertThat(raised.key).isEqualTo("e/worstCase-drops-by-3/net/quick");
        assertThat(raised.value.getState()).isEqualTo(AlertState.RAISED);
        assertThat(raised.value.getNow().getValue()).isEqualTo(40);
        assertThat(raised.value.getBefore().getPosition()).isEqualTo(1);
        assertThat(raised.value.getDifference().getPoints()).isEqualTo(-19);
        assertThat(raised.value.getDifference().getLost()).isEqualTo(19);
        // Bonett and Price: 1/102 won, 20/102 lost
        assertThat(raised.value.getDifference().getInterval().get(0)).isCloseTo(-26.657, within(0.001));
        assertThat(raised.value.getReason())
                .isEqualTo("worstCase 40.0 [30.9, 49.8], against 59.0 before: -19.0 points [-26.7, -10.6],"
                        + " 19 images lost and 0 won");
        complete(figures(3, bits(0, 38)));
        complete(figures(3, bits(0, 38)));
        complete(figures(4, bits(0, 45)));
        assertThat(out.isEmpty()).as("it goes on, held against the last before").isTrue();
        complete(figures(5, bits(0, 58)));
        Alert cleared = out.readValue();
        assertThat(cleared.getState()).isEqualTo(AlertState.CLEARED);
        assertThat(cleared.getRaisedAt()).isEqualTo(raised.value.getRaisedAt());
        complete(figures(6, bits(0, 40)));
        assertThat(states()).as("another fall").containsExactly(AlertState.RAISED);
    }

    @Test
    void slowFallsAreSeenSinceTheFirst() {
        rules(
                rule("fgsm").setDropsBy(10.0).setAgainst(AlertBaseline.FIRST),
                rule("fgsm").setDropsBy(10.0));
        for (int version = 0; version < 5; version++) {
            complete(figures(version, bits(0, 60 - 5 * version)));
        }
        assertThat(out.readValuesToList()).extracting(Alert::getRule).containsExactly("fgsm-drops-by-10-since-first");
    }

    @Test
    void whatMayBeChanceIsNotToldUnlessAsked() {
        rules(
                rule("worstCase").setBelow(60.0),
                rule("worstCase").setBelow(60.0).setSignificant(false).setName("plain"));
        complete(figures(0, bits(0, 58)));
        assertThat(out.readValuesToList()).extracting(Alert::getRule).containsExactly("plain");
        complete(figures(1, bits(0, 40)));
        assertThat(out.readValuesToList()).extracting(Alert::getRule).containsExactly("worstCase-below-60");
        complete(figures(2, bits(0, 59)));
        assertThat(out.isEmpty()).as("nor that it is over").isTrue();
        complete(figures(3, bits(0, 60)));
        assertThat(states()).containsExactly(AlertState.CLEARED, AlertState.CLEARED);
    }

    @Test
    void flagsAndUndefinedFiguresAreTold() {
        rules(
                AlertRule.newBuilder().setFlag("any"),
                AlertRule.newBuilder().setFlag("randomised"),
                rule("irr").setBelow(5.0));
        complete(figures(0, bits(0, 50), "zero-gradient"));
        assertThat(out.readValuesToList())
                .extracting(Alert::getRule, Alert::getReason)
                .containsExactlyInAnyOrder(
                        org.assertj.core.api.Assertions.tuple("flag-any", "flags: zero-gradient"),
                        org.assertj.core.api.Assertions.tuple("irr-below-5", "irr is undefined: no image is right"));
    }

    /** Square is in another suite, nothing is attacked in this mode, and no attack takes anything off. */
    @Test
    void whatSuitesDoNotHaveAndWhatIsWellIsNotTold() {
        rules(
                rule("fgsm").setBelow(99.0),
                rule("irr").setBelow(99.0).setMode(Mode.TARGETED),
                rule("irr").setDropsBy(1.0).setName("never-defined"),
                rule("rr").setBelow(99.0).setSignificant(false));
        RobustnessMetrics targeted = figures(0, bits(0, 1));
        targeted.setMode(Mode.TARGETED);
        targeted.setAttacks(List.of(attack("none", bits(0, IMAGES))));
        complete(targeted);
        RobustnessMetrics other = figures(0, bits(0, 1));
        other.setAttacks(List.of(attack("none", bits(0, IMAGES)), attack("square", bits(0, 1))));
        other.setIrr(100.0);
        complete(other);
        assertThat(out.isEmpty()).isTrue();
    }

    @Test
    void otherImagesAreNoPairs() {
        rules(rule("fgsm").setDropsBy(5.0));
        complete(figures(0, bits(0, 60)));
        RobustnessMetrics other = figures(1, bits(0, 30));
        other.setImagesDigest("others");
        complete(other);
        Alert alert = out.readValue();
        assertThat(alert.getDifference().getLost()).isNull();
        // Newcombe's tenth method, by hand from [50.2, 69.1] and [21.9, 39.6]
        assertThat(alert.getDifference().getInterval().get(0)).isCloseTo(-42.2, within(0.1));
        assertThat(alert.getDifference().getInterval().get(1)).isCloseTo(-16.3, within(0.1));
    }

    @Test
    void figuresOfAnotherModeSuiteOrEarlierVersionSayNothing() {
        rules(rule("fgsm").setBelow(50.0).setSuite("quick"));
        RobustnessMetrics targeted = figures(5, bits(0, 1));
        targeted.setMode(Mode.TARGETED);
        complete(targeted);
        RobustnessMetrics suite = figures(5, bits(0, 1));
        suite.setSuite("another");
        complete(suite);
        complete(figures(5, bits(0, 90)));
        complete(figures(4, bits(0, 1)));
        assertThat(out.isEmpty()).isTrue();
    }

    @Test
    void figuresOfTheExperimentAsItWasSayNothing() {
        rules(rule("fgsm").setBelow(50.0));
        RobustnessMetrics late = figures(0, bits(0, 1));
        late.setSpecification("of another one");
        tell(late);
        assertThat(out.isEmpty()).isTrue();
        complete(figures(0, bits(0, 1)));
        assertThat(states()).containsExactly(AlertState.RAISED);
    }

    @Test
    void chanceIsRuledOutByTheIntervalOfARatio() {
        rules(rule("rr").setBelow(50.0));
        RobustnessMetrics perhaps = figures(0, bits(0, 50));
        perhaps.setRr(40.0);
        perhaps.setRrInterval(List.of(25.0, 55.0));
        complete(perhaps);
        assertThat(out.isEmpty()).isTrue();
        RobustnessMetrics surely = figures(1, bits(0, 50));
        surely.setRr(40.0);
        surely.setRrInterval(List.of(35.0, 45.0));
        complete(surely);
        assertThat(states()).containsExactly(AlertState.RAISED);
    }

    @Test
    void aFailedAttackIsToldWhereARuleAsksForIt() {
        rules(AlertRule.newBuilder().setFailed(true), rule("clean").setBelow(50.0));
        RobustnessMetrics failed = figures(0, "");
        failed.getAttacks().get(1).setFailure("out of memory");
        failed.getAttacks().get(0).setPerImage(bits(0, 1));
        complete(failed);
        Alert alert = out.readValue();
        assertThat(alert.getRule()).isEqualTo("failed");
        assertThat(alert.getReason()).isEqualTo("the attack fgsm failed: out of memory");
        assertThat(out.isEmpty()).as("of a figure that is not whole, nothing").isTrue();
        complete(figures(1, bits(0, 60)));
        assertThat(states()).containsExactly(AlertState.CLEARED);
    }

    @Test
    void whatGoesTakesItsAlertsWithIt() {
        rules(rule("fgsm").setBelow(50.0), rule("clean").setBelow(50.0));
        complete(figures(0, bits(0, 1)));
        assertThat(states()).containsExactly(AlertState.RAISED);
        rules(rule("clean").setBelow(50.0));
        assertThat(out.readValue().getReason()).isEqualTo("the rule is no longer there");
        assertThat(out.readValue()).as("a tombstone").isNull();
        rules(rule("fgsm").setBelow(50.0));
        complete(figures(1, bits(0, 1)));
        assertThat(states()).containsExactly(AlertState.RAISED);
        in.pipeInput("e", new PlannerEvent(null));
        assertThat(out.readValue().getReason()).isEqualTo("the experiment was removed");
        assertThat(out.isEmpty()).as("what was told stays").isTrue();
        complete(figures(2, bits(0, 1)));
        assertThat(out.isEmpty()).isTrue();
    }

    private static RobustnessMetrics figures(int version, int window, String underAttack) {
        RobustnessMetrics figures = figures(version, underAttack);
        figures.setWindow(new Window("photos-1", window, 0L, 1L, List.of()));
        figures.setImagesDigest("images of " + window);
        return figures;
    }

    @Test
    void aNewWindowAndANewVersionAreToldApart() {
        rules(rule("worstCase").setDropsBy(3.0));
        complete(figures(7, 1, bits(0, 80)));
        complete(figures(7, 2, bits(0, 40)));
        Alert window = out.readValue();
        assertThat(window.getReason()).contains("against 80.0 on window 1:");
        assertThat(window.getDifference().getLost()).as("other images").isNull();
        assertThat(window.getNow().getWindow()).isEqualTo(2);
        complete(figures(7, 3, bits(0, 80)));
        assertThat(states()).containsExactly(AlertState.CLEARED);
        complete(figures(8, 3, bits(0, 40)));
        Alert version = out.readValue();
        assertThat(version.getReason()).contains("against 80.0 of version 7:").contains("40 images lost and 0 won");
        complete(figures(8, 2, bits(0, 90)));
        assertThat(out.isEmpty()).as("an earlier window").isTrue();
    }

    @Test
    void aRuleThatIsCrossedOnAStreamAsksForASet() {
        dataset = DatasetSpec.newBuilder()
                .setName("topic")
                .setPath("photos")
                .setWindow(WindowSpec.newBuilder().setImages(100).build())
                .build();
        rules(rule("worstCase").setDropsBy(3.0).setOnAlert(new AlertOrder("set")));
        complete(figures(7, 1, bits(0, 80)));
        complete(figures(7, 2, bits(0, 40)));
        Alert raised = out.readValue();
        assertThat(raised.getAction())
                .isEqualTo(
                        new AlertAction("e", "worstCase-drops-by-3", "net", "quick", 2, 1L, "set", raised.getReason()));
        assertThat(raised.getRaisedOn()).isEqualTo(2);
        complete(figures(7, 3, bits(0, 80)));
        Alert over = out.readValue();
        assertThat(over.getState()).isEqualTo(AlertState.CLEARED);
        assertThat(over.getAction()).as("what it asked for, once").isEqualTo(raised.getAction());
        assertThat(over.getRaisedOn()).isEqualTo(2);
        assertThat(over.getRaisedAt()).isEqualTo(raised.getRaisedAt());
    }
}
