package dev.romestream.producer;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/** Image files under {@code train/<class>/} and {@code test/<class>/}, all of one size; classes in alphabetical order. */
final class ImageFolder {
    private static final int CHANNELS = 3;

    private ImageFolder() {}

    static ImageDataset read(String name, Path directory) {
        List<Path> classes = list(directory.resolve("train")).stream()
                .filter(Files::isDirectory)
                .toList();
        if (classes.size() < 2) {
            throw new SourceException(
                    directory.resolve("train") + " has " + classes.size() + " class folders; at least two are needed.");
        }
        List<String> names =
                classes.stream().map(folder -> folder.getFileName().toString()).toList();
        BufferedImage first = image(list(classes.get(0)).stream()
                .findFirst()
                .orElseThrow(() -> new SourceException(classes.get(0) + " holds no image.")));
        int height = first.getHeight();
        int width = first.getWidth();
        return ImageDataset.measured(
                name,
                names,
                CHANNELS,
                height,
                width,
                split(directory.resolve("train"), names, height, width),
                split(directory.resolve("test"), names, height, width));
    }

    private static ImageDataset.Images split(Path directory, List<String> names, int height, int width) {
        List<Path> files = new ArrayList<>();
        List<Integer> labels = new ArrayList<>();
        for (int label = 0; label < names.size(); label++) {
            for (Path file : list(directory.resolve(names.get(label)))) {
                files.add(file);
                labels.add(label);
            }
        }
        int area = height * width;
        byte[] pixels = new byte[files.size() * CHANNELS * area];
        for (int i = 0; i < files.size(); i++) {
            BufferedImage image = image(files.get(i));
            if (image.getHeight() != height || image.getWidth() != width) {
                throw new SourceException(files.get(i) + " is " + image.getWidth() + " x " + image.getHeight()
                        + " pixels; the first image is " + width + " x " + height + ". Bring all to one size.");
            }
            for (int pixel = 0; pixel < area; pixel++) {
                int rgb = image.getRGB(pixel % width, pixel / width);
                for (int channel = 0; channel < CHANNELS; channel++) {
                    pixels[(i * CHANNELS + channel) * area + pixel] = (byte) (rgb >> (16 - 8 * channel));
                }
            }
        }
        return new ImageDataset.Images(
                pixels, labels.stream().mapToInt(Integer::intValue).toArray());
    }

    private static BufferedImage image(Path file) {
        try {
            BufferedImage image = ImageIO.read(file.toFile());
            if (image == null) {
                throw new SourceException(file + " is not an image that can be read (PNG, JPEG, BMP or GIF).");
            }
            return image;
        } catch (IOException e) {
            throw new SourceException("Cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private static List<Path> list(Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.sorted().toList();
        } catch (IOException e) {
            throw new SourceException(
                    "Cannot read the folder " + directory + "; an image folder has train/<class>/ and test/<class>/.",
                    e);
        }
    }
}
