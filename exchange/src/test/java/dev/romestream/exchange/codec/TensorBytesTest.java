package dev.romestream.exchange.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.romestream.schemas.DType;
import dev.romestream.schemas.Tensor;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

class TensorBytesTest {
    private static final Tensor MATRIX =
            new Tensor(List.of(2, 3), DType.UINT8, ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5, 6}));
    private static final Tensor SCALAR =
            new Tensor(List.of(), DType.FLOAT32, ByteBuffer.wrap(new byte[] {7, 8, 9, 10}));

    @Test
    void tensorsComeBackFromTheirBytesAndShapes() {
        byte[] bytes = TensorBytes.join(List.of(MATRIX, SCALAR));
        assertThat(bytes).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
        List<Tensor> shapes = List.of(TensorBytes.emptied(MATRIX), TensorBytes.emptied(SCALAR));
        assertThat(shapes.get(0).getData().remaining()).isZero();
        assertThat(TensorBytes.split("x", shapes, bytes)).containsExactly(MATRIX, SCALAR);
    }

    @Test
    void bytesThatDoNotFitTheShapesAreRefused() {
        for (int length : new int[] {9, 11, 0}) {
            assertThatThrownBy(() -> TensorBytes.split("Network n/0", List.of(MATRIX, SCALAR), new byte[length]))
                    .isInstanceOf(InvalidRecordException.class)
                    .hasMessageContaining("Network n/0 has chunks of " + length + " bytes");
        }
        Tensor negative = new Tensor(List.of(-1, -6), DType.UINT8, ByteBuffer.allocate(0));
        Tensor huge = new Tensor(List.of(1 << 20, 1 << 20, 1 << 20), DType.UINT8, ByteBuffer.allocate(0));
        for (Tensor shape : List.of(negative, huge)) {
            assertThatThrownBy(() -> TensorBytes.split("x", List.of(shape), new byte[6]))
                    .isInstanceOf(InvalidRecordException.class);
        }
    }
}
