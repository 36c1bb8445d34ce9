package dev.romestream.evaluator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.romestream.exchange.InvalidRecordException;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.robustness.attack.Suite;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.DType;
import dev.romestream.schemas.EvaluationContext;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.PerturbedBatch;
import dev.romestream.schemas.PlannedAttack;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Tally;
import dev.romestream.schemas.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.IntStream;
import org.apache.avro.Schema;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EvaluationTopologyTest {
    private static final List<PlannedAttack> PLAN =
            EvaluationPlan.cells(Suite.named("pixel-2"), new NetworkVersion("v", 0), List.of());
    private static final int NONE = 0;
    private static final int CLAMP = 1;

    private TopologyTestDriver driver;
    private TestInputTopic<String, PerturbedBatch> input;
    private TestOutputTopic<String, RobustnessMetrics> metrics;
    private TestOutputTopic<String, byte[]> deadLetters;

    /** Avro with its schema known beforehand: the registry is tested elsewhere. */
    private static final class PlainSerdes implements EvaluationTopology.SerdeFactory {
        private static final List<Schema> SCHEMAS =
                List.of(PerturbedBatch.SCHEMA$, RobustnessMetrics.SCHEMA$, Tally.SCHEMA$);

        @Override
        public <T extends SpecificRecord> Serde<T> create() {
            return Serdes.serdeFrom((topic, value) -> write(value), (topic, bytes) -> read(bytes));
        }

        private static <T extends SpecificRecord> byte[] write(T value) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            out.write(SCHEMAS.indexOf(value.getSchema()));
            try {
                new SpecificDatumWriter<T>(value.getSchema(), SpecificData.get())
                        .write(value, EncoderFactory.get().directBinaryEncoder(out, null));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return out.toByteArray();
        }

        @SuppressWarnings("TypeParameterUnusedInFormals")
        private static <T extends SpecificRecord> T read(byte[] bytes) {
            if (bytes == null) {
                return null;
            }
            Schema schema = SCHEMAS.get(bytes[0]);
            try {
                return new SpecificDatumReader<T>(schema, schema, SpecificData.get())
                        .read(null, DecoderFactory.get().binaryDecoder(bytes, 1, bytes.length - 1, null));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @BeforeEach
    void start() {
        Properties properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "test");
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "none:1");
        properties.put(StreamsConfig.PROCESSING_EXCEPTION_HANDLER_CLASS_CONFIG, InvalidBatchHandler.class);
        properties.put(StreamsConfig.ERRORS_DEAD_LETTER_QUEUE_TOPIC_NAME_CONFIG, "t.dead-letters");
        // images with an even id are classified correctly, under every attack but the clean evaluation, which is always
        // right
        EvaluationTopology.Scorer scorer = batch -> {
            if (batch.getImages().getData().remaining() == 0) {
                throw new InvalidRecordException("no images");
            }
            boolean[] correct = new boolean[batch.getImageIds().size()];
            for (int i = 0; i < correct.length; i++) {
                correct[i] = batch.getEvaluation().getCell() <= CLAMP
                        || batch.getImageIds().get(i) % 2 == 0;
            }
            return new BatchScorer.Outcome(correct, 0);
        };
        PlainSerdes serdes = new PlainSerdes();
        driver = new TopologyTestDriver(
                EvaluationTopology.build(new TopicNames("t."), serdes, () -> scorer), properties);
        Serde<PerturbedBatch> batches = serdes.create();
        Serde<RobustnessMetrics> records = serdes.create();
        input = driver.createInputTopic("t.perturbed-batches", new StringSerializer(), batches.serializer());
        metrics = driver.createOutputTopic("t.robustness-latest", new StringDeserializer(), records.deserializer());
        deadLetters = driver.createOutputTopic("t.dead-letters", new StringDeserializer(), new ByteArrayDeserializer());
    }

    @AfterEach
    void stop() {
        driver.close();
    }

    private static PerturbedBatch batch(int cell, int from, int to, String error, int bytes) {
        EvaluationContext context = EvaluationContext.newBuilder()
                .setExperiment("e")
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
                .setPlan(PLAN)
                .setCell(cell)
                .build();
        return PerturbedBatch.newBuilder()
                .setRequestId("r" + cell + "-" + from)
                .setNetwork("v")
                .setVersion(0)
                .setImages(new Tensor(List.of(bytes), DType.UINT8, ByteBuffer.allocate(bytes)))
                .setLabels(IntStream.range(from, to).mapToObj(i -> 0).toList())
                .setImageIds(IntStream.range(from, to).boxed().toList())
                .setAttack(PLAN.get(cell).getAttack())
                .setSeconds(cell + 1.0)
                .setGradientEvaluations(to - from)
                .setForwardEvaluations(to - from)
                .setEvaluation(context)
                .setError(error)
                .build();
    }

    private Map<String, RobustnessMetrics> pipe(PerturbedBatch... batches) {
        for (PerturbedBatch batch : batches) {
            input.pipeInput("v", batch);
        }
        return metrics.readKeyValuesToMap();
    }

    @Test
    void aFigureIsCompleteWhenEveryAttackHasSeenEveryImage() {
        RobustnessMetrics figure = null;
        for (int cell = 0; cell < PLAN.size(); cell++) {
            for (int from = 0; from < 100; from += 50) {
                assertThat(figure == null || !figure.getComplete()).isTrue();
                Map<String, RobustnessMetrics> changed = pipe(batch(cell, from, from + 50, null, 1));
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
                .filter(cell -> PLAN.get(cell).getModes().equals(List.of(Mode.TARGETED)))
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
}
