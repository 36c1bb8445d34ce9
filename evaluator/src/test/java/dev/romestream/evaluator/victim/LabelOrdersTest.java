package dev.romestream.evaluator.victim;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.romestream.exchange.codec.Dataset;
import dev.romestream.robustness.network.Classifier;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.schemas.DatasetDescriptor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Of images that are as bright as their label, 20 of each of 20 classes. */
class LabelOrdersTest {
    private static final int CLASSES = 20;
    private static final ImageShape SHAPE = new ImageShape(1, 1, 1);
    private static final Normalization PIXELS = new Normalization(List.of(0.0), List.of(1.0));
    /** Of its number k, the label. */
    private static final List<Integer> REVERSED =
            IntStream.range(0, CLASSES).map(k -> CLASSES - 1 - k).boxed().toList();

    private final NDManager manager = Tensors.manager("cpu", 1);

    @AfterEach
    void close() {
        manager.close();
    }

    private static Dataset dataset(Map<String, List<Integer>> orders) {
        int[] labels = IntStream.range(0, 20 * CLASSES).map(i -> i % CLASSES).toArray();
        byte[] pixels = new byte[labels.length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) labels[i];
        }
        LabelledImages images = new LabelledImages(SHAPE, CLASSES, pixels, labels);
        return new Dataset(
                DatasetDescriptor.newBuilder()
                        .setId("d")
                        .setName("d")
                        .setFingerprint("f")
                        .setClasses(Collections.nCopies(CLASSES, "c"))
                        .setShape(List.of(1, 1, 1))
                        .setMean(List.of(0.0))
                        .setStd(List.of(1.0))
                        .setTrainImages(0)
                        .setTrainBatches(0)
                        .setTestImages(labels.length)
                        .setTestBatches(1)
                        .setOrders(orders)
                        .build(),
                images,
                images);
    }

    /** Answers with the number that a label has. */
    private Classifier numbering(IntUnaryOperator number) {
        float[] brightness = new float[CLASSES];
        for (int label = 0; label < CLASSES; label++) {
            brightness[number.applyAsInt(label)] = label / 255f;
        }
        NDArray wanted = manager.create(brightness, new Shape(1, CLASSES));
        return new Classifier() {
            @Override
            public int classes() {
                return CLASSES;
            }

            @Override
            public NDArray logits(NDArray images) {
                return images.reshape(images.getShape().get(0), 1)
                        .sub(wanted)
                        .abs()
                        .neg();
            }
        };
    }

    private List<String> flags(IntUnaryOperator number, Map<String, List<Integer>> orders) {
        return LabelOrders.flags(manager, numbering(number), PIXELS, dataset(orders));
    }

    @Test
    void aNetworkOfAnotherOrderIsTold() {
        assertThat(flags(label -> CLASSES - 1 - label, Map.of("reversed", REVERSED)))
                .containsExactly("labels-order-reversed");
    }

    /** As 0, 1, 10, 11, 2, ... and 0, 1, 2, ...: the first two are the same. */
    @Test
    void ordersMayHaveAFewClassesInCommon() {
        List<Integer> other = new ArrayList<>(REVERSED);
        other.removeAll(List.of(0, 1));
        other.addAll(0, List.of(0, 1));
        assertThat(flags(other::indexOf, Map.of("other", other))).containsExactly("labels-order-other");
    }

    @Test
    void aNetworkThatIsRightIsNot() {
        assertThat(flags(label -> label, Map.of("reversed", REVERSED))).isEmpty();
    }

    @Test
    void oneThatIsWrongInEveryOrderIsNeither() {
        assertThat(flags(label -> (label + 1) % CLASSES, Map.of("reversed", REVERSED)))
                .isEmpty();
        assertThat(flags(label -> CLASSES - 1 - label, Map.of())).isEmpty();
    }
}
