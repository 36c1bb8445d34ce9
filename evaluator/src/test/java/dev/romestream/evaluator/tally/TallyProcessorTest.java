package dev.romestream.evaluator.tally;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.romestream.evaluator.PlainSerdes;
import dev.romestream.evaluator.plan.EvaluationPlan;
import dev.romestream.exchange.identity.Identity;
import dev.romestream.messaging.streams.Write;
import dev.romestream.robustness.attack.Suite;
import dev.romestream.robustness.tensor.Precision;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.AttackProgress;
import dev.romestream.schemas.AttackRequest;
import dev.romestream.schemas.AttackSpec;
import dev.romestream.schemas.BatchOutcome;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.ImageLabels;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.PlannedAttack;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Tally;
import dev.romestream.schemas.TallyEvent;
import dev.romestream.schemas.Topic;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.IntStream;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Asking and tallying, by a topology of the processor alone. Images with an even id stand every attack, and all stand none. */
class TallyProcessorTest {
    private static final List<PlannedAttack> PLAN = EvaluationPlan.attacks(
            Suite.named("pixel-2"), new NetworkVersion("v", 0, ""), List.of(), Precision.FLOAT32);
    private static final List<PlannedAttack> LONG = PLAN.stream()
            .map(planned -> PlannedAttack.newBuilder(planned)
                    .setAttack(AttackSpec.newBuilder(planned.getAttack())
                            .setSteps(100_000)
                            .build())
                    .build())
            .toList();
    private static final String KEY = "e/0/v/pixel-2";
    private static final String UNTARGETED = KEY + "/untargeted";
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int NONE = 0;
    private static final int CLAMP = 1;
    private static final int FGSM = 2;

    private final Deque<AttackRequest> asked = new ArrayDeque<>();
    private final Map<String, RobustnessMetrics> figures = new HashMap<>();
    private final List<String> tombstones = new ArrayList<>();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    /** That have come later. */
    private List<Integer> labels = List.of();

    private TopologyTestDriver driver;
    private TestInputTopic<String, TallyEvent> input;
    private TestOutputTopic<String, SpecificRecord> out;

