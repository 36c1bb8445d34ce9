package dev.romestream.standalone.cli;

import java.util.stream.Collectors;

/** Text from records, made fit for a terminal. */
final class Printable {
    private Printable() {}

    /** One line, without control characters and those that change the direction of others. */
    static String line(String text) {
        return text.codePoints()
                .map(point -> isHarmless(point) ? point : ' ')
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    /** As {@link #line}, of each of several lines. */
    static String lines(String text) {
        return text.lines().map(line -> line(line) + "\n").collect(Collectors.joining());
    }

    /** Prints what went wrong. */
    static void error(String message) {
        String text = "rome: " + lines(message).stripTrailing();
        System.err.println(LiveLines.installed()
                .map(live -> live.in(LiveLines.Colour.RED, text))
                .orElse(text));
    }

    private static boolean isHarmless(int point) {
        return !Character.isISOControl(point) && Character.getType(point) != Character.FORMAT;
    }
}
