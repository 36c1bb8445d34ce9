package dev.romestream.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ai.djl.ndarray.NDManager;
import dev.romestream.attacker.AttackerService;
import dev.romestream.exchange.codec.AttackCodec;
import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.exchange.identity.NetworkReference;
import dev.romestream.exchange.store.NetworkStore;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.messaging.topic.TopicReader;
import dev.romestream.messaging.topic.TopicSetup;
import dev.romestream.robustness.attack.AttackSettings;
import dev.romestream.robustness.attack.AttackTask;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.network.ThreatModel;
import dev.romestream.robustness.tensor.Precision;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.schemas.AnswerKind;
import dev.romestream.schemas.DType;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.ImageBatch;
import dev.romestream.schemas.RecordChecks;
import dev.romestream.schemas.Split;
import dev.romestream.schemas.Tensor;
import dev.romestream.schemas.Topic;
import dev.romestream.testing.TestCluster;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The pipeline's costs, printed beside their limits; not part of the tests. Run with
 * {@code mvn verify -Dit.test=PipelineBenchmark -Dtest=none -Dsurefire.failIfNoSpecifiedTests=false
 * -Dfailsafe.failIfNoSpecifiedTests=false}.
 */
class PipelineBenchmark {
    private static final int IMAGES = 64;
    private static final ImageShape SHAPE = new ImageShape(3, 32, 32);
    private static final int REQUESTS = 30;
    private static final int EARLY = 200;
    private static final int WARM = 256;
    private static final Duration LIMIT = Duration.ofMinutes(10);
    private static final Normalization NORMALIZATION =
            new Normalization(List.of(0.5, 0.5, 0.5), List.of(0.2, 0.2, 0.2));
    private static final AttackSettings PGD =
            new AttackSettings("pgd", ThreatModel.Space.PIXEL, false, 8 / 255.0, 2 / 255.0, 10, false);

    @TempDir
    private static Path directory;

    private static LabelledImages images() {
        byte[] pixels = new byte[IMAGES * SHAPE.size()];
        new Random(1).nextBytes(pixels);
        return new LabelledImages(SHAPE, 10, pixels, new int[IMAGES]);
    }

    private static int[] ids() {
        return IntStream.range(0, IMAGES).toArray();
    }

    private static AttackTask task(int seed) {
        return new AttackTask(PGD, SHAPE, images().bytes(ids()), new int[IMAGES], Optional.empty(), new Seed(seed));
    }

    /** A data set of one test batch, on its topics. */
    private static void publishImages(RecordSender sender) {
        var pixels = new Tensor(List.of(IMAGES, 3, 32, 32), DType.UINT8, ByteBuffer.wrap(images().bytes(ids())));
        List<Integer> numbers = AttackCodec.boxed(ids());
        var batch =
                new ImageBatch("d", "f", Split.TEST, 0, pixels, AttackCodec.boxed(new int[IMAGES]), numbers, List.of());
        sender.send(Topic.IMAGE_BATCHES, RecordChecks.batchKey(batch), batch);
        sender.send(
                Topic.DATASETS,
                "d",
                DatasetDescriptor.newBuilder()
                        .setId("d")
                        .setName("d")
                        .setFingerprint("f")
                        .setClasses(IntStream.range(0, 10)
                                .mapToObj(Integer::toString)
                                .toList())
                        .setShape(List.of(3, 32, 32))
                        .setMean(List.of(0.5, 0.5, 0.5))
                        .setStd(List.of(0.2, 0.2, 0.2))
                        .setTrainImages(0)
                        .setTrainBatches(0)
                        .setTestImages(IMAGES)
                        .setTestBatches(1)
                        .build());
        sender.flush();
    }

    private static double plainLoop(NDManager manager, NeuralNetwork network) {
        long start = System.nanoTime();
        for (int i = 0; i < REQUESTS; i++) {
            try (NDManager scope = manager.newSubManager()) {
                task(i).run(scope, network, NORMALIZATION).images().toFloatArray();
            }
        }
        return REQUESTS * IMAGES * 1e9 / (System.nanoTime() - start);
    }

    @Test
    void attackThroughputThroughKafkaAgainstAPlainLoop() throws Exception {
        try (TestCluster cluster = TestCluster.start(directory.resolve("throughput"));
                NDManager manager = Tensors.manager("cpu", 1)) {
            RomeConfig config = RomeConfig.of(cluster.tenant(Map.of()));
            TopicSetup.ensure(config);
            var architecture = new Architecture("convnet", 32, 3);
            var network = new NeuralNetwork(
                    architecture,
                    SHAPE,
                    10,
                    NeuralNetwork.initialParameters(manager, architecture, SHAPE, 10, new Seed(1)));
            try (RecordSender sender = new RecordSender(config);
                    NetworkStore networks = new NetworkStore(config);
                    AttackerService attacker = new AttackerService(config, new SimpleMeterRegistry())) {
                publishImages(sender);
                networks.send(sender, NetworkCodec.victim("n", 0, network, NORMALIZATION));
                sender.flush();
                attacker.start();
                throughKafka(config, sender, 3, 1000);
                plainLoop(manager, network);
                double before = plainLoop(manager, network);
                double kafka = throughKafka(config, sender, REQUESTS, 2000);
                double after = plainLoop(manager, network);
                System.out.printf(
                        "PGD-10, width 32, %d images a request: plain loop %.0f and %.0f images/s, through Kafka %.0f;"
                                + " ratio %.3f (limit 0.98)%n",
                        IMAGES, before, after, kafka, kafka / ((before + after) / 2));
            }
        }
    }

