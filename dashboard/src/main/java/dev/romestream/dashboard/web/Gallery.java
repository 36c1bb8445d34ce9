package dev.romestream.dashboard.web;

import dev.romestream.client.result.PixelImage;
import dev.romestream.dashboard.live.LiveMetrics;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.serde.Decoder;
import dev.romestream.messaging.topic.TopicReader;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.schemas.DType;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.PerturbedBatch;
import dev.romestream.schemas.Sample;
import dev.romestream.schemas.Space;
import dev.romestream.schemas.Topic;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.imageio.ImageIO;

/** Images before and after an attack, fetched from where they stand on the topic. */
final class Gallery {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final int DIFFERENCE_TIMES = 10;

    private final RomeConfig config;

    Gallery(RomeConfig config) {
        this.config = config;
    }

    /**
     * The first images of an attack: each clean, perturbed, and their difference ten times about grey, as PNG data; with their
     * label and what the victim takes them for. Empty where the topic has them no longer.
     *
     * @param attacks of the figure
     * @param attack its position among them
     */
    List<Map<String, Object>> images(List<LiveMetrics.Attack> attacks, int attack, DatasetDescriptor dataset) {
        Optional<Sample> cleanSample = attacks.stream()
                .filter(one -> one.name().equals(Attacks.NONE))
                .findFirst()
                .flatMap(LiveMetrics.Attack::sample);
        Optional<Sample> sample = attacks.get(attack).sample();
        Optional<PerturbedBatch> clean = cleanSample.flatMap(this::batch);
        Optional<PerturbedBatch> perturbed = sample.flatMap(this::batch);
        List<Map<String, Object>> images = new ArrayList<>();
        if (clean.isEmpty()
                || perturbed.isEmpty()
                || !clean.get().getImageIds().equals(perturbed.get().getImageIds())) {
            return images;
        }
        float[][] before = pixels(clean.get(), dataset);
        float[][] after = pixels(perturbed.get(), dataset);
        List<Integer> cleanly = cleanSample.get().getPredicted();
        List<Integer> attacked = sample.get().getPredicted();
        for (int i = 0; i < Math.min(attacked.size(), cleanly.size()); i++) {
            Map<String, Object> image = new LinkedHashMap<>();
            image.put("image", clean.get().getImageIds().get(i));
            int label = clean.get().getLabels().get(i);
            boolean labelled = label >= 0;
            image.put("label", labelled ? name(dataset, label) : "no label");
            image.put("predicted", name(dataset, cleanly.get(i)));
            image.put("attacked", name(dataset, attacked.get(i)));
            image.put("right", attacked.get(i) == (labelled ? label : cleanly.get(i)));
            image.put("clean", png(before[i], dataset));
            image.put("perturbed", png(after[i], dataset));
            image.put("difference", png(difference(before[i], after[i]), dataset));
            images.add(image);
        }
        return images;
    }

    private static String name(DatasetDescriptor dataset, int label) {
        return label < dataset.getClasses().size() ? dataset.getClasses().get(label) : Integer.toString(label);
    }

    private Optional<PerturbedBatch> batch(Sample sample) {
        try (Decoder decoder = new Decoder(config)) {
            return TopicReader.fetch(config, Topic.PERTURBED_BATCHES, sample.getPartition(), sample.getOffset(), LIMIT)
                    .map(record -> decoder.decode(record, PerturbedBatch.class));
        }
    }

    /** In [0,1], (N, C * H * W). */
    private static float[][] pixels(PerturbedBatch batch, DatasetDescriptor dataset) {
        if (batch.getImages().getDtype() != DType.FLOAT32) {
            throw new IllegalArgumentException(
                    "The images are " + batch.getImages().getDtype() + ", not FLOAT32.");
        }
        FloatBuffer values = batch.getImages()
                .getData()
                .duplicate()
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer();
        boolean normalised = batch.getAttack().getSpace() == Space.NORMALISED;
        int area = dataset.getShape().get(1) * dataset.getShape().get(2);
        int size = dataset.getShape().get(0) * area;
        float[][] pixels = new float[batch.getImageIds().size()][size];
        for (float[] image : pixels) {
            for (int i = 0; i < size; i++) {
                double value = values.get();
                image[i] = (float)
                        (normalised
                                ? value * dataset.getStd().get(i / area)
                                        + dataset.getMean().get(i / area)
                                : value);
            }
        }
        return pixels;
    }

    private static float[] difference(float[] before, float[] after) {
        float[] difference = new float[before.length];
        for (int i = 0; i < before.length; i++) {
            difference[i] = 0.5f + DIFFERENCE_TIMES * (after[i] - before[i]);
        }
        return difference;
    }

    private static String png(float[] pixels, DatasetDescriptor dataset) {
        BufferedImage image = PixelImage.of(
                pixels,
                0,
                dataset.getShape().get(0),
                dataset.getShape().get(1),
                dataset.getShape().get(2));
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            ImageIO.write(image, "png", out);
            return "data:image/png;base64," + Base64.getEncoder().encodeToString(out.toByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
