package dev.romestream.client.result;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import javax.imageio.ImageIO;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Images in a grid, a row a class, as a PNG. */
public final class ContactSheet {
    private static final int GAP = 2;
    private static final int ZOOM = 2;
    private static final int MOST_COLUMNS = 20;

    private ContactSheet() {}

    /** Writes the sheet; closes nothing. */
    public static void write(OutputStream out, SyntheticImages images) throws IOException {
        int classes = 1 + (int) LongStream.of(images.labels()).max().orElse(0);
        int[] counts = new int[classes];
        LongStream.of(images.labels()).forEach(label -> counts[(int) label]++);
        int perClass = IntStream.of(counts).max().orElse(1);
        int[] drawn = new int[classes];
        int columns = Math.min(perClass, MOST_COLUMNS);
        int rowsPerClass = (perClass + columns - 1) / columns;
        int cellWidth = images.width() * ZOOM + GAP;
        int cellHeight = images.height() * ZOOM + GAP;
        BufferedImage sheet = new BufferedImage(
                columns * cellWidth + GAP, classes * rowsPerClass * cellHeight + GAP, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = sheet.createGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
        for (int i = 0; i < images.count(); i++) {
            int label = (int) images.labels()[i];
            int position = drawn[label]++;
            int row = label * rowsPerClass + position / columns;
            graphics.drawImage(
                    image(images, i),
                    position % columns * cellWidth + GAP,
                    row * cellHeight + GAP,
                    images.width() * ZOOM,
                    images.height() * ZOOM,
                    null);
        }
        graphics.dispose();
        // a file as a cache could not be had after a signal
        try (ImageOutputStream png = new MemoryCacheImageOutputStream(out)) {
            ImageIO.write(sheet, "png", png);
        }
    }

    private static BufferedImage image(SyntheticImages images, int index) {
        int size = images.channels() * images.height() * images.width();
        return PixelImage.of(images.pixels(), index * size, images.channels(), images.height(), images.width());
    }
}
