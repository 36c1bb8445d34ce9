package dev.romestream.exchange.codec;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.schemas.DType;
import dev.romestream.schemas.Tensor;
import dev.romestream.schemas.WireTensors;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Tensors on the wire to arrays and back. Shapes are checked against byte counts and limits before anything is allocated. */
public final class TensorCodec {
    private TensorCodec() {}

    /**
     * A FLOAT32 tensor of an array.
     *
     * @param field names it in the message
     * @throws InvalidRecordException where a value is not finite
     */
    public static Tensor encode(String field, NDArray array) {
        Tensor flat = encode(field, array.toFloatArray());
        List<Integer> shape = new ArrayList<>();
        for (long length : array.getShape().getShape()) {
            shape.add(Math.toIntExact(length));
        }
        return new Tensor(shape, DType.FLOAT32, flat.getData());
    }

    /** A FLOAT32 tensor of one axis; as {@link #encode(String, NDArray)}. */
    public static Tensor encode(String field, float[] values) {
        int position = notFinite(values);
        if (position >= 0) {
            throw new InvalidRecordException(field + " came out with the value " + values[position] + " at position "
                    + position + ": what made it has diverged; where that was a training, lower its learning rate.");
        }
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return new Tensor(List.of(values.length), DType.FLOAT32, bytes);
    }

    /**
     * The values of a FLOAT32 tensor.
     *
     * @throws InvalidRecordException where shape, type and bytes do not fit together, or a value is not finite
     */
    public static float[] decode(String field, Tensor tensor) {
        check(field, tensor, DType.FLOAT32);
        return floats(field, tensor);
    }

    /** A UINT8 tensor of images, {@code (N, C, H, W)}. */
    public static Tensor encode(ImageShape shape, byte[] images) {
        List<Integer> lengths = List.of(images.length / shape.size(), shape.channels(), shape.height(), shape.width());
        return new Tensor(lengths, DType.UINT8, ByteBuffer.wrap(images));
    }

    /** No images: what a failed request is answered with. */
    public static Tensor empty() {
        return new Tensor(List.of(0), DType.FLOAT32, ByteBuffer.allocate(0));
    }

    /**
     * An array of a FLOAT32 tensor.
     *
     * @throws InvalidRecordException where shape, type and bytes do not fit together, or a value is not finite
     */
    public static NDArray decode(NDManager manager, String field, Tensor tensor) {
        check(field, tensor, DType.FLOAT32);
        return manager.create(
                floats(field, tensor),
                new Shape(tensor.getShape().stream().mapToLong(i -> i).toArray()));
    }

    private static float[] floats(String field, Tensor tensor) {
        ByteBuffer bytes = tensor.getData().duplicate().order(ByteOrder.LITTLE_ENDIAN);
        float[] values = new float[bytes.remaining() / Float.BYTES];
        bytes.asFloatBuffer().get(values);
        int position = notFinite(values);
        if (position >= 0) {
            throw new InvalidRecordException(field + " has the value " + values[position] + " at position " + position
                    + "; every value must be finite.");
        }
        return values;
    }

    /** The first position whose value is not finite; -1 where all are. */
    private static int notFinite(float[] values) {
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                return i;
            }
        }
        return -1;
    }

    /**
     * The bytes of UINT8 images.
     *
     * @throws InvalidRecordException where they are not {@code count} images
     */
    public static byte[] decodeImages(String field, Tensor tensor, int count) {
        imageShape(field, tensor, count);
        return bytes(field, tensor);
    }

    /**
     * The bytes of a UINT8 tensor.
     *
     * @throws InvalidRecordException where shape, type and bytes do not fit together
     */
    public static byte[] bytes(String field, Tensor tensor) {
        check(field, tensor, DType.UINT8);
        byte[] bytes = new byte[tensor.getData().remaining()];
        tensor.getData().duplicate().get(bytes);
        return bytes;
    }

    /**
     * The shape of one image of {@code (N, C, H, W)}.
     *
     * @throws InvalidRecordException where it is not {@code count} images
     */
    public static ImageShape imageShape(String field, Tensor tensor, int count) {
        List<Integer> shape = tensor.getShape();
        if (shape.size() != 4 || shape.get(0) != count) {
            throw new InvalidRecordException(
                    field + " has the shape " + shape + "; needed are " + count + " images as (N, C, H, W).");
        }
        return new ImageShape(shape.get(1), shape.get(2), shape.get(3));
    }

    private static void check(String field, Tensor tensor, DType type) {
        if (tensor.getDtype() != type) {
            throw new InvalidRecordException(field + " is " + tensor.getDtype() + "; needed is " + type + ".");
        }
        WireTensors.check(field, tensor);
    }
}
