package dev.romestream.standalone.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Lines at the end of a terminal that are drawn again in place: whatever else is printed stands above them. There are none where standard
 * error is no terminal, nor where {@code TERM} is {@code dumb}.
 */
public final class LiveLines {
    private static final String ESCAPE = "\u001b[";
    private static final String PLAIN = ESCAPE + "0m";
    private static final Pattern COLOUR = Pattern.compile("\u001b\\[[0-9]*m");
    private static final Pattern SIZE = Pattern.compile("([0-9]{1,5}) ([0-9]{1,5})");
    private static final int LEAST_WIDTH = 20;
    private static final int LEAST_HEIGHT = 4;
    private static final int BAR = 20;
    private static final String ELLIPSIS = "...";

    private static volatile Optional<LiveLines> installed = Optional.empty();

    private final PrintStream terminal;
    private final int width;
    private final int height;
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

    /**
     * Lines of a terminal.
     *
     * @param width in columns
     * @param height in rows
     */
    LiveLines(PrintStream terminal, int width, int height, boolean coloured) {
        this.terminal = terminal;
        this.width = Math.max(LEAST_WIDTH, width);
        this.height = Math.max(LEAST_HEIGHT, height);
        this.coloured = coloured;
    }

    /**
     * Draws to the standard error of a terminal from now on; {@code System.out} and {@code System.err} print above.
     *
     * @param size rows and columns of the terminal that standard error is, with a space between; empty where it is none
     * @param environment with TERM and NO_COLOR
     */
    public static void install(String size, Map<String, String> environment) {
        Matcher known = SIZE.matcher(size.strip());
        if (!known.matches() || environment.getOrDefault("TERM", "dumb").equals("dumb")) {
            return;
        }
        Charset charset = Optional.ofNullable(System.console())
                .map(console -> console.charset())
                .orElse(StandardCharsets.UTF_8);
        LiveLines lines = new LiveLines(
                new PrintStream(new FileOutputStream(FileDescriptor.err), true, charset),
                Integer.parseInt(known.group(2)),
                Integer.parseInt(known.group(1)),
                environment.getOrDefault("NO_COLOR", "").isEmpty());
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

    /** Draws these lines in place of those before, as many as there is room for; not in the middle of somebody's line. */
    synchronized void draw(List<String> lines) {
        erase();
        if (!inLine && !lines.isEmpty()) {
            int most = height - 2;
            List<String> shown = new ArrayList<>(lines.subList(0, Math.min(lines.size(), most)));
            if (lines.size() > most) {
                shown.set(most - 1, "and " + (lines.size() - most + 1) + " more");
            }
            // a line that is too long all the same is not wrapped
            terminal.print(ESCAPE + "?7l");
            shown.forEach(line -> terminal.print(cut(line) + "\n"));
            terminal.print(ESCAPE + "?7h");
            terminal.flush();
            drawn = shown.size();
        }
    }

    /** Ends in an ellipsis where there was more; colours take no room, and end with it. */
    private String cut(String line) {
        String plain = COLOUR.matcher(line).replaceAll("");
        if (plain.length() < width) {
            return line;
        }
        int room = width - 1 - ELLIPSIS.length();
        StringBuilder kept = new StringBuilder();
        Matcher colour = COLOUR.matcher(line);
        int seen = 0;
        int at = 0;
        while (seen < room) {
            if (colour.region(at, line.length()).lookingAt()) {
                kept.append(colour.group());
                at = colour.end();
            } else {
                kept.append(line.charAt(at++));
                seen++;
            }
        }
        return kept + (line.equals(plain) ? "" : PLAIN) + ELLIPSIS;
    }

    /** A text in a colour, where colours are wanted. */
    String in(Colour colour, String text) {
        return coloured ? ESCAPE + colour.code + "m" + text + PLAIN : text;
    }

    /** @param share from 0 to 1 */
    String bar(double share) {
        int full = (int) Math.floor(BAR * Math.max(0, Math.min(1, share)));
        return "[" + in(Colour.GREEN, "#".repeat(full)) + ".".repeat(BAR - full) + "]";
    }
}
