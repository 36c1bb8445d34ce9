package dev.romestream.robustness.augment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.romestream.robustness.TestData;
import dev.romestream.robustness.tensor.Autograd;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AugmentationTest {
    private static final Shape SHAPE = new Shape(3, 3, 8, 8);

    private static NDArray images(NDManager manager) {
        return manager.create(new Seed(1).uniform((int) SHAPE.size(), -1, 1), SHAPE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"color", "crop", "cutout", "flip", "scale", "rotate"})
    void aSiameseDrawTreatsAnImageAlikeInAnyBatch(String operation) {
        try (NDManager manager = TestData.manager()) {
            NDArray images = images(manager);
            Augmentation augmentation = new Augmentation(operation);
            for (int seed = 0; seed < 5; seed++) {
                NDArray together = augmentation.siamese(images, new Seed(seed));
                NDArray alone = augmentation.siamese(images.get("1:2"), new Seed(seed));
                assertThat(together.getShape()).isEqualTo(SHAPE);
                assertThat(together.get("1:2").toFloatArray()).containsExactly(alone.toFloatArray(), within(1e-6f));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"color", "crop", "cutout", "flip", "scale", "rotate"})
    void everyOperationChangesImagesAndDiffersFromImageToImage(String operation) {
        try (NDManager manager = TestData.manager()) {
            NDArray one = images(manager).get("0:1");
            NDArray image = NDArrays.concat(new NDList(java.util.Collections.nCopies(16, one)), 0);
            float[] out =
                    new Augmentation(operation).perImage(image, new Seed(3)).toFloatArray();
            int size = out.length / 16;
            boolean differs = false;
            for (int i = 0; i < size; i++) {
                for (int k = 1; k < 16; k++) {
                    differs |= out[i] != out[k * size + i];
                }
            }
            assertThat(differs).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"color", "crop", "cutout", "flip", "scale", "rotate"})
    void gradientsAgreeWithFiniteDifferences(String operation) {
        try (NDManager manager = TestData.manager()) {
            NDArray images = images(manager);
            Augmentation augmentation = new Augmentation(operation);
            Seed seed = new Seed(11);
            float[] gradient = Autograd.gradient(
                            images, x -> augmentation.perImage(x, seed).square().sum())
                    .toFloatArray();
            float[] values = images.toFloatArray();
            for (int i = 0; i < values.length; i += 61) {
                double[] sides = new double[2];
                for (int side = 0; side < 2; side++) {
                    float[] moved = values.clone();
                    moved[i] += side == 0 ? -0.05f : 0.05f;
                    sides[side] = Tensors.scalar(augmentation
                            .perImage(manager.create(moved, SHAPE), seed)
                            .square()
                            .sum());
                }
                assertThat((double) gradient[i]).isCloseTo((sides[1] - sides[0]) / 0.1, within(2e-2));
            }
        }
    }

    @Test
    void aCropMovesPixelsAndFillsWithZero() {
        var random = new Seed(0).random();
        SpatialTransform crop = new SpatialTransform((height, width, unused) -> (row, column, source) -> {
            source[0] = row + 1;
            source[1] = column - 1;
        });
        try (NDManager manager = TestData.manager()) {
            NDArray image = manager.create(new float[] {1, 2, 3, 4}, new Shape(1, 1, 2, 2));
            assertThat(crop.apply(image, 1, random).toFloatArray()).containsExactly(0, 3, 0, 0);
        }
    }

    @Test
    void halfAPixelMixesNeighbours() {
        SpatialTransform shift = new SpatialTransform((height, width, unused) -> (row, column, source) -> {
            source[0] = row;
            source[1] = column + 0.5;
        });
        try (NDManager manager = TestData.manager()) {
            NDArray image = manager.create(new float[] {1, 3, 5, 7}, new Shape(1, 1, 2, 2));
            assertThat(shift.apply(image, 1, new Seed(0).random()).toFloatArray())
                    .containsExactly(2, 1.5f, 6, 3.5f);
        }
    }

    @Test
    void anUnknownOperationIsNamed() {
        assertThatThrownBy(() -> new Augmentation("color_shear")).hasMessageContaining("'shear'");
    }
}
