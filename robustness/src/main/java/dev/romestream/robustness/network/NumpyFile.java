package dev.romestream.robustness.network;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** NumPy's {@code .npy}, and {@code .npz} archives of these. Objects, which are pickles, are not read. */
final class NumpyFile {
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final int MOST_BYTES = Integer.MAX_VALUE - 64;
    private static final int MOST_HEADER_BYTES = 1 << 16;
    private static final String ENDING = ".npy";
    private static final Pattern DESCR = Pattern.compile("'descr': *'([^']{1,10})'");
    private static final Pattern TEXT = Pattern.compile("[<>]U[0-9]{1,6}");
    private static final Pattern FORTRAN = Pattern.compile("'fortran_order': *(True|False)");
    private static final Pattern SHAPE = Pattern.compile("'shape': *\\(([0-9, L]{0,200})\\)");

    private NumpyFile() {}

    /** Whether a file begins as one array does. */
    static boolean isArray(Path file) throws IOException {
        try (InputStream input = Files.newInputStream(file)) {
            return Arrays.equals(input.readNBytes(MAGIC.length), MAGIC);
        }
    }

    /** Whether an archive has arrays. */
    static boolean isArchive(ZipFile zip) {
        return zip.stream().anyMatch(entry -> entry.getName().endsWith(ENDING));
    }

    static TensorData readArray(Path file) throws IOException {
        String name = String.valueOf(file.getFileName());
        byte[] content = TorchFile.content(file);
        return array(name, header(name, content), content);
    }

    /** The arrays of an archive by name; in place of one that is not of plain numbers, the reason. */
    static Map<String, Object> readArchive(ZipFile zip) throws IOException {
        Map<String, Object> arrays = new LinkedHashMap<>();
        long bytes = 0;
        long values = 0;
        for (ZipEntry entry : zip.stream().toList()) {
            if (entry.getName().endsWith(ENDING)) {
                // the size that an entry declares need not be true: it is read as far as it is needed
                try (InputStream input = zip.getInputStream(entry)) {
                    byte[] content = input.readNBytes((int) Math.max(0, MOST_BYTES - bytes));
                    if (input.read() >= 0) {
                        throw new IllegalArgumentException("Its arrays have more than " + MOST_BYTES + " bytes.");
                    }
                    bytes += content.length;
                    String name = entry.getName().substring(0, entry.getName().length() - ENDING.length());
                    Object read = readable(name, content);
                    values += read instanceof TensorData data ? data.values().length : 0;
                    if (values > TensorData.MOST_VALUES) {
                        throw new IllegalArgumentException(
                                "Its arrays have more than " + TensorData.MOST_VALUES + " values together.");
                    }
                    arrays.put(name, read);
                }
            }
        }
        return arrays;
    }

    private static Object readable(String name, byte[] content) throws IOException {
        try {
            Header header = header(name, content);
            return TEXT.matcher(header.type()).matches() ? text(name, header, content) : array(name, header, content);
        } catch (IllegalArgumentException e) {
            return e.getMessage();
        }
    }

    private static Header header(String name, byte[] content) throws IOException {
        ByteArrayInputStream input = new ByteArrayInputStream(content);
        byte[] start = input.readNBytes(MAGIC.length + 2);
        if (start.length < MAGIC.length + 2 || !Arrays.equals(Arrays.copyOf(start, MAGIC.length), MAGIC)) {
            throw new IllegalArgumentException("The array " + name + " does not begin as NumPy's do.");
        }
        int lengthBytes = start[MAGIC.length] == 1 ? 2 : 4;
        long length = 0;
        byte[] lengths = input.readNBytes(lengthBytes);
        for (int i = lengths.length - 1; i >= 0; i--) {
            length = (length << 8) | (lengths[i] & 0xff);
        }
        if (length > Math.min(MOST_HEADER_BYTES, input.available())) {
            throw new IllegalArgumentException("The array " + name + " announces a header of " + length
                    + " bytes and has " + input.available() + "; the most allowed is " + MOST_HEADER_BYTES + ".");
        }
        String header = new String(input.readNBytes((int) length), StandardCharsets.UTF_8);
        String[] lengthsText = find(name, SHAPE, header).replace("L", "").split(",");
        long[] shape = Arrays.stream(lengthsText)
                .map(String::strip)
                .filter(text -> !text.isEmpty())
                .mapToLong(Long::parseLong)
                .toArray();
        return new Header(
                find(name, DESCR, header),
                find(name, FORTRAN, header).equals("True"),
                shape,
                content.length - input.available());
    }

    /**
     * What an array is.
     *
     * @param from where its values begin
     */
    private record Header(String type, boolean fortran, long[] shape, int from) {}

    private static TensorData array(String name, Header header, byte[] content) {
        return TensorData.ofNumpy(
                name,
                header.type(),
                header.shape(),
                header.fortran(),
                Arrays.copyOfRange(content, header.from(), content.length));
    }

    /** A row of texts: of four bytes a letter, filled up with zeros. */
    private static List<String> text(String name, Header header, byte[] content) {
        int letters = Integer.parseInt(header.type().substring(2));
        int bytes = Math.multiplyExact(letters, Integer.BYTES);
        int count = TensorData.count(name, header.shape());
        if (header.shape().length != 1 || (long) count * bytes != content.length - header.from()) {
            throw new IllegalArgumentException("The array " + name + " of texts has the shape "
                    + Arrays.toString(header.shape()) + "; read are rows.");
        }
        Charset charset = Charset.forName(header.type().startsWith(">") ? "UTF-32BE" : "UTF-32LE");
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            texts.add(new String(content, header.from() + i * bytes, bytes, charset).replace("\0", ""));
        }
        return texts;
    }

    private static String find(String name, Pattern pattern, String header) {
        Matcher matcher = pattern.matcher(header);
        if (!matcher.find()) {
            throw new IllegalArgumentException(
                    "The array " + name + " has the header " + header.strip() + ", which is not one of plain numbers.");
        }
        return matcher.group(1);
    }
}
