package dev.romestream.robustness.tensor;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The engine's {@code autograd.grad} as a TorchScript program. DJL has {@code backward} alone, which stores a gradient in its leaf:
 * one that is differentiable itself would then hold its own leaf for ever.
 */
final class GradientProgram {
    private static final String SOURCE = """
            class Gradients(Module):
              __parameters__ = []
              __buffers__ = []
              training : bool
              def forward(self: __torch__.Gradients,
                value: Tensor,
                at: List[Tensor]) -> List[Tensor]:
                gradients = annotate(List[Tensor], [])
                optional = torch.autograd.grad([value], at, None, None, %s)
                for i in range(torch.len(optional)):
                  gradient = unchecked_cast(Tensor, optional[i])
                  _0 = torch.append(gradients, gradient)
                return gradients
            """;
    /** A pickle of {@code __torch__.Gradients} with {@code {"training": False}}. */
    private static final String STATE =
            "\u0080\u0002c__torch__\nGradients\n)\u0081}(X\u0008\u0000\u0000\u0000training\u0089ub.";
    /** A pickle of an empty tuple. */
    private static final String CONSTANTS = "\u0080\u0002).";

    /** Gradients that are differentiable themselves; what they were computed from is kept for that. */
    static final GradientProgram DIFFERENTIABLE = new GradientProgram("True");
    /** Gradients that are not; what they were computed from is given back. */
    static final GradientProgram PLAIN = new GradientProgram("False");

    private final ScriptModule module;

    private GradientProgram(String differentiable) {
        NDManager forever = Engine.getEngine(Tensors.ENGINE).newBaseManager();
        this.module = ScriptModule.load(forever, archive(SOURCE.formatted(differentiable)));
    }

    /** The gradients of a scalar at what it was computed from. */
    NDList gradients(NDArray value, NDList at) {
        return module.forward(value, at);
    }

    private static byte[] archive(String source) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            entry(zip, "data.pkl", STATE.getBytes(StandardCharsets.ISO_8859_1));
            entry(zip, "code/__torch__.py", source.getBytes(StandardCharsets.US_ASCII));
            entry(zip, "constants.pkl", CONSTANTS.getBytes(StandardCharsets.ISO_8859_1));
            entry(zip, "version", "3\n".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static void entry(ZipOutputStream zip, String name, byte[] content) throws IOException {
        ZipEntry entry = new ZipEntry("gradients/" + name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        CRC32 checksum = new CRC32();
        checksum.update(content);
        entry.setCrc(checksum.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }
}
