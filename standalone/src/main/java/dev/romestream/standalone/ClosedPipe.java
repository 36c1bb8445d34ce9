package dev.romestream.standalone;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;

/** Standard output that ends the program where nobody reads it any more, as in {@code rome watch --json | head}. */
final class ClosedPipe extends OutputStream {
    /** As of a program that SIGPIPE ends, which Java ignores. */
    private static final int EXIT = 128 + 13;

    private final OutputStream out = new FileOutputStream(FileDescriptor.out);
    private boolean broken;

    /** In the encoding that standard output has. */
    static PrintStream standardOutput() {
        String encoding = System.getProperty(
                "sun.stdout.encoding", Charset.defaultCharset().name());
        return new PrintStream(new ClosedPipe(), true, Charset.forName(encoding));
    }

    @Override
    public void write(int value) {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int count) {
        if (broken) {
            return;
        }
        try {
            out.write(bytes, from, count);
        } catch (IOException e) {
            broken = true;
            // on another thread: the hooks that end services may wait for this one
            Thread exit = new Thread(() -> System.exit(EXIT), "closed-pipe");
            exit.setDaemon(true);
            exit.start();
        }
    }
}
