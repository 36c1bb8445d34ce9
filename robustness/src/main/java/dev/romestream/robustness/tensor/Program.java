package dev.romestream.robustness.tensor;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A function of a tensor {@code x} and a list of tensors {@code at} as a TorchScript program: for operations that DJL does not offer,
 * and for several of them in one call. Differentiable as any other operation.
 */
public final class Program {
    private static final String SOURCE = """
            class Program(Module):
              __parameters__ = []
              __buffers__ = []
              training : bool
              def forward(self: __torch__.Program,
                x: Tensor,
                at: List[Tensor]) -> List[Tensor]:
            """;
    private static final int INDENT = 4;
    /** A pickle of {@code __torch__.Program} with {@code {"training": False}}. */
    private static final String STATE =
            "\u0080\u0002c__torch__\nProgram\n)\u0081}(X\u0008\u0000\u0000\u0000training\u0089ub.";
    /** A pickle of an empty tuple. */
    private static final String CONSTANTS = "\u0080\u0002).";

    private final String statements;
    /** Once the engine is needed. */
    private ScriptModule module;

    private Program(String statements) {
        this.statements = statements;
    }

    /**
     * A program that stays for the life of the process.
     *
     * @param statements in TorchScript's own form; the last one returns a list of tensors
     */
    public static Program of(String statements) {
        return new Program(statements);
    }

    private synchronized ScriptModule module() {
        if (module == null) {
            module = ScriptModule.own(
                    Engine.getEngine(Tensors.ENGINE).newBaseManager(), archive(SOURCE + statements.indent(INDENT)));
        }
        return module;
    }

    /** The program's value, whose arrays belong to the manager of {@code x}. */
    public NDList apply(NDArray x, NDArray... at) {
        return module().forward(x, new NDList(List.of(at)));
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
        ZipEntry entry = new ZipEntry("program/" + name);
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