    @BeforeEach
    void start() {
        Properties properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "test");
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "none:1");
        Serde<TallyEvent> events = PlainSerdes.create();
        Serde<SpecificRecord> records = PlainSerdes.create();
        Serde<Tally> tallies = PlainSerdes.create();
        Serde<Evaluation> plans = PlainSerdes.create();
        OpenRequests open = new OpenRequests(meters);
        Topology topology = new Topology()
                .addSource("events", Serdes.String().deserializer(), events.deserializer(), "events")
                .addProcessor(
                        "tally", () -> new TallyProcessor(PATIENCE, open, (dataset, fingerprint) -> labels), "events")
                .addStateStore(
                        Stores.keyValueStoreBuilder(
                                Stores.inMemoryKeyValueStore(TallyProcessor.STORE), Serdes.String(), tallies),
                        "tally")
                .addStateStore(
                        Stores.keyValueStoreBuilder(
                                Stores.inMemoryKeyValueStore(TallyProcessor.PLANS), Serdes.String(), plans),
                        "tally")
                .addSink("out", "out", Serdes.String().serializer(), PlainSerdes.writes(), "tally");
        driver = new TopologyTestDriver(topology, properties);
        input = driver.createInputTopic("events", new StringSerializer(), events.serializer());
        out = driver.createOutputTopic("out", new StringDeserializer(), records.deserializer());
    }

    @AfterEach
    void stop() {
        driver.close();
    }

    private static Evaluation evaluation(int run) {
        return planned(run, PLAN);
    }

    private static Evaluation planned(int run, List<PlannedAttack> attacks) {
        Evaluation evaluation = Evaluation.newBuilder()
                .setKey(KEY)
                .setExperiment("e")
                .setRun(run)
                .setMethod("rome")
                .setSnapshot(0)
                .setIteration(9)
                .setFinal$(true)
                .setVictim("v")
                .setDigest("weights")
                .setSuite("pixel-2")
                .setDataset("d")
                .setFingerprint("f")
                .setClasses(10)
                .setImages(100)
                .setRequestSize(50)
                .setSeed(5)
                .setAttacks(attacks)
                .build();
        evaluation.setPlan(Identity.plan(evaluation));
        return evaluation;
    }

    private void collect() {
        for (TestRecord<String, SpecificRecord> record : out.readRecordsToList()) {
            if (record.value() instanceof AttackRequest request) {
                asked.add(request);
            } else if (record.value() instanceof RobustnessMetrics metrics
                    && record.key().equals(key(metrics))) {
                figures.put(record.key(), metrics);
            } else if (record.value() == null) {
                tombstones.add(record.key());
            }
        }
    }

    private static String key(RobustnessMetrics metrics) {
        return KEY + "/" + metrics.getMode().name().toLowerCase(java.util.Locale.ROOT);
    }

    /** Begins an evaluation, and gives the requests that are new. */
    private List<AttackRequest> begin(Evaluation evaluation) {
        asked.clear();
        input.pipeInput(KEY, new TallyEvent(evaluation));
        collect();
        return List.copyOf(asked);
    }

    private static AttackProgress.Builder progress(AttackRequest request) {
        return AttackProgress.newBuilder()
                .setPlan(request.getPlan())
                .setRequest(request.getId())
                .setAttempt(request.getAttempt());
    }

    private static int attack(AttackRequest request) {
        return IntStream.range(0, PLAN.size())
                .filter(attack -> PLAN.get(attack)
                                .getAttack()
                                .getAttack()
                                .equals(request.getAttack().getAttack())
                        && PLAN.get(attack).getAttack().getTargeted()
                                == request.getAttack().getTargeted())
                .findFirst()
                .orElseThrow();
    }

    private void pipe(AttackProgress progress) {
        input.pipeInput(KEY, new TallyEvent(progress));
        collect();
    }

    private void taken(AttackRequest request, String attacker) {
        pipe(progress(request).setAttacker(attacker).build());
    }

    private static BatchOutcome outcome(AttackRequest request, List<Integer> ids, double seconds) {
        byte[] correct = new byte[ids.size()];
        for (int i = 0; i < correct.length; i++) {
            correct[i] = (byte) (attack(request) <= CLAMP || ids.get(i) % 2 == 0 ? 1 : 0);
        }
        return BatchOutcome.newBuilder()
                .setImageIds(ids)
                .setCorrect(ByteBuffer.wrap(correct))
                .setSeconds(seconds)
                .setGradientEvaluations(ids.size())
                .build();
    }

    private void answer(AttackRequest request, double seconds) {
        pipe(progress(request)
                .setOutcome(outcome(request, request.getImageIds(), seconds))
                .build());
    }

    private void fail(AttackRequest request, String why) {
        pipe(progress(request)
                .setOutcome(BatchOutcome.newBuilder().setFailure(why).build())
                .build());
    }

    private AttackRequest asked(int attack) {
        return asked.stream()
                .filter(request -> attack(request) == attack)
                .findFirst()
                .orElseThrow();
    }

    /** Answers all that is asked for until nothing more is. */
    private void answerAll() {
        while (!asked.isEmpty()) {
            answer(asked.remove(), 0.001);
        }
    }

    @Test
    void requestsThatAreOutAreAGaugeUntilTheLastAnswer() {
        int out = begin(evaluation(0)).size();
        assertThat(meters.get("rome.evaluation.requests")
                        .tag("evaluation", KEY)
                        .gauge()
                        .value())
                .isEqualTo(out);
        answerAll();
        assertThat(meters.find("rome.evaluation.requests").gauge()).isNull();
        assertThat(meters.get("rome.evaluation.open").gauge().value()).isZero();
    }

    @Test
    void aFigureIsCompleteWhenEveryAttackHasSeenEveryImage() {
        begin(evaluation(0));
        List<String> ids = new ArrayList<>();
        while (!asked.isEmpty()) {
            assertThat(figures.getOrDefault(KEY + "/targeted", new RobustnessMetrics()))
                    .extracting(RobustnessMetrics::getComplete)
                    .isEqualTo(false);
            AttackRequest request = asked.remove();
            ids.add(request.getId());
            answer(request, attack(request) + 1.0);
        }
        assertThat(ids)
                .as("every attack on every image, once")
                .hasSize(2 * PLAN.size())
                .doesNotHaveDuplicates();
        RobustnessMetrics figure = figures.get(KEY + "/targeted");
        assertThat(figure.getComplete()).isTrue();
        assertThat(figure.getClean().getAccuracy()).isEqualTo(100);
        assertThat(figure.getAttacks()).filteredOn(AttackAccuracy::getControl).hasSize(2);
        assertThat(figure.getWorstCase().getCorrect()).isEqualTo(50);
        // every drop is 50: I-RR = 100 (1 - 50 * 50 / 100^2), RR = 0
        assertThat(figure.getIrr()).isCloseTo(75, within(1e-9));
        assertThat(figure.getRr()).isCloseTo(0, within(1e-9));
        assertThat(figure.getUndefined()).isEmpty();
        assertThat(figure.getAttacks().get(NONE).getPerImage()).isEqualTo("1".repeat(100));
        assertThat(figure.getAttacks().get(CLAMP + 1).getPerImage()).isEqualTo("10".repeat(50));
    }

    @Test
    void metricsSayWhatTheyAreOf() {
        Evaluation evaluation = evaluation(0);
        answer(begin(evaluation).get(0), 1);
        RobustnessMetrics figure = figures.get(UNTARGETED);
        assertThat(figure.getPlan()).isEqualTo(evaluation.getPlan());
        assertThat(figure.getDigest()).isEqualTo("weights");
        assertThat(figure.getDataset()).isEqualTo("d");
        assertThat(figure.getFingerprint()).isEqualTo("f");
        assertThat(figure.getImagesDigest())
                .isEqualTo(Identity.images(
                        "f",
                        dev.romestream.schemas.Split.TEST,
                        IntStream.range(0, 100).toArray()));
    }

    /** Of images without labels: the network takes image i for class i mod 3, and odd ones for another under attack. */
    private void answerPredicted(AttackRequest request) {
        List<Integer> predicted = request.getImageIds().stream()
                .map(id -> id % 3 + (attack(request) > CLAMP && id % 2 == 1 ? 1 : 0))
                .toList();
        BatchOutcome outcome = outcome(request, request.getImageIds(), 0.001);
        outcome.setPredicted(predicted);
        pipe(progress(request).setOutcome(outcome).build());
    }

    private static Evaluation unlabelled() {
        Evaluation evaluation = evaluation(0);
        evaluation.setLabels(ImageLabels.PREDICTED);
        evaluation.setPlan(Identity.plan(evaluation));
        return evaluation;
    }

    @Test
    void imagesWithoutLabelsAreAttackedAwayFromWhatTheNetworkFirstTakesThemFor() {
        assertThat(begin(unlabelled())).allSatisfy(request -> {
            assertThat(attack(request)).as("nothing but the clean images").isEqualTo(NONE);
            assertThat(request.getLabels()).isEmpty();
        });
        while (!asked.isEmpty()) {
            AttackRequest request = asked.remove();
            if (attack(request) != NONE) {
                assertThat(request.getLabels())
                        .isEqualTo(
                                request.getImageIds().stream().map(id -> id % 3).toList());
            }
            answerPredicted(request);
        }
        RobustnessMetrics metrics = figures.get(UNTARGETED);
        assertThat(metrics.getComplete()).isTrue();
        assertThat(metrics.getLabels()).isEqualTo(ImageLabels.PREDICTED);
        assertThat(metrics.getStability().getStable()).isEqualTo(50);
        assertThat(metrics.getStability().getCount()).isEqualTo(100);
        assertThat(metrics.getStability().getPercent()).isEqualTo(50);
        assertThat(metrics.getClean().getAccuracy()).isNull();
        assertThat(metrics.getWorstCase().getCount()).isZero();
        assertThat(metrics.getIrr()).isNull();
        assertThat(metrics.getUndefined().get("irr")).contains("labels are predicted");
        assertThat(metrics.getAttacks()).allSatisfy(attack -> {
            assertThat(attack.getAccuracy()).isNull();
            assertThat(attack.getCount()).isZero();
            assertThat(attack.getStability().getPercent()).isEqualTo(attack.getControl() ? 100 : 50);
        });
        assertThat(metrics.getAttacks().get(FGSM).getPerImage()).isEqualTo("10".repeat(50));
    }

    /** Of 60 images, of which the network takes the first 30 for what they are. */
    @Test
    void accuraciesFollowWhereLabelsComeLater() {
        begin(unlabelled());
        while (!asked.isEmpty()) {
            answerPredicted(asked.remove());
        }
        figures.clear();
        driver.advanceWallClockTime(PATIENCE);
        collect();
        assertThat(figures).as("without labels there is nothing to tell").isEmpty();
        labels = IntStream.range(0, 100)
                .mapToObj(id -> id < 30 ? id % 3 : id < 60 ? (id + 1) % 3 : -1)
                .toList();
        driver.advanceWallClockTime(PATIENCE);
        collect();
        RobustnessMetrics metrics = figures.get(UNTARGETED);
        assertThat(metrics.getComplete()).isTrue();
        assertThat(metrics.getLabels()).isEqualTo(ImageLabels.PREDICTED);
        assertThat(metrics.getStability().getPercent()).isEqualTo(50);
        assertThat(metrics.getClean().getCount()).isEqualTo(60);
        assertThat(metrics.getClean().getAccuracy()).isEqualTo(50);
        assertThat(metrics.getWorstCase().getCorrect()).isEqualTo(15);
        assertThat(metrics.getAttacks().get(FGSM).getAccuracy()).isEqualTo(25);
        assertThat(metrics.getAttacks().get(FGSM).getStability().getCount()).isEqualTo(100);
        // drop is 25 of 50 under each attack: 100 (1 - 25 * 25 / 50^2)
        assertThat(metrics.getIrr()).isCloseTo(75, within(1e-9));
        assertThat(metrics.getIrrInterval().get(0)).isLessThan(75);
        figures.clear();
        driver.advanceWallClockTime(PATIENCE);
        collect();
        assertThat(figures).as("the same labels are told once").isEmpty();
        // there is no class 12
        labels = IntStream.range(0, 100).mapToObj(id -> id < 10 ? 12 : id % 3).toList();
        driver.advanceWallClockTime(PATIENCE);
        collect();
        assertThat(figures.get(UNTARGETED).getClean().getCount()).isEqualTo(90);
        assertThat(figures.get(UNTARGETED).getClean().getAccuracy()).isEqualTo(100);
        assertThat(figures.get(UNTARGETED).getIrr()).isCloseTo(75, within(1e-9));
    }

    @Test
    void accuraciesFollowThoughAnAttackFailed() {
        begin(unlabelled());
        while (!asked.isEmpty()) {
            AttackRequest request = asked.remove();
            if (attack(request) == FGSM) {
                fail(request, "no memory");
            } else {
                answerPredicted(request);
            }
        }
        assertThat(figures.get(UNTARGETED).getComplete()).isTrue();
        labels = IntStream.range(0, 100).mapToObj(id -> id % 3).toList();
        driver.advanceWallClockTime(Duration.ofSeconds(5));
        collect();
        assertThat(figures.get(UNTARGETED).getClean().getAccuracy()).isEqualTo(100);
        assertThat(figures.get(UNTARGETED).getAttacks().get(FGSM).getFailure()).isEqualTo("no memory");
    }

    @Test
    void withoutPredictionsNothingIsAttackedAndASuccessThatComesLateClearsThat() {
        AttackRequest first = begin(unlabelled()).get(0);
        answer(first, 1);
        assertThat(figures).as("an outcome without predictions counts nothing").isEmpty();
        fail(first, "no memory");
        assertThat(figures.get(UNTARGETED).getComplete()).isTrue();
        assertThat(figures.get(UNTARGETED).getAttacks())
                .allSatisfy(attack -> assertThat(attack.getFailure()).isEqualTo("no memory"));
        asked.clear();
        answerPredicted(first);
        assertThat(figures.get(UNTARGETED).getAttacks())
                .allSatisfy(attack -> assertThat(attack.getFailure()).isNull());
        assertThat(asked).isNotEmpty();
        while (!asked.isEmpty()) {
            answerPredicted(asked.remove());
        }
        assertThat(figures.get(UNTARGETED).getStability().getPercent()).isEqualTo(50);
    }

    @Test
    void anOutcomeThatComesAgainChangesNothing() {
        AttackRequest first = begin(evaluation(0)).get(0);
        answer(first, 1);
        assertThat(figures.get(UNTARGETED).getClean().getCount()).isEqualTo(50);
        figures.clear();
        answer(first, 1);
        assertThat(figures).isEmpty();
    }

    @Test
    void partsOfAnAnswerCountImageByImage() {
        AttackRequest first = begin(evaluation(0)).get(0);
        List<Integer> ids = first.getImageIds();
        pipe(progress(first).setOutcome(outcome(first, ids.subList(0, 20), 1)).build());
        assertThat(figures.get(UNTARGETED).getClean().getCount()).isEqualTo(20);
        pipe(progress(first).setOutcome(outcome(first, ids.subList(20, 50), 2)).build());
        assertThat(figures.get(UNTARGETED).getClean().getCount()).isEqualTo(50);
        assertThat(figures.get(UNTARGETED).getAttacks().get(NONE).getSeconds()).isEqualTo(3);
    }

    @Test
    void untilEveryAttackHasAResultRatiosAreUndefinedAndSayWhy() {
        answer(begin(evaluation(0)).get(0), 1);
        RobustnessMetrics figure = figures.get(UNTARGETED);
        assertThat(figure.getIrr()).isNull();
        assertThat(figure.getUndefined()).containsEntry("irr", "not every attack has a result yet");
        assertThat(figure.getAttacks().get(CLAMP).getAccuracy()).isNull();
    }

    /** Clean has seen 100 images and the attacks 50, of which 25 stand: of those 50 alone, I-RR is 75. */
    @Test
    void aRunningRatioIsOfTheImagesThatItsIntervalIsOf() {
        begin(evaluation(0));
        List<AttackRequest> later = new ArrayList<>();
        while (!asked.isEmpty()) {
            AttackRequest request = asked.remove();
            boolean second = request.getImageIds().get(0) == 50;
            if (attack(request) > CLAMP && second) {
                later.add(request);
            } else if (attack(request) == NONE && second) {
                // of all images, half are right; of those that the attacks have seen, all
                BatchOutcome wrong = outcome(request, request.getImageIds(), 0.001);
                wrong.setCorrect(ByteBuffer.wrap(new byte[50]));
                pipe(progress(request).setOutcome(wrong).build());
            } else {
                answer(request, 0.001);
            }
        }
        RobustnessMetrics figure = figures.get(UNTARGETED);
        assertThat(figure.getClean().getCount()).isEqualTo(100);
        assertThat(figure.getClean().getAccuracy()).isEqualTo(50);
        assertThat(figure.getWorstCase().getCount()).isEqualTo(50);
        assertThat(figure.getIrr()).isCloseTo(75, within(1e-9));
        // of 50 right images half stand: Jeffreys' interval of 25 of 50 is 36.5 to 63.5 %, and I-RR = 100 (1 - (1 -
        // share)^2)
        assertThat(figure.getIrrInterval().get(0)).isCloseTo(59.7, within(4.0));
        assertThat(figure.getIrrInterval().get(1)).isCloseTo(86.7, within(4.0));
        assertThat(later).isNotEmpty();
    }

    /** Two in hand or to go on with for the one attacker that there is, and one for another, while requests are long. */
    @Test
    void aLongEvaluationAsksForFewRequestsAtATime() {
        assertThat(begin(planned(0, LONG))).hasSize(3);
        AttackRequest first = asked.element();
        asked.clear();
        taken(first, "a");
        assertThat(asked).isEmpty();
        answer(first, 30);
        assertThat(asked).as("one more for each that is done").hasSize(1);
        taken(asked.element(), "b");
        assertThat(asked).as("two more for another attacker").hasSize(3);
    }

    @Test
    void shortRequestsAreAskedForAhead() {
        begin(planned(0, PLAN.subList(0, 2)));
        Evaluation many = planned(0, PLAN.subList(0, 2));
        many.setImages(5000);
        many.setPlan(Identity.plan(many));
        begin(many);
        for (int i = 0; i < 4; i++) {
            answer(asked.remove(), 0.02);
        }
        assertThat(asked).hasSizeBetween(10, 16);
    }

    @Test
    void whatAnotherPlanAskedForDoesNotCount() {
        AttackRequest late = begin(evaluation(0)).get(0);
        Evaluation other = planned(0, PLAN.subList(0, PLAN.size() - 1));
        begin(other);
        figures.clear();
        answer(late, 1);
        fail(late, "late news");
        assertThat(figures).isEmpty();
    }

    @Test
    void aWithdrawnEvaluationAsksForNothingAndTakesNothingIn() {
        AttackRequest inHand = begin(evaluation(0)).get(0);
        Evaluation stopped = evaluation(0);
        stopped.setActive(false);
        assertThat(begin(stopped)).isEmpty();
        answer(inHand, 1);
        driver.advanceWallClockTime(PATIENCE.multipliedBy(5));
        collect();
        assertThat(asked).isEmpty();
        assertThat(figures).isEmpty();
        assertThat(begin(evaluation(0))).isNotEmpty();
    }

    @Test
    void anAttackThatFailedIsNamedAndTheOthersGoOn() {
        begin(evaluation(0));
        fail(asked(FGSM), "out of memory");
        asked.removeIf(request -> attack(request) == FGSM);
        answerAll();
        RobustnessMetrics figure = figures.get(UNTARGETED);
        assertThat(figure.getComplete()).as("nothing more will come").isTrue();
        assertThat(figure.getAttacks().get(FGSM).getFailure()).isEqualTo("out of memory");
        assertThat(figure.getAttacks().get(FGSM).getCount()).isZero();
        assertThat(figure.getAttacks().get(FGSM + 1).getCount()).isEqualTo(100);
        assertThat(figure.getUndefined()).containsEntry("irr", "the attack fgsm failed: out of memory");
        assertThat(figures.get(KEY + "/targeted").getIrr())
                .as("of the other mode no attack failed")
                .isNotNull();
    }

    @Test
    void aSuccessAfterAFailedAttemptClearsTheFailure() {
        begin(evaluation(0));
        AttackRequest request = asked(FGSM);
        fail(request, "lost device");
        assertThat(figures.get(UNTARGETED).getAttacks().get(FGSM).getFailure()).isEqualTo("lost device");
        answer(request, 1);
        assertThat(figures.get(UNTARGETED).getAttacks().get(FGSM).getFailure()).isNull();
        asked.removeIf(other -> other.getId().equals(request.getId()));
        answerAll();
        assertThat(figures.get(UNTARGETED).getComplete()).isTrue();
        assertThat(figures.get(UNTARGETED).getUndefined()).isEmpty();
    }

    @Test
    void whatFailedInOneRunMaySucceedInTheNext() {
        begin(evaluation(0));
        AttackRequest failed = asked(FGSM);
        fail(failed, "out of memory");
        List<AttackRequest> again = begin(evaluation(1));
        assertThat(figures.get(UNTARGETED).getAttacks().get(FGSM).getFailure()).isNull();
        assertThat(again)
                .anyMatch(request ->
                        request.getId().equals(failed.getId()) && request.getAttempt() > failed.getAttempt());
        fail(failed, "late news of the first run");
        assertThat(figures.get(UNTARGETED).getAttacks().get(FGSM).getFailure()).isNull();
    }

    @Test
    void whatAnAttackerTookAndDoesNotFinishIsAskedForAgainAndAtLastHasFailed() {
        begin(planned(0, PLAN.subList(0, 2)));
        AttackRequest request = asked.remove();
        answerAll();
        for (int attempt = 1; attempt <= 3; attempt++) {
            taken(request, "a");
            asked.clear();
            driver.advanceWallClockTime(PATIENCE.plusSeconds(20));
            collect();
            assertThat(asked).as("that one alone").hasSize(1);
            assertThat(asked.element().getId()).isEqualTo(request.getId());
            assertThat(asked.element().getAttempt()).isEqualTo(attempt);
            request = asked.element();
        }
        taken(request, "a");
        asked.clear();
        driver.advanceWallClockTime(PATIENCE.plusSeconds(20));
        collect();
        RobustnessMetrics figure = figures.get(UNTARGETED);
        assertThat(figure.getComplete()).isTrue();
        assertThat(figure.getAttacks().get(NONE).getFailure()).contains("no answer came to 4 requests");
        driver.advanceWallClockTime(PATIENCE.plusSeconds(20));
        collect();
        assertThat(asked).isEmpty();
    }

    @Test
    void anAttackerThatIsStillAtItIsWaitedFor() {
        AttackRequest request = begin(evaluation(0)).get(0);
        asked.clear();
        for (int i = 0; i < 10; i++) {
            taken(request, "a");
            driver.advanceWallClockTime(PATIENCE.dividedBy(2));
        }
        collect();
        assertThat(asked).isEmpty();
    }

    @Test
    void aBacklogIsNoSilence() {
        begin(evaluation(0));
        asked.clear();
        driver.advanceWallClockTime(PATIENCE.multipliedBy(20));
        collect();
        assertThat(asked).isEmpty();
        assertThat(figures).isEmpty();
    }

    /** It was acknowledged without an answer: of those that were asked much later, some were taken. */
    @Test
    void whatLeftTheQueueUnseenIsAskedForAgain() {
        AttackRequest lost = begin(planned(0, LONG)).get(0);
        driver.advanceWallClockTime(PATIENCE.plusSeconds(20));
        AttackRequest other = asked.stream()
                .filter(request -> !request.getId().equals(lost.getId()))
                .findFirst()
                .orElseThrow();
        asked.clear();
        answer(other, 30);
        AttackRequest newer = asked.remove();
        taken(newer, "a");
        driver.advanceWallClockTime(PATIENCE.dividedBy(4));
        collect();
        assertThat(asked).extracting(AttackRequest::getId).contains(lost.getId());
    }

    @Test
    void aPauseKeepsWhatFailed() {
        begin(evaluation(0));
        fail(asked(FGSM), "out of memory");
        asked.removeIf(request -> attack(request) == FGSM);
        answerAll();
        figures.clear();
        Evaluation paused = evaluation(0);
        paused.setActive(false);
        begin(paused);
        begin(evaluation(0));
        assertThat(figures).isEmpty();
        assertThat(asked).isEmpty();
    }

    @Test
    void rowsThatAnotherPlanUnderTheSameKeyLacksAreTombstoned() {
        begin(evaluation(0));
        begin(planned(0, PLAN.subList(0, PLAN.size() - 1)));
        PlannedAttack gone = PLAN.get(PLAN.size() - 1);
        assertThat(tombstones)
                .containsExactly(KEY + "/targeted/" + gone.getAttack().getAttack());
    }

    @Test
    void aPlanThatIsReplacedTakesItsFiguresWithIt() {
        begin(evaluation(0));
        answerAll();
        Write replaced = new Write(Topic.EVALUATIONS, KEY, null, true);
        input.pipeInput(
                new TestRecord<>(KEY, new TallyEvent(null), replaced.at(0).headers()));
        collect();
        assertThat(tombstones).contains(UNTARGETED, UNTARGETED + "/irr", KEY + "/targeted");
    }

    @Test
    void theFiguresOfAnExperimentThatIsRemovedStay() {
        begin(evaluation(0));
        answerAll();
        input.pipeInput(new TestRecord<>(KEY, new TallyEvent(null), new RecordHeaders()));
        collect();
        assertThat(tombstones).isEmpty();
    }
}
