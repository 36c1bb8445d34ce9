package dev.romestream.robustness.tensor;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Of convolutions, and of what follows them until the next one; parameters of norms, the last layer and losses are in float32. */
public enum Precision {
    FLOAT32,
    /** Eight bits of mantissa. */
    BFLOAT16;

    private static final Path PROCESSORS = Path.of("/proc/cpuinfo");
    private static final Pattern BFLOAT16_FLAG = Pattern.compile("^flags.*\\b(avx512_bf16|amx_bf16)\\b");
    private static final Program TO_BFLOAT16 = Program.of("return [torch.to(x, 15, False, False, None)]");
    private static final Program AS = Program.of("return [torch.type_as(x, at[0])]");

    /** An array of float32 in this precision; DJL's own conversion ends the process. A program's list must not be empty. */
    public NDArray of(NDArray array) {
        return this == FLOAT32
                ? array
                : TO_BFLOAT16.apply(array, array.stopGradient()).head();
    }

    /** An array in the type of another one; differentiable. */
    public static NDArray as(NDArray like, NDArray array) {
        return array.getDataType() == like.getDataType()
                ? array
                : AS.apply(array, like).head();
    }

    /** What is known to be the fastest on a device: {@link #BFLOAT16} on processors that have instructions for it. */
    public static Precision fastest(Device device) {
        if (device.isGpu()) {
            return FLOAT32;
        }
        try (Stream<String> lines = Files.lines(PROCESSORS)) {
            return lines.anyMatch(line -> BFLOAT16_FLAG.matcher(line).find()) ? BFLOAT16 : FLOAT32;
        } catch (IOException e) {
            return FLOAT32;
        }
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
