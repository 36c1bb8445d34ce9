package dev.romestream.producer;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;

/**
 * MNIST (LeCun, Cortes and Burges 1998), Fashion-MNIST (Xiao, Rasul and Vollgraf 2017) and whatever else comes as their four idx
 * files of unsigned bytes: {@code train-images-idx3-ubyte}, {@code train-labels-idx1-ubyte}, and {@code t10k-} for the test
 * images, each also with {@code .gz}. Images have one channel, with the values of the file.
 */
final class Idx {
    private static final int GZIP = 0x1f8b;
    private static final int UNSIGNED_BYTES = 0x08;
    private static final int MOST_BYTES = 1 << 30;

    private Idx() {}

    static ImageDataset mnist(Path directory) {
        return read(
                "mnist",
                directory,
                IntStream.range(0, 10).mapToObj(Integer::toString).toList(),
                .1307,
                .3081);
    }

    static ImageDataset fashionMnist(Path directory) {
        List<String> names = List.of(
                "T-shirt/top",
                "trouser",
                "pullover",
                "dress",
                "coat",
                "sandal",
                "shirt",
                "sneaker",
                "bag",
                "ankle boot");
        return read("fashion-mnist", directory, names, .2860, .3530);
    }

    private static ImageDataset read(String name, Path directory, List<String> classes, double mean, double std) {
        Array trainImages = array(directory, "train-images", 3);
        Array testImages = array(directory, "t10k-images", 3);
        int height = trainImages.shape()[1];
        int width = trainImages.shape()[2];
        if (testImages.shape()[1] != height || testImages.shape()[2] != width) {
            throw new SourceException(testImages.file() + " has images of "
                    + testImages.shape()[2] + " x "
                    + testImages.shape()[1] + " pixels; those of " + trainImages.file() + " have " + width + " x "
                    + height + ".");
        }
        return new ImageDataset(
                name,
                classes,
                1,
                height,
                width,
                List.of(mean),
                List.of(std),
                images(trainImages, array(directory, "train-labels", 1), classes.size()),
                images(testImages, array(directory, "t10k-labels", 1), classes.size()));
    }

    private static ImageDataset.Images images(Array images, Array labels, int classes) {
        if (images.shape()[0] != labels.shape()[0]) {
            throw new SourceException(images.file() + " has " + images.shape()[0] + " images; " + labels.file()
                    + " has " + labels.shape()[0] + " labels. Do they belong together?");
        }
        int[] values = new int[labels.values().length];
        for (int i = 0; i < values.length; i++) {
            values[i] = labels.values()[i] & 0xff;
            if (values[i] >= classes) {
                throw new SourceException("Label " + i + " of " + labels.file() + " is " + values[i] + "; there are "
                        + classes + " classes. Is it another data set's file?");
            }
        }
        return new ImageDataset.Images(images.values(), values);
    }

    private record Array(Path file, int[] shape, byte[] values) {}

    private static Array array(Path directory, String name, int axes) {
        Path file = List.of("-idx" + axes + "-ubyte", ".idx" + axes + "-ubyte").stream()
                .flatMap(ending -> List.of(ending, ending + ".gz").stream())
                .map(ending -> directory.resolve(name + ending))
                .filter(Files::exists)
                .findFirst()
                .orElseThrow(() -> new SourceException(directory + " has no file " + name + "-idx" + axes
                        + "-ubyte (or .gz); give the directory with the four idx files as data.dir (--data)."));
        ByteBuffer content = ByteBuffer.wrap(content(file));
        try {
            int magic = content.getInt();
            if (magic != ((UNSIGNED_BYTES << 8) | axes)) {
                throw new SourceException(file + " begins with 0x" + Integer.toHexString(magic)
                        + "; an idx file of unsigned bytes with " + axes + " axes begins with 0x"
                        + Integer.toHexString((UNSIGNED_BYTES << 8) | axes) + ".");
            }
            int[] shape = IntStream.range(0, axes).map(axis -> content.getInt()).toArray();
            long values = Arrays.stream(shape).asLongStream().reduce(1, Idx::product);
            if (Arrays.stream(shape).anyMatch(length -> length < 1) || values != content.remaining()) {
                throw new SourceException(file + " announces " + Arrays.toString(shape) + " values and has "
                        + content.remaining() + " bytes of them; is the file complete?");
            }
            byte[] bytes = new byte[content.remaining()];
            content.get(bytes);
            return new Array(file, shape, bytes);
        } catch (BufferUnderflowException e) {
            throw new SourceException(file + " ends within its header; is the file complete?", e);
        }
    }

    /** Of two lengths; large, but not overflowing, where it is out of every reason. */
    private static long product(long a, long b) {
        return Math.min(Integer.MAX_VALUE, a * b);
    }

    private static byte[] content(Path file) {
        try {
            byte[] bytes = Files.readAllBytes(file);
            boolean zipped = bytes.length > 2 && (((bytes[0] & 0xff) << 8) | (bytes[1] & 0xff)) == GZIP;
            if (!zipped) {
                return bytes;
            }
            try (InputStream unzipped = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
                byte[] content = unzipped.readNBytes(MOST_BYTES);
                if (content.length == MOST_BYTES) {
                    throw new SourceException(file + " unpacks to more than 1 GiB.");
                }
                return content;
            }
        } catch (IOException e) {
            throw new SourceException("Cannot read " + file + ": " + e.getMessage(), e);
        }
    }
}
