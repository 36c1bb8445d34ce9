package dev.romestream.standalone.cli;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.producer.Drift;
import dev.romestream.producer.ImageStream;
import dev.romestream.producer.SourceException;
import dev.romestream.schemas.DatasetSpec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rome stream TOPIC}. */
@Command(
        name = "stream",
        description =
                "Fills a topic with images, as a camera or a service of one's own would, for experiments on 'dataset: {name:"
                        + " topic, path: TOPIC}'. Each record has an image file as value and its class as key. Ctrl-C ends it.",
        mixinStandardHelpOptions = true)
final class StreamCommand implements Runnable {
    private static final long TELL_NANOS = 2_000_000_000L;

    @Parameters(paramLabel = "TOPIC", description = "Where to; it is created where it is not there.")
    private String topic;

    @Option(
            names = "--dataset",
            paramLabel = "NAME",
            defaultValue = "shapes10",
            description =
                    "shapes10 (each image anew), or the test images of another data set, in an order of their own each time"
                            + " round. Default: ${DEFAULT-VALUE}.")
    private String dataset;

    @Option(names = "--path", paramLabel = "DIR", description = "As the key dataset.path: where it lies below --data.")
    private String path;

    @Option(names = "--resize", paramLabel = "PIXELS", description = "As the key dataset.resize.")
    private Integer resize;

    @Option(names = "--data", paramLabel = "DIR", description = "Directory with image files; as data.dir.")
    private Path data;

    @Option(names = "--images", paramLabel = "N", description = "How many; without it, until Ctrl-C.")
    private Long images;

    @Option(
            names = "--first",
            paramLabel = "NUMBER",
            defaultValue = "0",
            description =
                    "Number of the first image, to go on where an earlier stream ended. Default: ${DEFAULT-VALUE}.")
    private long first;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "100",
            description = "Images a second; 0: as fast as the brokers take them. Default: ${DEFAULT-VALUE}.")
    private double rate;

    @Option(
            names = "--drift",
            paramLabel = "KIND[:SEVERITY][@IMAGE]",
            description =
                    "Changes the images from one on: brightness, contrast, noise, blur (severities 1 to 5 as in CIFAR-10-C),"
                            + " rotation, or classes (the mix). Severity 3 where none is given; 0 ends it. May be repeated.")
    private List<String> drift = List.of();

    @Option(
            names = "--test",
            paramLabel = "SHARE",
            description =
                    "Share of the images with the header split=test, for a topic that is read once. Without it there is no"
                            + " such header, and the windows of a stream draw their own test images (dataset.window.test).")
    private Double test;

    @Option(
            names = "--partitions",
            paramLabel = "N",
            defaultValue = "1",
            description = "Of the topic, where it is created. Default: ${DEFAULT-VALUE}.")
    private int partitions;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "The same seed gives the same images. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Mixin
    private ClusterOptions cluster;

    @Override
    public void run() {
        cluster.refuseExperimentKeys();
        requireRange("--rate", rate, 0, 1e6);
        requireRange("--test", test == null ? 0 : test, 0, 1);
        requireRange("--first", (double) first, 0, 1e15);
        requireRange("--images", images == null ? 1 : (double) images, 1, 1e15);
        requireRange("--partitions", partitions, 1, 10_000);
        RomeConfig config = cluster.config(data == null ? Map.of() : Map.of(Settings.DATA_DIR, data.toString()));
        ImageStream stream = stream(config);
        create(config);
        try (Interruption interruption = new Interruption()) {
            send(config, stream, interruption);
        }
    }

    private static void requireRange(String option, double value, double least, double most) {
        if (!(value >= least && value <= most)) {
            throw new UsageException(
                    String.format(Locale.ROOT, "%s is %s; allowed is %.0f to %.0f.", option, value, least, most));
        }
    }

    private ImageStream stream(RomeConfig config) {
        List<Drift> drifts;
        try {
            drifts = drift.stream().map(Drift::parse).toList();
        } catch (IllegalArgumentException e) {
            throw new UsageException("--drift: " + e.getMessage());
        }
        DatasetSpec spec = DatasetSpec.newBuilder()
                .setName(dataset)
                .setPath(path)
                .setResize(resize)
                .build();
        try {
            return ImageStream.of(config, spec, seed, drifts, System.err::println);
        } catch (SourceException e) {
            throw new FailureException(e.getMessage());
        }
    }

    private void create(RomeConfig config) {
        try (Admin admin = config.clients().admin("stream", config.admin())) {
            admin.createTopics(List.of(new NewTopic(topic, Optional.of(partitions), Optional.empty())))
                    .all()
                    .get();
            System.err.println("Created the topic " + topic + ".");
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw new FailureException("The topic " + topic + " cannot be created at " + config.bootstrapServers()
                        + ": " + e.getCause().getMessage());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new FailureException("Interrupted.");
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // the callback keeps the failure
    private void send(RomeConfig config, ImageStream stream, Interruption interruption) {
        Map<String, Object> settings = config.producer();
        settings.remove("value.serializer");
        AtomicReference<Exception> failure = new AtomicReference<>();
        long sent = 0;
        long began = System.nanoTime();
        long toldAt = began;
        String told = "";
        try (KafkaProducer<String, byte[]> producer =
                config.clients().producer("stream", settings, new StringSerializer(), new ByteArraySerializer())) {
            while ((images == null || sent < images) && failure.get() == null && !isOver(interruption, sent, began)) {
                long number = first + sent;
                String drifting = stream.driftAt(number);
                if (!drifting.equals(told)) {
                    System.err.printf("from image %d on: %s%n", number, drifting.isEmpty() ? "no drift" : drifting);
                    told = drifting;
                }
                producer.send(record(stream.image(number), number), (metadata, exception) -> {
                    if (exception != null) {
                        failure.set(exception);
                    }
                });
                sent++;
                if (System.nanoTime() - toldAt > TELL_NANOS) {
                    toldAt = System.nanoTime();
                    System.err.printf(
                            Locale.ROOT,
                            "%d%s images, %.0f a second%n",
                            sent,
                            images == null ? "" : " of " + images,
                            sent * 1e9 / (toldAt - began));
                }
            }
            producer.flush();
        }
        if (failure.get() != null) {
            throw new FailureException(
                    "The brokers did not take an image: " + failure.get().getMessage());
        }
        System.out.printf("%d images are written to %s; --first %d goes on.%n", sent, topic, first + sent);
    }

    /** Waits for the next image's time. */
    private boolean isOver(Interruption interruption, long sent, long began) {
        long wait = rate == 0 ? 0 : (long) (began + sent * 1e9 / rate - System.nanoTime()) / 1_000_000;
        return wait > 0 ? interruption.await(wait) : interruption.isSignalled();
    }

    private ProducerRecord<String, byte[]> record(ImageStream.Image image, long number) {
        ProducerRecord<String, byte[]> record = new ProducerRecord<>(topic, image.label(), image.png());
        if (test != null) {
            boolean isTest = Math.floor((number + 1) * test) > Math.floor(number * test);
            record.headers().add("split", (isTest ? "test" : "train").getBytes(StandardCharsets.UTF_8));
        }
        return record;
    }
}
