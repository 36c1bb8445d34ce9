package dev.romestream.robustness.network;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A tensor that stood in a file.
 *
 * @param shape lengths of the axes, outermost first; not copied
 * @param values in float32, row-major; not copied
 * @param whole whether the file's type was one of whole numbers
 */
public record TensorData(long[] shape, float[] values, boolean whole) {
    /** Most values of one that is read. */
    static final long MOST_VALUES = 512L << 20;

    /** Of no file, or of floating point numbers. */
    public TensorData(long[] shape, float[] values) {
        this(shape, values, false);
    }

    /** What values are in a file. */
    enum ValueType {
        FLOAT(4, "f4"),
        DOUBLE(8, "f8"),
        HALF(2, "f2"),
        BFLOAT16(2, ""),
        LONG(8, "i8"),
        INT(4, "i4"),
        SHORT(2, "i2"),
        CHAR(1, "i1"),
        BYTE(1, "u1"),
        UNSIGNED_SHORT(2, "u2"),
        UNSIGNED_INT(4, "u4"),
        UNSIGNED_LONG(8, "u8"),
        BOOL(1, "b1");

        private final int bytes;
        private final String numpy;

        ValueType(int bytes, String numpy) {
            this.bytes = bytes;
            this.numpy = numpy;
        }

        int bytes() {
            return bytes;
        }

        /** Whether its values are whole numbers, and count something; truth values do not. */
        boolean isWhole() {
            return switch (this) {
                case FLOAT, DOUBLE, HALF, BFLOAT16, BOOL -> false;
                default -> true;
            };
        }

        /**
         * NumPy's, such as {@code f4}.
         *
         * @throws IllegalArgumentException for others than those of numbers that are read
         */
        static ValueType ofNumpy(String name) {
            return Arrays.stream(values())
                    .filter(type -> type.numpy.equals(name))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("An array is of the type '" + name
                            + "'; read are f2, f4, f8, i1 to i8, u1 to u8 and b1. Save it as float32."));
        }

        float[] floats(ByteBuffer data) {
            float[] values = new float[data.remaining() / bytes];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) next(data);
            }
            return values;
        }

        private double next(ByteBuffer data) {
            return switch (this) {
                case FLOAT -> data.getFloat();
                case DOUBLE -> data.getDouble();
                case HALF -> half(data.getShort());
                case BFLOAT16 -> Float.intBitsToFloat(data.getShort() << 16);
                case LONG -> data.getLong();
                case INT -> data.getInt();
                case SHORT -> data.getShort();
                case CHAR, BOOL -> data.get();
                case BYTE -> data.get() & 0xff;
                case UNSIGNED_SHORT -> data.getShort() & 0xffff;
                case UNSIGNED_INT -> data.getInt() & 0xffffffffL;
                case UNSIGNED_LONG -> new BigInteger(Long.toUnsignedString(data.getLong())).doubleValue();
            };
        }

        /** IEEE 754 binary16. */
        private static float half(short bits) {
            int exponent = (bits >> 10) & 0x1f;
            int fraction = bits & 0x3ff;
            double magnitude =
                    switch (exponent) {
                        case 0 -> fraction * 0x1p-24;
                        case 0x1f -> fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
                        default -> (1 + fraction * 0x1p-10) * Math.pow(2, exponent - 15);
                    };
            return (float) (bits < 0 ? -magnitude : magnitude);
        }
    }

    /**
     * How many values a shape has.
     *
     * @param name of the tensor, for the message
     * @throws IllegalArgumentException where a length is negative, or there are too many
     */
    static int count(String name, long[] shape) {
        long count = 1;
        for (long length : shape) {
            if (length < 0) {
                throw new IllegalArgumentException("The tensor " + name + " has a negative size or stride.");
            }
            count = Math.min(count * Math.min(length, MOST_VALUES + 1), MOST_VALUES + 1);
        }
        if (count > MOST_VALUES) {
            throw new IllegalArgumentException("The tensor " + name + " of shape " + Arrays.toString(shape)
                    + " has more than " + MOST_VALUES + " values.");
        }
        return (int) count;
    }

    /**
     * The tensor that a view of a storage is.
     *
     * @param type of the storage
     * @throws IllegalArgumentException where it reaches beyond the storage
     */
    static TensorData ofView(String name, long[] shape, long[] stride, long offset, float[] storage, ValueType type) {
        int count = count(name, shape);
        long last = offset;
        for (int axis = 0; axis < shape.length && count > 0; axis++) {
            if (stride[axis] < 0) {
                throw new IllegalArgumentException("The tensor " + name + " has a negative size or stride.");
            }
            last = Math.addExact(last, Math.multiplyExact(shape[axis] - 1, stride[axis]));
        }
        if (count > 0 && (offset < 0 || last >= storage.length)) {
            throw new IllegalArgumentException("The tensor " + name + " of shape " + Arrays.toString(shape)
                    + " reaches beyond its " + storage.length + " values.");
        }
        float[] values = new float[count];
        long[] index = new long[shape.length];
        for (int i = 0; i < count; i++) {
            long position = offset;
            for (int axis = 0; axis < index.length; axis++) {
                position += index[axis] * stride[axis];
            }
            values[i] = storage[(int) position];
            for (int axis = index.length - 1; axis >= 0 && ++index[axis] == shape[axis]; axis--) {
                index[axis] = 0;
            }
        }
        return new TensorData(shape, values, type.isWhole());
    }

    /**
     * NumPy's array of bytes in a row.
     *
     * @param type such as {@code <f4}
     * @param fortran whether the first axis runs fastest
     * @throws IllegalArgumentException where the bytes are not those of the shape
     */
    static TensorData ofNumpy(String name, String type, long[] shape, boolean fortran, byte[] bytes) {
        char order = type.isEmpty() ? '|' : type.charAt(0);
        boolean ordered = "<>|=".indexOf(order) >= 0;
        ValueType values = ValueType.ofNumpy(ordered ? type.substring(1) : type);
        int count = count(name, shape);
        if ((long) count * values.bytes() != bytes.length) {
            throw new IllegalArgumentException("The array " + name + " of shape " + Arrays.toString(shape) + " has "
                    + bytes.length + " bytes; its values take " + (long) count * values.bytes() + ".");
        }
        float[] storage = values.floats(
                ByteBuffer.wrap(bytes).order(order == '>' ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN));
        return ofView(name, shape, strides(shape, fortran), 0, storage, values);
    }

    private static long[] strides(long[] shape, boolean fortran) {
        long[] strides = new long[shape.length];
        long stride = 1;
        for (int i = 0; i < shape.length; i++) {
            int axis = fortran ? i : shape.length - 1 - i;
            strides[axis] = stride;
            stride *= shape[axis];
        }
        return strides;
    }
}
