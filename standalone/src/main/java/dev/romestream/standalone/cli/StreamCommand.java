package dev.romestream.standalone.cli;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.producer.Drift;
import dev.romestream.producer.ImageStream;
import dev.romestream.producer.SourceException;
import dev.romestream.schemas.DatasetSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
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
    private static final int USUAL_LAG = 1000;

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
            names = "--label-topic",
            paramLabel = "TOPIC",
            description =
                    "Images have no labels: keys are their numbers. Labels come later on this topic, the number of the class"
                            + " under the image's key (dataset.window.labelTopic).")
    private String labelTopic;

    @Option(
            names = "--label-lag",
            paramLabel = "N",
            description = "Images by which a label comes later than its image. Default: 1000.")
    private Integer labelLag;

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
        requireRange("--label-lag", labelLag == null ? 0 : labelLag, 0, 1e6);
        if (topic.equals(labelTopic)) {
            throw new UsageException("--label-topic is " + labelTopic + ", where the images go; give another topic.");
        }
        if (labelTopic == null && labelLag != null) {
            throw new UsageException("--label-lag goes with --label-topic; give the topic for the labels.");
        }
        RomeConfig config = cluster.config(data == null ? Map.of() : Map.of(Settings.DATA_DIR, data.toString()));
        Optional<ImageWriter.Labels> labels = Optional.ofNullable(labelTopic)
                .map(name -> new ImageWriter.Labels(name, labelLag == null ? USUAL_LAG : labelLag));
        ImageWriter writer = new ImageWriter(config, topic, stream(config), rate, Optional.ofNullable(test), labels);
        writer.create(partitions).forEach(name -> System.err.println("Created the topic " + name + "."));
        try (Interruption interruption = new Interruption()) {
            long sent = writer.write(
                    first,
                    images == null ? Long.MAX_VALUE : images,
                    wait -> wait > 0 ? interruption.await(wait) : interruption.isSignalled(),
                    System.err::println);
            System.out.printf("%d images are written to %s; --first %d goes on.%n", sent, topic, first + sent);
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
}
