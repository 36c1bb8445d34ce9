package dev.romestream.standalone.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Lines at the end of a terminal that are drawn again in place: whatever else is printed stands above them. There are none in a pipe, nor
 * where {@code TERM} is {@code dumb}.
 */
public final class LiveLines {
    private static final String ESCAPE = "\u001b[";
    private static final int USUAL_WIDTH = 80;
    private static final int LEAST_WIDTH = 20;
    private static final int BAR = 20;
    private static final String ELLIPSIS = "...";

    private static volatile Optional<LiveLines> installed = Optional.empty();

    private final PrintStream terminal;
    private final int width;
    private final boolean coloured;
    private int drawn;
    private boolean inLine;

    /** Colours, by their codes. */
    enum Colour {
        GREEN(32),
        YELLOW(33),
        RED(31);

        private final int code;

        Colour(int code) {
            this.code = code;
        }
    }

    /** @param environment with COLUMNS, NO_COLOR and TERM */
    LiveLines(PrintStream terminal, Map<String, String> environment) {
        this.terminal = terminal;
        this.width = width(environment.getOrDefault("COLUMNS", ""));
        this.coloured = environment.getOrDefault("NO_COLOR", "").isEmpty();
    }

    private static int width(String columns) {
        try {
            return Math.max(LEAST_WIDTH, Integer.parseInt(columns.strip()));
        } catch (NumberFormatException e) {
            return USUAL_WIDTH;
        }
    }

    /** Draws to the standard error of a terminal from now on; {@code System.out} and {@code System.err} print above. */
    public static void install(Map<String, String> environment) {
        if (!Terminal.isThere() || environment.getOrDefault("TERM", "dumb").equals("dumb")) {
            return;
        }
        Charset charset = Optional.ofNullable(System.console())
                .map(console -> console.charset())
                .orElse(StandardCharsets.UTF_8);
        LiveLines lines =
                new LiveLines(new PrintStream(new FileOutputStream(FileDescriptor.err), true, charset), environment);
        System.setOut(lines.above(System.out, charset));
        System.setErr(lines.above(System.err, charset));
        installed = Optional.of(lines);
    }

    /** Those of this process's terminal. */
    static Optional<LiveLines> installed() {
        return installed;
    }

    /** A stream whose text stands above the lines. */
    PrintStream above(PrintStream original, Charset charset) {
        OutputStream stream = new OutputStream() {
            @Override
            public void write(int value) {
                write(new byte[] {(byte) value}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int from, int count) {
                synchronized (LiveLines.this) {
                    erase();
                    original.write(bytes, from, count);
                    original.flush();
                    inLine = count > 0 ? bytes[from + count - 1] != '\n' : inLine;
                }
            }

            @Override
            public void flush() throws IOException {
                original.flush();
            }
        };
        return new PrintStream(stream, true, charset);
    }

    private void erase() {
        if (drawn > 0) {
            terminal.print(ESCAPE + drawn + "A" + ESCAPE + "0J");
            terminal.flush();
            drawn = 0;
        }
    }

    /** Draws these lines in place of those before, each cut to the terminal's width; not in the middle of somebody's line. */
    synchronized void draw(List<String> lines) {
        erase();
        if (!inLine) {
            lines.forEach(line -> terminal.print(cut(line) + "\n"));
            terminal.flush();
            drawn = lines.size();
        }
    }

    /** Ends in an ellipsis where there was more; colours take no room. */
    private String cut(String line) {
        StringBuilder kept = new StringBuilder();
        int seen = 0;
        for (int i = 0; i < line.length(); i++) {
            if (line.startsWith(ESCAPE, i)) {
                int end = line.indexOf('m', i);
                kept.append(line, i, end + 1);
                i = end;
            } else if (++seen < width) {
                kept.append(line.charAt(i));
            }
        }
        if (seen >= width) {
            kept.replace(kept.length() - ELLIPSIS.length(), kept.length(), ELLIPSIS);
        }
        return kept.toString();
    }

    /** A text in a colour, where colours are wanted. */
    String in(Colour colour, String text) {
        return coloured ? ESCAPE + colour.code + "m" + text + ESCAPE + "0m" : text;
    }

    /** @param share from 0 to 1 */
    String bar(double share) {
        int full = (int) Math.floor(BAR * Math.max(0, Math.min(1, share)));
        return "[" + in(Colour.GREEN, "#".repeat(full)) + ".".repeat(BAR - full) + "]";
    }
}
