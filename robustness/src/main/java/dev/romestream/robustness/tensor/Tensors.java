package dev.romestream.robustness.tensor;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;

/** The tensor engine: where arrays live, and conversions between Java's arrays and its own. */
public final class Tensors {
    static final String ENGINE = "PyTorch";

    private Tensors() {}

    /**
     * A manager of native memory on a device. Close it to free all that it holds.
     *
     * @param device {@code auto}, {@code cpu} or {@code gpu:N}
     * @param threads native threads of one computation, in the whole JVM
     * @throws IllegalArgumentException where the device is not there
     */
    public static NDManager manager(String device, int threads) {
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("ai.djl.pytorch.num_threads", Integer.toString(threads));
        Engine engine = Engine.getEngine(ENGINE);
        ai.djl.pytorch.jni.JniUtils.setNumThreads(threads);
        Device where = device(engine, device);
        ConvolutionCheck.ensureRight(engine);
        return engine.newBaseManager(where);
    }

    private static Device device(Engine engine, String name) {
        if (name.equals("auto")) {
            return engine.defaultDevice();
        }
        Device device =
                name.equals("cpu") ? Device.cpu() : Device.gpu(Integer.parseInt(name.substring("gpu:".length())));
        if (device.isGpu() && device.getDeviceId() >= engine.getGpuCount()) {
            throw new IllegalArgumentException(
                    "engine.device is " + name + ", and there are " + engine.getGpuCount() + " GPUs; use auto or cpu.");
        }
        return device;
    }

    /** The value of a scalar. */
    public static double scalar(NDArray value) {
        return value.toType(DataType.FLOAT32, false).getFloat();
    }

    /** The values of an array without its gradient, as an array of {@code manager}; the storage is shared. */
    public static NDArray detached(NDManager manager, NDArray array) {
        NDArray view = array.stopGradient();
        view.attach(manager);
        return view;
    }

    /** {@code (count, classes)} with a one at the same label in each row. */
    public static NDArray oneHot(NDManager manager, int label, long count, int classes) {
        int[] labels = new int[Math.toIntExact(count)];
        Arrays.fill(labels, label);
        return oneHot(manager, labels, classes);
    }

    /** {@code (N, classes)} with a one at each label. */
    public static NDArray oneHot(NDManager manager, int[] labels, int classes) {
        float[] values = new float[labels.length * classes];
        for (int i = 0; i < labels.length; i++) {
            values[i * classes + labels[i]] = 1;
        }
        return manager.create(values, new Shape(labels.length, classes));
    }

    /** The index of the largest value of each row of {@code (N, C)}; the first one of several. */
    public static int[] argMax(NDArray rows) {
        int columns = Math.toIntExact(rows.getShape().get(1));
        float[] values = rows.toFloatArray();
        int[] best = new int[values.length / columns];
        for (int row = 0; row < best.length; row++) {
            for (int column = 1; column < columns; column++) {
                if (values[row * columns + column] > values[row * columns + best[row]]) {
                    best[row] = column;
                }
            }
        }
        return best;
    }
}
