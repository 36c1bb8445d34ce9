package dev.romestream.standalone;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;

/**
 * Standard output that ends the program where it cannot be written any more: quietly where nobody reads it, as in
 * {@code rome watch --json | head}.
 */
final class ClosedPipe extends OutputStream {
    /** As of a program that SIGPIPE ends, which Java ignores. */
    private static final int UNREAD = 128 + 13;

    private static final int FAILURE = 1;

    private static volatile int code;

    private final OutputStream out = new FileOutputStream(FileDescriptor.out);

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
        if (code != 0) {
            return;
        }
        try {
            out.write(bytes, from, count);
        } catch (IOException e) {
            boolean unread = String.valueOf(e.getMessage()).contains("Broken pipe");
            code = unread ? UNREAD : FAILURE;
            if (!unread) {
                System.err.println("rome: Standard output cannot be written: " + e.getMessage());
            }
            // on another thread: the hooks that end services may wait for this one
            Thread exit = new Thread(() -> System.exit(code), "closed-pipe");
            exit.setDaemon(true);
            exit.start();
        }
    }

    /** The exit code of a program that would end with this one, and whose output is perhaps not all written. */
    static int exitCode(int otherwise) {
        return code == 0 ? otherwise : code;
    }
}
