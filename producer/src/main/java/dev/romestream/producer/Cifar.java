package dev.romestream.producer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * CIFAR-10 and CIFAR-100 in their official binary layout (Krizhevsky 2009): records of one or two label bytes and 3,072 pixel
 * bytes. Files may hold fewer records than the official 10,000.
 */
final class Cifar {
    private static final int SIZE = 32;
    private static final int PIXELS = 3 * SIZE * SIZE;

    private Cifar() {}

    /** @param directory with {@code data_batch_1.bin} to {@code data_batch_5.bin} and {@code test_batch.bin} */
    static ImageDataset ten(Path directory) {
        List<String> names =
                List.of("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");
        List<Path> train = IntStream.rangeClosed(1, 5)
                .mapToObj(i -> directory.resolve("data_batch_" + i + ".bin"))
                .toList();
        return new ImageDataset(
                "cifar10",
                names,
                3,
                SIZE,
                SIZE,
                List.of(.4914, .4822, .4465),
                List.of(.2023, .1994, .2010),
                read(train, 1, 10),
                read(List.of(directory.resolve("test_batch.bin")), 1, 10));
    }

    /** @param directory with {@code train.bin} and {@code test.bin}, and {@code fine_label_names.txt} for the names */
    static ImageDataset hundred(Path directory) {
        return new ImageDataset(
                "cifar100",
                fineNames(directory.resolve("fine_label_names.txt")),
                3,
                SIZE,
                SIZE,
                List.of(.5071, .4866, .4409),
                List.of(.2673, .2564, .2762),
                read(List.of(directory.resolve("train.bin")), 2, 100),
                read(List.of(directory.resolve("test.bin")), 2, 100));
    }

    private static List<String> fineNames(Path file) {
        if (!Files.exists(file)) {
            return IntStream.range(0, 100).mapToObj(i -> "class " + i).toList();
        }
        try {
            return Files.readAllLines(file).stream()
                    .filter(name -> !name.isBlank())
                    .toList();
        } catch (IOException e) {
            throw new SourceException("Cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private static ImageDataset.Images read(List<Path> files, int labelBytes, int classes) {
        int length = labelBytes + PIXELS;
        List<byte[]> contents = new ArrayList<>();
        int records = 0;
        for (Path file : files) {
            byte[] bytes = bytes(file);
            if (bytes.length == 0 || bytes.length % length != 0) {
                throw new SourceException(
                        file + " has " + bytes.length + " bytes, which is not a positive multiple of the " + length
                                + " bytes of a record; is the file complete?");
            }
            contents.add(bytes);
            records += bytes.length / length;
        }
        byte[] pixels = new byte[records * PIXELS];
        int[] labels = new int[records];
        int at = 0;
        for (int f = 0; f < contents.size(); f++) {
            byte[] bytes = contents.get(f);
            for (int from = 0; from < bytes.length; from += length) {
                int label = bytes[from + labelBytes - 1] & 0xff;
                if (label >= classes) {
                    throw new SourceException("Record " + from / length + " of " + files.get(f) + " has the label "
                            + label + "; there are " + classes + " classes. Is it another data set's file?");
                }
                labels[at] = label;
                System.arraycopy(bytes, from + labelBytes, pixels, at * PIXELS, PIXELS);
                at++;
            }
        }
        return new ImageDataset.Images(pixels, Arrays.copyOf(labels, at));
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new SourceException(
                    "Cannot read " + file + "; give the directory with the official binary files as data.dir (--data).",
                    e);
        }
    }
}
