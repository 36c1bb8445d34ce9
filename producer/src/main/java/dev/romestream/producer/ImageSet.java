package dev.romestream.producer;

import java.nio.file.Path;
import java.util.List;

/**
 * Image files under {@code <class>/}, read into memory.
 *
 * @param classes names of the folders, in alphabetical order
 * @param pixels N * C * H * W bytes, row-major
 * @param labels positions in {@code classes}
 */
public record ImageSet(List<String> classes, int channels, int height, int width, byte[] pixels, int[] labels) {
    /** @throws SourceException where it is no such folder, or its images are of several sizes */
    public static ImageSet read(Path directory) {
        ImageDataset read = ImageFolder.readClasses(directory);
        ImageDataset.Images images = read.train();
        return new ImageSet(
                read.classes(), read.channels(), read.height(), read.width(), images.pixels(), images.labels());
    }
}
