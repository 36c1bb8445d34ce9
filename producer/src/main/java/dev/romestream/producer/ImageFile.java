package dev.romestream.producer;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/**
 * An image file as RGB bytes, with the values that stand in it: as Pillow's {@code convert("RGB")}, colour profiles and gamma are
 * ignored. It differs from Pillow in two things: what is transparent is put on white, and of 16-bit grey the high byte counts.
 *
 * @param pixels 3 * H * W bytes, row-major, channel by channel
 * @param transparent whether a pixel was not opaque
 */
record ImageFile(int width, int height, byte[] pixels, boolean transparent) {
    /** Channels of every image. */
    static final int CHANNELS = 3;

    private static final long MOST_PIXELS = 1L << 25;
    private static final int WHITE = 255;
    /** What libwebp's decoder of images says of animations. */
    private static final String UNSUPPORTED = "UnsupportedFeature";
    /** Decoders warn of what they filled in, and of what has no part in the pixels; the latter does no harm. */
    private static final Pattern HARMLESS =
            Pattern.compile("(?i)profile|exif|metadata|thumbnail|extraneous bytes|adobe|jfif");

    /**
     * Reads a PNG, JPEG, BMP, GIF, TIFF or WebP file; of several frames, the first, but for WebP, of which animated files are not read.
     *
     * @throws SourceException naming the file, where it is none of them, damaged or too large
     */
    static ImageFile read(Path file) {
        return read(file, file.toFile());
    }

    /**
     * Reads what a file's bytes would be, as {@link #read(Path)}.
     *
     * @param origin named in messages
     */
    static ImageFile read(Object origin, byte[] content) {
        return read(origin, new ByteArrayInputStream(content));
    }

    private static ImageFile read(Object origin, Object from) {
        try (ImageInputStream input = ImageIO.createImageInputStream(from)) {
            Iterator<ImageReader> readers = input == null ? null : ImageIO.getImageReaders(input);
            if (readers == null || !readers.hasNext()) {
                throw new SourceException(
                        origin + " is not an image that can be read (PNG, JPEG, BMP, GIF, TIFF or WebP).");
            }
            PngChunks.check(input);
            ImageReader reader = readers.next();
            try {
                reader.setInput(input, true, true);
                long pixels = (long) reader.getWidth(0) * reader.getHeight(0);
                if (pixels > MOST_PIXELS) {
                    throw new SourceException(origin + " has " + pixels + " pixels; at most " + MOST_PIXELS
                            + " are read. Make it smaller.");
                }
                List<String> damage = new ArrayList<>();
                reader.addIIOReadWarningListener((source, warning) -> damage.add(warning));
                BufferedImage image = reader.read(0);
                damage.removeIf(warning -> HARMLESS.matcher(warning).find());
                if (!damage.isEmpty()) {
                    throw new SourceException(origin + " is damaged (" + damage.get(0)
                            + "). Take it from where it came from again, or remove it.");
                }
                return of(origin, image);
            } finally {
                reader.dispose();
            }
        } catch (LinkageError e) {
            throw new SourceException(
                    origin + " is a WebP file, and the library that reads it cannot be loaded (" + e.getMessage()
                            + "). Let java.io.tmpdir be a directory from which programs may run, or convert it to PNG.",
                    e);
        } catch (IOException | RuntimeException e) {
            if (e instanceof SourceException known) {
                throw known;
            }
            if (String.valueOf(e.getMessage()).contains(UNSUPPORTED)) {
                throw new SourceException(
                        origin + " is an animated WebP file, which is not read; save a frame of it as an image.", e);
            }
            // decoders answer damaged files with exceptions of any kind
            throw new SourceException("Cannot read the image " + origin + ": " + e.getMessage(), e);
        }
    }

