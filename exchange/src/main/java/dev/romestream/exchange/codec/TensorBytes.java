package dev.romestream.exchange.codec;

import dev.romestream.schemas.Tensor;
import dev.romestream.schemas.WireTensors;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The bytes of several tensors in a row, apart from their shapes. */
public final class TensorBytes {
    private TensorBytes() {}

    /** The bytes of all, one after the other. */
    public static byte[] join(List<Tensor> tensors) {
        int length = tensors.stream()
                .mapToInt(tensor -> tensor.getData().remaining())
                .reduce(0, Math::addExact);
        ByteBuffer bytes = ByteBuffer.allocate(length);
        tensors.forEach(tensor -> bytes.put(tensor.getData().duplicate()));
        return bytes.array();
    }

    /** The tensor without its bytes. */
    public static Tensor emptied(Tensor tensor) {
        return new Tensor(tensor.getShape(), tensor.getDtype(), ByteBuffer.allocate(0));
    }

    /**
     * The tensors of these shapes with their bytes again.
     *
     * @param owner named where they do not fit
     * @throws InvalidRecordException where the shapes do not take the bytes that there are
     */
    public static List<Tensor> split(String owner, List<Tensor> shapes, byte[] bytes) {
        List<Tensor> tensors = new ArrayList<>();
        long at = 0;
        for (Tensor shape : shapes) {
            long length = WireTensors.size(shape);
            if (length < 0 || at + length > bytes.length) {
                throw unfitting(owner, bytes.length);
            }
            ByteBuffer slice = ByteBuffer.wrap(bytes, (int) at, (int) length).slice();
            tensors.add(new Tensor(shape.getShape(), shape.getDtype(), slice));
            at += length;
        }
        if (at != bytes.length) {
            throw unfitting(owner, bytes.length);
        }
        return tensors;
    }

    private static InvalidRecordException unfitting(String owner, long bytes) {
        return new InvalidRecordException(
                owner + " has chunks of " + bytes + " bytes, which is not what its tensors take.");
    }
}