    /** Images a second, from the first answer to the last. */
    private static double throughKafka(RomeConfig config, RecordSender sender, int requests, int firstSeed)
            throws InterruptedException {
        CountDownLatch answered = new CountDownLatch(requests);
        AtomicLong first = new AtomicLong();
        AtomicLong last = new AtomicLong();
        AtomicLong earlier = new AtomicLong();
        try (TopicReader counter =
                new TopicReader(config, Topic.PERTURBED_BATCHES, record -> earlier.incrementAndGet())) {
            counter.awaitCaughtUp(LIMIT);
        }
        long skipped = earlier.get();
        AtomicLong seen = new AtomicLong();
        try (TopicReader reader = new TopicReader(config, Topic.PERTURBED_BATCHES, record -> {
            if (seen.incrementAndGet() > skipped) {
                first.compareAndSet(0, System.nanoTime());
                last.set(System.nanoTime());
                answered.countDown();
            }
        })) {
            for (int i = 0; i < requests; i++) {
                var spec = new AttackCodec.RequestSpec(
                        new NetworkReference("n", 0, ""),
                        "d",
                        "f",
                        Split.TEST,
                        ids(),
                        PGD,
                        Optional.empty(),
                        new Seed(firstSeed + i),
                        AnswerKind.IMAGES,
                        "n",
                        Precision.FLOAT32);
                var request = AttackCodec.request(spec, 0);
                sender.send(Topic.ATTACK_REQUESTS, request.getId(), request.getId(), request);
            }
            sender.flush();
            answered.await();
            reader.throwFailure();
        }
        return (requests - 1) * IMAGES * 1e9 / Math.max(1, last.get() - first.get());
    }

    /** A metrics record carries the time of the perturbed batch that changed it. */
    @Test
    void metricLatencyAndMemoryOverAThousandBatches() {
        List<Experiment> experiments = TestExperiment.with(
                "distillation.method=random",
                "distillation.network={width: 16, depth: 3}",
                "evaluation.images=512",
                "evaluation.requestSize=8",
                "evaluation.victims.count=1");
        try (TestCluster cluster = TestCluster.start(directory.resolve("latency"))) {
            RomeConfig config = RomeConfig.of(cluster.tenant(Map.of()));
            // of the first batches, while the code is compiled and the heap is collected for the measure of memory, and
            // of the others
            Queue<Long> cold = new ConcurrentLinkedQueue<>();
            Queue<Long> warm = new ConcurrentLinkedQueue<>();
            AtomicLong batches = new AtomicLong();
            AtomicLong early = new AtomicLong();
            try (Pipeline pipeline = new Pipeline(config);
                    TopicReader metrics = new TopicReader(
                            config, Topic.ROBUSTNESS_METRICS, record -> (batches.get() > WARM ? warm : cold)
                                    .add(System.currentTimeMillis() - record.timestamp()));
                    TopicReader perturbed = new TopicReader(config, Topic.PERTURBED_BATCHES, record -> {
                        if (batches.incrementAndGet() == EARLY) {
                            early.set(residentOutsideHeap());
                        }
                    })) {
                pipeline.run(experiments, 4);
                perturbed.throwFailure();
                metrics.throwFailure();
                await().atMost(LIMIT).until(() -> batches.get() >= 1024);
                long late = residentOutsideHeap();
                assertThat(warm).isNotEmpty();
                report("of the first " + WARM + " batches", cold);
                report("of the others (limit of the 99th percentile: 100 ms)", warm);
                System.out.printf(
                        "resident memory outside the heap: %d MiB after %d batches, %d MiB after %d: %+.1f %% (limit 5)%n",
                        early.get() >> 20,
                        EARLY,
                        late >> 20,
                        batches.get(),
                        100.0 * (late - early.get()) / early.get());
            }
        }
    }

    private static void report(String which, Queue<Long> latencies) {
        long[] sorted = latencies.stream().mapToLong(Long::longValue).sorted().toArray();
        System.out.printf(
                "perturbed batch produced to metric visible, %d records %s: median %d ms, 99th percentile %d ms, longest %d ms%n",
                sorted.length,
                which,
                sorted[sorted.length / 2],
                sorted[sorted.length * 99 / 100],
                sorted[sorted.length - 1]);
    }

    private static long residentOutsideHeap() {
        System.gc();
        try {
            long pages =
                    Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[1]);
            return pages * 4096
                    - ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getCommitted();
        } catch (IOException e) {
            throw new IllegalStateException("Resident memory is read from /proc, which is not there.", e);
        }
    }
}
