package dev.romestream.robustness.tensor;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.regex.Pattern;

/** A TorchScript program in evaluation mode whose inputs can be differentiated, which DJL's own blocks allow in training mode alone. */
public final class ScriptModule {
    private static final Pattern ERROR = Pattern.compile("^[A-Za-z]*Error: ");

    /** Inputs of this name are items of one list. */
    private static final String LIST = "list[]";

    private final PtSymbolBlock block;

    private ScriptModule(PtSymbolBlock block) {
        this.block = block;
    }

    /**
     * Loads a program that somebody else has made.
     *
     * @param manager frees it when it is closed
     * @throws IllegalArgumentException where the engine cannot read it
     */
    public static ScriptModule load(NDManager manager, byte[] program) {
        ConvolutionCheck.ensureRightForOthers();
        return own(manager, program);
    }

    /** {@link #load} of a program of this project. */
    static ScriptModule own(NDManager manager, byte[] program) {
        try {
            PtSymbolBlock block =
                    JniUtils.loadModule((PtNDManager) manager, new ByteArrayInputStream(program), true, false);
            JniUtils.enableInferenceMode(block);
            return new ScriptModule(block);
        } catch (EngineException e) {
            throw new IllegalArgumentException("The TorchScript program cannot be read: " + reason(e), e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * What {@code forward} makes of a tensor; differentiable, and a program may differentiate within it: gradients are switched on in
     * this thread.
     *
     * @throws IllegalArgumentException where the program fails on it or answers with anything but one tensor
     */
    public NDArray forward(NDArray input) {
        input.setName(null);
        JniUtils.setGradMode(true);
        optimiseNothing();
        NDList answer;
        try {
            answer = IValueUtils.forward(block, new NDList(input), true);
        } catch (EngineException | UnsupportedOperationException e) {
            throw new IllegalArgumentException(
                    "The TorchScript program fails on an input of shape " + input.getShape() + ": " + reason(e), e);
        }
        if (answer.size() != 1) {
            throw new IllegalArgumentException(
                    "The TorchScript program answers with " + answer.size() + " tensors; needed is one, the logits.");
        }
        return answer.head();
    }

    /**
     * As {@link #forward(NDArray)}, of a program that takes a tensor and a list of tensors and answers with a list; whether gradients are
     * on is left as it is.
     *
     * @param first in no list at the same time
     */
    NDList forward(NDArray first, NDList others) {
        optimiseNothing();
        first.setName(null);
        others.forEach(array -> array.setName(LIST));
        NDList inputs = new NDList(first);
        inputs.addAll(others);
        return IValueUtils.forward(block, inputs, true);
    }

    /** The engine's optimiser of programs ends the process where they differentiate. Holds for this thread. */
    private static void optimiseNothing() {
        JniUtils.setGraphExecutorOptimize(false);
    }

    /** The engine's message without the program's stack: the error itself is its last line. */
    private static String reason(Exception e) {
        List<String> lines = String.valueOf(e.getMessage())
                .lines()
                .filter(line -> !line.isBlank())
                .toList();
        return lines.stream()
                .filter(line -> ERROR.matcher(line).find())
                .reduce((first, last) -> last)
                .orElse(lines.isEmpty() ? "" : lines.get(0));
    }
}
