package dev.romestream.standalone.cli;

/** Text from records, made fit for a terminal. */
final class Printable {
    private Printable() {}

    /** One line, without control characters. */
    static String line(String text) {
        return text.codePoints()
                .map(point -> Character.isISOControl(point) ? ' ' : point)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
