package dev.romestream.client.result;

import java.awt.image.BufferedImage;

/** Pixels in [0,1] as a picture. */
public final class PixelImage {
    private static final int COLOURS = 3;
    private static final int LARGEST = 255;

    private PixelImage() {}

    /**
     * A picture; values beyond [0,1] are cut.
     *
     * @param pixels (C, H, W) from {@code from} on, row-major; of less than three channels, the last one stands for those that lack
     */
    public static BufferedImage of(float[] pixels, int from, int channels, int height, int width) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        int area = height * width;
        for (int pixel = 0; pixel < area; pixel++) {
            int rgb = 0;
            for (int channel = 0; channel < COLOURS; channel++) {
                float value = pixels[from + Math.min(channel, channels - 1) * area + pixel];
                rgb = rgb << 8 | Math.round(LARGEST * Math.max(0, Math.min(1, value)));
            }
            image.setRGB(pixel % width, pixel / width, rgb);
        }
        return image;
    }
}
