package dev.romestream.evaluator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.romestream.exchange.codec.InvalidRecordException;
import dev.romestream.messaging.streams.ProcessingFaultHandler;
import dev.romestream.robustness.attack.Suite;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.AttackRequest;
import dev.romestream.schemas.DType;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.PerturbedBatch;
import dev.romestream.schemas.PlannedAttack;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Tally;
import dev.romestream.schemas.TallyEvent;
import dev.romestream.schemas.Tensor;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.IntStream;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Scoring and tallying, by a topology of the two processors alone. */
class TallyProcessorTest {
    private static final List<PlannedAttack> PLAN =
            EvaluationPlan.attacks(Suite.named("pixel-2"), new NetworkVersion("v", 0), List.of());
    private static final String KEY = "e/0/v/pixel-2";
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int NONE = 0;
    private static final int CLAMP = 1;

    private TopologyTestDriver driver;
    private TestInputTopic<String, PerturbedBatch> input;
    private TestInputTopic<String, TallyEvent> plans;
    private TestOutputTopic<String, SpecificRecord> out;
    private TestOutputTopic<String, byte[]> deadLetters;

    /** Images with an even id are classified correctly under every attack, and all without one. */
    private static final class EvenImagesStand implements ScoringProcessor.Scorer {
        private final Map<String, EvaluationPlan.Slot> slots = EvaluationPlan.byId(evaluation(0));

        @Override
        public Optional<Evaluation> plan(String key) {
            return key.equals(KEY) ? Optional.of(evaluation(0)) : Optional.empty();
        }

        @Override
        public Optional<EvaluationPlan.Slot> slot(Evaluation evaluation, String requestId) {
            return Optional.ofNullable(slots.get(requestId));
        }

        @Override
        public BatchScorer.Scores score(Evaluation evaluation, EvaluationPlan.Slot slot, PerturbedBatch batch) {
            if (batch.getImages().getData().remaining() == 0) {
                throw new InvalidRecordException("no images");
            }
            boolean[] correct = new boolean[batch.getImageIds().size()];
            for (int i = 0; i < correct.length; i++) {
                correct[i] = slot.attack() <= CLAMP || batch.getImageIds().get(i) % 2 == 0;
            }
            return new BatchScorer.Scores(correct, new int[correct.length], 0);
        }
    }

