package dev.romestream.robustness.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.romestream.robustness.tensor.ScriptModule;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Locale;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;

/** A TorchScript program ({@code torch.jit.save}) that classifies normalised images; differentiable as PyTorch's own. */
public final class TorchScript implements Classifier {
    /** Numbers of images; a program traced with a fixed batch size fails at one of them. */
    private static final int[] TRIED = {1, 3};

    private static final String AUTOGRAD = "torch.autograd";
    private static final int MOST_CODE_BYTES = 16 << 20;

    private final ScriptModule module;
    private final int classes;

    private TorchScript(ScriptModule module, int classes) {
        this.module = module;
        this.classes = classes;
    }

    /**
     * Loads a program and tries it on one image and on several.
     *
     * @param manager frees the program when it is closed
     * @throws IllegalArgumentException where it is no program, or does not turn {@code (N, C, H, W)} into
     *     {@code (N, classes)} for every N
     */
    public static TorchScript load(NDManager manager, byte[] program, ImageShape input, int classes) {
        ScriptModule module = ScriptModule.load(manager, program);
        for (int images : TRIED) {
            answer(manager, module, input, classes, images);
        }
        return new TorchScript(module, classes);
    }

    /**
     * How many classes a program tells apart, by trying it on an image.
     *
     * @throws IllegalArgumentException where it is no program, or does not turn an image into a row of logits
     */
    public static int classes(NDManager manager, byte[] program, ImageShape input) {
        try (NDManager scope = manager.newSubManager()) {
            Shape answer = ScriptModule.load(scope, program)
                    .forward(scope.zeros(input.batch(1)))
                    .getShape();
            if (answer.dimension() != 2 || answer.get(1) < 2) {
                throw new IllegalArgumentException("The TorchScript program turns an image of shape " + input + " into "
                        + answer + "; needed are logits of shape (1, classes).");
            }
            return Math.toIntExact(answer.get(1));
        }
    }

    private static void answer(NDManager manager, ScriptModule module, ImageShape input, int classes, int images) {
        try (NDManager scope = manager.newSubManager()) {
            NDArray logits = module.forward(scope.zeros(input.batch(images)));
            if (inFloat(logits).getDataType() != DataType.FLOAT32
                    || logits.getDataType().isInteger()) {
                throw new IllegalArgumentException(
                        "The TorchScript program answers in "
                                + logits.getDataType().name().toLowerCase(Locale.ROOT)
                                + "; needed are logits in float32, or less precise. Convert it by .float(), and answer with logits.");
            }
            Shape answer = logits.getShape();
            if (!answer.equals(new Shape(images, classes))) {
                throw new IllegalArgumentException("The TorchScript program turns images of shape "
                        + input.batch(images) + " into " + answer + "; needed are logits of shape (" + images + ", "
                        + classes + ").");
            }
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    e.getMessage()
                            + " (A program must take images in any number; where it was traced with a fixed batch"
                            + " size or device, script it or trace it without.)",
                    e);
        }
    }

    /** Whether a file is a TorchScript program rather than a state dict. */
    public static boolean isProgram(Path file) throws IOException {
        try (ZipFile zip = new ZipFile(file.toFile())) {
            return isArchive(zip);
        } catch (ZipException e) {
            return false;
        }
    }

    /** Whether a program differentiates on its own, as defences do that optimise while they classify. */
    public static boolean differentiates(byte[] program) {
        try (var zip = org.apache.commons.compress.archivers.zip.ZipFile.builder()
                .setByteArray(program)
                .get()) {
            for (ZipArchiveEntry entry : Collections.list(zip.getEntries())) {
                if (entry.getName().contains("/code/") && entry.getName().endsWith(".py")) {
                    try (InputStream code = zip.getInputStream(entry)) {
                        if (new String(code.readNBytes(MOST_CODE_BYTES), StandardCharsets.UTF_8).contains(AUTOGRAD)) {
                            return true;
                        }
                    }
                }
            }
            return false;
        } catch (IOException e) {
            throw new IllegalArgumentException("The TorchScript program cannot be read: " + e.getMessage(), e);
        }
    }

    static boolean isArchive(ZipFile zip) {
        return zip.stream().anyMatch(entry -> entry.getName().endsWith("/constants.pkl"));
    }

    @Override
    public int classes() {
        return classes;
    }

    @Override
    public NDArray logits(NDArray images) {
        return inFloat(module.forward(images));
    }

    /**
     * Networks in half precision answer in it; losses and margins are taken in float32. By a product that promotes, because the engine's
     * own cast cannot be differentiated.
     */
    private static NDArray inFloat(NDArray logits) {
        return logits.getDataType() == DataType.FLOAT32
                ? logits
                : logits.mul(logits.getManager().ones(new Shape(1, 1)));
    }
}
