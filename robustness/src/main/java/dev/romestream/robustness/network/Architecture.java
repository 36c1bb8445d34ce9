package dev.romestream.robustness.network;

/**
 * A network without its parameters. The only name so far is {@value #CONVNET}: depth blocks of convolution 3x3, instance norm,
 * ReLU and average pooling 2, then linear.
 */
public record Architecture(String name, int width, int depth) {
    public static final String CONVNET = "convnet";

    public Architecture {
        if (!name.equals(CONVNET)) {
            throw new IllegalArgumentException("Unknown architecture '" + name + "'; known is " + CONVNET + ".");
        }
        if (width < 1 || depth < 1) {
            throw new IllegalArgumentException("A " + name + " of width " + width + " and depth " + depth
                    + " is not possible; both must be at least 1.");
        }
    }

    /** Values of the embedding of an image. */
    public int features(ImageShape input) {
        int height = input.height() >> depth;
        int columns = input.width() >> depth;
        if (height < 1 || columns < 1) {
            throw new IllegalArgumentException("A " + name + " of depth " + depth + " halves an image of "
                    + input.height() + " x " + input.width() + " pixels to nothing; use a smaller depth.");
        }
        return width * height * columns;
    }
}
