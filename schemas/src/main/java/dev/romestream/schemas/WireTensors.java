package dev.romestream.schemas;

import java.util.List;

/** Tensors on the wire, as bytes. */
public final class WireTensors {
    private static final int MAX_AXES = 8;

    private WireTensors() {}

    /**
     * Checks that a tensor has the bytes that its shape and type take.
     *
     * @throws ContractException naming the field, the shape and the bytes
     */
    public static void check(String field, Tensor tensor) {
        List<Integer> shape = tensor.getShape();
        if (shape.size() > MAX_AXES || shape.stream().anyMatch(length -> length < 0)) {
            throw new ContractException(
                    field + " has the shape " + shape + "; allowed are at most " + MAX_AXES + " axes, none negative.");
        }
        long size = size(tensor);
        int bytes = tensor.getData().remaining();
        if (size != bytes) {
            throw new ContractException(field + " has the shape " + shape + " of " + tensor.getDtype()
                    + ", which takes " + size + " bytes; given are " + bytes + ".");
        }
    }

    /** The bytes that a tensor's shape and type take; beyond the largest array, no exact number; -1 for no shape at all. */
    public static long size(Tensor tensor) {
        if (tensor.getShape().stream().anyMatch(length -> length < 0)) {
            return -1;
        }
        long size =
                switch (tensor.getDtype()) {
                    case UINT8 -> 1;
                    case FLOAT16 -> Short.BYTES;
                    case FLOAT32 -> Float.BYTES;
                };
        for (int length : tensor.getShape()) {
            size = length == 0 ? 0 : size > Integer.MAX_VALUE ? size : size * length;
        }
        return size;
    }
}
