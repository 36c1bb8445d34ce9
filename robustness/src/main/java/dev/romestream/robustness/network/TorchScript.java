package dev.romestream.robustness.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.romestream.robustness.tensor.ScriptModule;
import java.io.IOException;
import java.nio.file.Path;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/** A TorchScript program ({@code torch.jit.save}) that classifies normalised images; differentiable as PyTorch's own. */
public final class TorchScript implements Classifier {
    private final ScriptModule module;
    private final int classes;

    private TorchScript(ScriptModule module, int classes) {
        this.module = module;
        this.classes = classes;
    }

    /**
     * Loads a program and tries it on one image.
     *
     * @param manager frees the program when it is closed
     * @throws IllegalArgumentException where it is no program, or does not turn {@code (1, C, H, W)} into {@code (1, classes)}
     */
    public static TorchScript load(NDManager manager, byte[] program, ImageShape input, int classes) {
        ScriptModule module = ScriptModule.load(manager, program);
        try (NDManager scope = manager.newSubManager()) {
            Shape answer = module.forward(scope.zeros(input.batch(1))).getShape();
            if (!answer.equals(new Shape(1, classes))) {
                throw new IllegalArgumentException("The TorchScript program turns an image of shape " + input.batch(1)
                        + " into " + answer + "; needed are logits of shape (1, " + classes + ").");
            }
        }
        return new TorchScript(module, classes);
    }

    /** Whether a file is a TorchScript program rather than a state dict. */
    public static boolean isProgram(Path file) throws IOException {
        try (ZipFile zip = new ZipFile(file.toFile())) {
            return isArchive(zip);
        } catch (ZipException e) {
            return false;
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
        return module.forward(images);
    }
}
