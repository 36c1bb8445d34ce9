package dev.romestream.producer;

import com.twelvemonkeys.image.ResampleOp;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Image files, of which each class has some, as a data set; all of one size, or brought to one. */
final class ImageFiles {
    private static final Logger log = LoggerFactory.getLogger(ImageFiles.class);

    private final String name;
    private final Path directory;
    private final Optional<Integer> resize;
    private final Set<Path> transparent = new LinkedHashSet<>();

    /** The first image, whose size all others have. */
    private Path first;

    private int height;
    private int width;

    /**
     * A reader of a data set's files.
     *
     * @param resize if given, every image's middle square is scaled to it (bilinear, averaging where it shrinks)
     */
    ImageFiles(String name, Path directory, Optional<Integer> resize) {
        this.name = name;
        this.directory = directory;
        this.resize = resize;
    }

    /**
     * Reads the files.
     *
     * @param keys of the classes in {@code train}, in label order; the first has an image
     * @param classes their names
     * @throws SourceException where one cannot be read, or has another size than the first
     */
    ImageDataset read(
            List<String> keys, List<String> classes, Map<String, List<Path>> train, Map<String, List<Path>> test) {
        setSize(train.get(keys.get(0)).get(0));
        ImageDataset dataset = ImageDataset.measured(
                name, classes, ImageFile.CHANNELS, height, width, images(keys, train), images(keys, test));
        if (!transparent.isEmpty()) {
            log.warn(
                    "{}: {} images have transparent pixels, which are put on white, such as {}",
                    directory,
                    transparent.size(),
                    transparent.iterator().next());
        }
        return dataset;
    }

    private void setSize(Path file) {
        ImageFile image = image(file);
        first = file;
        height = image.height();
        width = image.width();
    }

    private ImageDataset.Images images(List<String> keys, Map<String, List<Path>> classes) {
        int count = classes.values().stream().mapToInt(List::size).sum();
        int imageBytes = ImageFile.CHANNELS * height * width;
        if ((long) count * imageBytes > Integer.MAX_VALUE) {
            throw new SourceException(directory + " has " + count + " images of " + width + " x " + height
                    + " pixels in a split, which is more than 2 GiB; give a smaller dataset.resize.");
        }
        byte[] pixels = new byte[count * imageBytes];
        int[] labels = new int[count];
        int at = 0;
        for (int label = 0; label < keys.size(); label++) {
            for (Path file : classes.getOrDefault(keys.get(label), List.of())) {
                ImageFile image = image(file);
                if (image.height() != height || image.width() != width) {
                    throw new SourceException(first + " is " + width + " x " + height + " pixels and " + file + " is "
                            + image.width() + " x " + image.height()
                            + "; bring all to one size, or give dataset.resize.");
                }
                System.arraycopy(image.pixels(), 0, pixels, at * imageBytes, imageBytes);
                labels[at] = label;
                at++;
            }
        }
        return new ImageDataset.Images(pixels, labels);
    }

    private ImageFile image(Path file) {
        ImageFile image = ImageFile.read(file);
        if (image.transparent()) {
            transparent.add(file);
        }
        return resize.map(side -> resized(file, image, side)).orElse(image);
    }

    /** The middle square of the image, scaled. */
    static ImageFile resized(Object origin, ImageFile image, int side) {
        int square = Math.min(image.width(), image.height());
        BufferedImage middle = image.toBufferedImage()
                .getSubimage((image.width() - square) / 2, (image.height() - square) / 2, square, square);
        BufferedImage whole = new BufferedImage(square, square, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = whole.createGraphics();
        graphics.drawImage(middle, 0, 0, null);
        graphics.dispose();
        return ImageFile.of(origin, new ResampleOp(side, side, ResampleOp.FILTER_TRIANGLE).filter(whole, null));
    }
}