    @BeforeEach
    void start() {
        Properties properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "test");
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "none:1");
        properties.put(StreamsConfig.PROCESSING_EXCEPTION_HANDLER_CLASS_CONFIG, ProcessingFaultHandler.class);
        properties.put(StreamsConfig.ERRORS_DEAD_LETTER_QUEUE_TOPIC_NAME_CONFIG, "dead-letters");
        Serde<PerturbedBatch> batches = PlainSerdes.create();
        Serde<TallyEvent> events = PlainSerdes.create();
        Serde<SpecificRecord> records = PlainSerdes.create();
        Serde<Tally> tallies = PlainSerdes.create();
        Topology topology = new Topology()
                .addSource("batches", Serdes.String().deserializer(), batches.deserializer(), "batches")
                .addSource("plans", Serdes.String().deserializer(), events.deserializer(), "plans")
                .addProcessor("score", () -> new ScoringProcessor(new EvenImagesStand()), "batches")
                .addProcessor("tally", () -> new TallyProcessor(PATIENCE), "score", "plans")
                .addStateStore(
                        Stores.keyValueStoreBuilder(
                                Stores.inMemoryKeyValueStore(TallyProcessor.STORE), Serdes.String(), tallies),
                        "tally")
                .addSink("out", "out", Serdes.String().serializer(), records.serializer(), "tally");
        driver = new TopologyTestDriver(topology, properties);
        input = driver.createInputTopic("batches", new StringSerializer(), batches.serializer());
        plans = driver.createInputTopic("plans", new StringSerializer(), events.serializer());
        out = driver.createOutputTopic("out", new StringDeserializer(), records.deserializer());
        deadLetters = driver.createOutputTopic("dead-letters", new StringDeserializer(), new ByteArrayDeserializer());
    }

    /** Begins an evaluation, and takes note of its requests. */
    private List<AttackRequest> begin(Evaluation evaluation) {
        plans.pipeInput(KEY, new TallyEvent(evaluation));
        return requests();
    }

    private List<AttackRequest> requests() {
        return out.readValuesToList().stream()
                .filter(AttackRequest.class::isInstance)
                .map(AttackRequest.class::cast)
                .toList();
    }

    @AfterEach
    void stop() {
        driver.close();
    }

    private static Evaluation evaluation(int run) {
        return Evaluation.newBuilder()
                .setKey(KEY)
                .setExperiment("e")
                .setRun(run)
                .setMethod("rome")
                .setSnapshot(0)
                .setIteration(9)
                .setFinal$(true)
                .setVictim("v")
                .setSuite("pixel-2")
                .setDataset("d")
                .setFingerprint("f")
                .setClasses(10)
                .setImages(100)
                .setRequestSize(50)
                .setSeed(5)
                .setAttacks(PLAN)
                .build();
    }

    private static PerturbedBatch batch(int attack, int from, int to, String error, int bytes) {
        return batch(attack, from, to, error, bytes, 0);
    }

    private static PerturbedBatch batch(int attack, int from, int to, String error, int bytes, int attempt) {
        return PerturbedBatch.newBuilder()
                .setRequestId(EvaluationPlan.request(evaluation(0), new EvaluationPlan.Slot(attack, from), 0)
                        .getId())
                .setAttempt(attempt)
                .setNetwork("v")
                .setVersion(0)
                .setImages(new Tensor(List.of(bytes), DType.UINT8, ByteBuffer.allocate(bytes)))
                .setLabels(IntStream.range(from, to).mapToObj(i -> 0).toList())
                .setImageIds(IntStream.range(from, to).boxed().toList())
                .setAttack(PLAN.get(attack).getAttack())
                .setSeconds(attack + 1.0)
                .setGradientEvaluations(to - from)
                .setForwardEvaluations(to - from)
                .setError(error)
                .build();
    }

    private Map<String, RobustnessMetrics> pipe(PerturbedBatch... batches) {
        begin(evaluation(0));
        for (PerturbedBatch batch : batches) {
            input.pipeInput(KEY, batch);
        }
        return figures();
    }

    private Map<String, RobustnessMetrics> figures() {
        Map<String, RobustnessMetrics> figures = new HashMap<>();
        out.readKeyValuesToList().stream()
                .filter(record -> record.value instanceof RobustnessMetrics)
                .forEach(record -> figures.put(record.key, (RobustnessMetrics) record.value));
        return figures;
    }

    @Test
    void aFigureIsCompleteWhenEveryAttackHasSeenEveryImage() {
        RobustnessMetrics figure = null;
        for (int attack = 0; attack < PLAN.size(); attack++) {
            for (int from = 0; from < 100; from += 50) {
                assertThat(figure == null || !figure.getComplete()).isTrue();
                Map<String, RobustnessMetrics> changed = pipe(batch(attack, from, from + 50, null, 1));
                figure = changed.getOrDefault("e/0/v/pixel-2/targeted", figure);
            }
        }
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
    void aResultThatComesAgainChangesNothing() {
        RobustnessMetrics once = pipe(batch(NONE, 0, 50, null, 1)).get("e/0/v/pixel-2/untargeted");
        assertThat(once.getClean().getCount()).isEqualTo(50);
        assertThat(pipe(batch(NONE, 0, 50, null, 1))).isEmpty();
        RobustnessMetrics more =
                pipe(batch(NONE, 0, 50, null, 1), batch(NONE, 50, 100, null, 1)).get("e/0/v/pixel-2/untargeted");
        assertThat(more.getClean().getCount()).isEqualTo(100);
        assertThat(more.getAttacks().get(NONE).getSeconds()).isEqualTo(2.0);
    }

    @Test
    void aControlCountsInBothModesAndAnAttackInItsOwn() {
        assertThat(pipe(batch(NONE, 0, 50, null, 1)))
                .containsOnlyKeys("e/0/v/pixel-2/untargeted", "e/0/v/pixel-2/targeted");
        int targeted = IntStream.range(0, PLAN.size())
                .filter(attack -> PLAN.get(attack).getModes().equals(List.of(Mode.TARGETED)))
                .findFirst()
                .orElseThrow();
        assertThat(pipe(batch(targeted, 0, 50, null, 1))).containsOnlyKeys("e/0/v/pixel-2/targeted");
    }

    @Test
    void untilEveryAttackHasAResultRatiosAreUndefinedAndSayWhy() {
        RobustnessMetrics figure = pipe(batch(NONE, 0, 50, null, 1)).get("e/0/v/pixel-2/untargeted");
        assertThat(figure.getIrr()).isNull();
        assertThat(figure.getUndefined()).containsEntry("irr", "not every attack has a result yet");
        assertThat(figure.getAttacks().get(CLAMP).getAccuracy()).isNull();
    }

    @Test
    void aBatchThatMakesNoSenseGoesToTheDeadLettersAndTheNextOneCounts() {
        assertThat(pipe(batch(NONE, 0, 50, null, 0), batch(NONE, 50, 100, null, 1))
                        .get("e/0/v/pixel-2/untargeted")
                        .getClean()
                        .getCount())
                .isEqualTo(50);
        var letter = deadLetters.readRecord();
        assertThat(letter.value()).isEqualTo(PlainSerdes.write(batch(NONE, 0, 50, null, 0)));
        assertThat(letter.headers().lastHeader("__streams.errors.message").value())
                .isEqualTo("no images".getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    @Test
    void aRequestThatFailedIsTold() {
        RobustnessMetrics figure = pipe(batch(2, 0, 50, "out of memory", 0)).get("e/0/v/pixel-2/untargeted");
        assertThat(figure.getComplete()).isFalse();
        assertThat(figure.getUndefined()).containsEntry("attack.fgsm", "out of memory");
    }

    @Test
    void whatFailedInOneRunMaySucceedInTheNext() {
        pipe(batch(2, 0, 50, "out of memory", 0));
        List<AttackRequest> again = begin(evaluation(1));
        assertThat(again).hasSize(2 * PLAN.size()).allSatisfy(request -> assertThat(request.getAttempt())
                .isEqualTo(1));
        input.pipeInput(KEY, batch(2, 0, 50, "late news of the first run", 0, 0));
        assertThat(figures()).isEmpty();
        input.pipeInput(KEY, batch(2, 0, 50, null, 1, 1));
        RobustnessMetrics figure = figures().get("e/0/v/pixel-2/untargeted");
        assertThat(figure.getUndefined()).doesNotContainKey("attack.fgsm");
        assertThat(figure.getAttacks().get(2).getCount()).isEqualTo(50);
    }

    @Test
    void anEvaluationAsksForEveryAttackOnEveryImageOnce() {
        List<AttackRequest> asked = begin(evaluation(0));
        assertThat(asked).hasSize(2 * PLAN.size());
        assertThat(asked).extracting(AttackRequest::getId).doesNotHaveDuplicates();
        assertThat(asked).extracting(AttackRequest::getReplyKey).containsOnly(KEY);
        assertThat(asked.get(0).getImageIds())
                .isEqualTo(IntStream.range(0, 50).boxed().toList());
        assertThat(begin(evaluation(0))).isEmpty();
    }

    /** The batch that stopped the metrics stream for ever: it names what there is not. */
    @Test
    void batchesForWhatThereIsNotGoToTheDeadLettersOnce() {
        begin(evaluation(0));
        PerturbedBatch unasked = batch(NONE, 0, 50, "an error", 0);
        unasked.setRequestId("unheard-of");
        input.pipeInput(KEY, unasked);
        input.pipeInput("e/99/nobody/none", batch(NONE, 0, 50, "an error", 0));
        input.pipeInput(KEY, (PerturbedBatch) null);
        input.pipeInput(KEY, batch(NONE, 0, 50, null, 1));
        assertThat(figures().get("e/0/v/pixel-2/untargeted").getClean().getCount())
                .isEqualTo(50);
        assertThat(deadLetters.readRecordsToList()).hasSize(3);
    }

    @Test
    void rowsThatAnotherPlanUnderTheSameKeyLacksAreTombstoned() {
        begin(evaluation(0));
        Evaluation other = evaluation(0);
        other.setAttacks(PLAN.subList(0, PLAN.size() - 1));
        plans.pipeInput(KEY, new TallyEvent(other));
        PlannedAttack gone = PLAN.get(PLAN.size() - 1);
        assertThat(out.readKeyValuesToList())
                .filteredOn(record -> record.value == null)
                .extracting(record -> record.key)
                .containsExactly("e/0/v/pixel-2/targeted/" + gone.getAttack().getAttack());
        plans.pipeInput(KEY, new TallyEvent(other));
        assertThat(out.isEmpty()).isTrue();
    }

    @Test
    void whatDoesNotComeIsAskedForAgainAndAtLastHasFailed() {
        begin(evaluation(0));
        input.pipeInput(KEY, batch(NONE, 0, 50, null, 1));
        figures();
        for (int attempt = 1; attempt <= 3; attempt++) {
            driver.advanceWallClockTime(PATIENCE.plusSeconds(1));
            int expected = attempt;
            assertThat(requests()).hasSize(2 * PLAN.size() - 1).allSatisfy(request -> assertThat(request.getAttempt())
                    .isEqualTo(expected));
        }
        driver.advanceWallClockTime(PATIENCE.plusSeconds(1));
        RobustnessMetrics figure = figures().get("e/0/v/pixel-2/untargeted");
        assertThat(figure.getUndefined().get("attack.fgsm")).contains("no answer came to 4 requests");
        driver.advanceWallClockTime(PATIENCE.plusSeconds(1));
        assertThat(requests()).isEmpty();
    }

    @Test
    void aStoppedEvaluationAsksForNothing() {
        Evaluation stopped = evaluation(0);
        stopped.setActive(false);
        assertThat(begin(stopped)).isEmpty();
        driver.advanceWallClockTime(PATIENCE.plusSeconds(1));
        assertThat(requests()).isEmpty();
        assertThat(begin(evaluation(0))).hasSize(2 * PLAN.size());
    }
}