    /**
     * An image as RGB bytes.
     *
     * @param origin where it comes from
     * @throws SourceException where its colour model is not read
     */
    static ImageFile of(Object origin, BufferedImage image) {
        Samples samples = samples(origin, image);
        int area = image.getWidth() * image.getHeight();
        byte[] pixels = new byte[CHANNELS * area];
        boolean transparent = false;
        int[] rgba = new int[CHANNELS + 1];
        for (int pixel = 0; pixel < area; pixel++) {
            samples.read(pixel % image.getWidth(), pixel / image.getWidth(), rgba);
            int alpha = rgba[CHANNELS];
            transparent |= alpha != WHITE;
            for (int channel = 0; channel < CHANNELS; channel++) {
                pixels[channel * area + pixel] = (byte) (scaled(rgba[channel], alpha) + WHITE - alpha);
            }
        }
        return new ImageFile(image.getWidth(), image.getHeight(), pixels, transparent);
    }

    /** The image in sRGB, whose values are its own. */
    BufferedImage toBufferedImage() {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        int area = width * height;
        for (int pixel = 0; pixel < area; pixel++) {
            int rgb = 0;
            for (int channel = 0; channel < CHANNELS; channel++) {
                rgb = (rgb << 8) | (pixels[channel * area + pixel] & 0xff);
            }
            image.setRGB(pixel % width, pixel / width, rgb);
        }
        return image;
    }

    /** Reads a pixel as red, green, blue and alpha, 0 to 255 each. */
    private interface Samples {
        void read(int x, int y, int[] rgba);
    }

    private static Samples samples(Object origin, BufferedImage image) {
        ColorModel model = image.getColorModel();
        if (model.isAlphaPremultiplied()) {
            image.coerceData(false);
            model = image.getColorModel();
        }
        Raster raster = image.getRaster();
        if (model instanceof IndexColorModel palette) {
            return (x, y, rgba) -> unpack(palette.getRGB(raster.getSample(x, y, 0)), rgba);
        }
        int[] bits = model.getComponentSize();
        int colours = model.getNumColorComponents();
        int alpha = model.hasAlpha() ? colours : -1;
        int type = model.getColorSpace().getType();
        if (type == ColorSpace.TYPE_GRAY && colours == 1) {
            return (x, y, rgba) -> {
                int value = eightBits(raster, x, y, 0, bits);
                fill(rgba, value, value, value, alpha < 0 ? WHITE : eightBits(raster, x, y, alpha, bits));
            };
        }
        if (type == ColorSpace.TYPE_RGB && colours == CHANNELS) {
            return (x, y, rgba) -> fill(
                    rgba,
                    eightBits(raster, x, y, 0, bits),
                    eightBits(raster, x, y, 1, bits),
                    eightBits(raster, x, y, 2, bits),
                    alpha < 0 ? WHITE : eightBits(raster, x, y, alpha, bits));
        }
        if (type == ColorSpace.TYPE_CMYK && alpha < 0) {
            return (x, y, rgba) -> {
                int black = WHITE - eightBits(raster, x, y, CHANNELS, bits);
                for (int channel = 0; channel < CHANNELS; channel++) {
                    rgba[channel] = Math.max(0, black - scaled(eightBits(raster, x, y, channel, bits), black));
                }
                rgba[CHANNELS] = WHITE;
            };
        }
        throw new SourceException(origin + " has a colour model that is not read (" + colours
                + " components of colour space type " + type + "); convert it to RGB.");
    }

    private static void unpack(int argb, int[] rgba) {
        fill(rgba, (argb >> 16) & 0xff, (argb >> 8) & 0xff, argb & 0xff, argb >>> 24);
    }

    private static void fill(int[] rgba, int red, int green, int blue, int alpha) {
        rgba[0] = red;
        rgba[1] = green;
        rgba[2] = blue;
        rgba[CHANNELS] = alpha;
    }

    /** A sample in eight bits: the high ones of more, and fewer spread over the range. */
    private static int eightBits(Raster raster, int x, int y, int band, int[] bits) {
        int value = raster.getSample(x, y, band);
        return bits[band] >= 8 ? value >> (bits[band] - 8) : value * WHITE / ((1 << bits[band]) - 1);
    }

    /** value * factor / 255, rounded. */
    private static int scaled(int value, int factor) {
        return (value * factor + WHITE / 2) / WHITE;
    }
}
