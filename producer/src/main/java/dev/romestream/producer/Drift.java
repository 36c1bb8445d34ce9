package dev.romestream.producer;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * From which image on a stream is another one.
 *
 * @param corruption of the images; empty for {@value #CLASSES}: images of the second half of the classes give way to others of the first
 * @param severity 1 to 5; 0 ends it
 * @param from number of the first image, from 0
 */
public record Drift(Optional<Corruption> corruption, int severity, long from) {
    private static final String CLASSES = "classes";
    private static final Pattern FORM = Pattern.compile("([a-z]+)(?::([0-5]))?(?:@([0-9]{1,15}))?");
    private static final int USUAL = 3;

    /**
     * Reads {@code KIND[:SEVERITY][@IMAGE]}.
     *
     * @throws IllegalArgumentException naming what is allowed
     */
    public static Drift parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (matcher.matches()) {
            String kind = matcher.group(1);
            Optional<Corruption> corruption = Arrays.stream(Corruption.values())
                    .filter(known -> name(known).equals(kind))
                    .findFirst();
            if (corruption.isPresent() || kind.equals(CLASSES)) {
                return new Drift(
                        corruption,
                        matcher.group(2) == null ? USUAL : Integer.parseInt(matcher.group(2)),
                        matcher.group(3) == null ? 0 : Long.parseLong(matcher.group(3)));
            }
        }
        throw new IllegalArgumentException(
                "'" + text + "' is no drift; needed is KIND[:SEVERITY][@IMAGE] with a kind of " + kinds()
                        + ", a severity from 0 to " + Corruption.MOST + " and the first image's number.");
    }

    /** The kinds that there are, with commas between. */
    public static String kinds() {
        return Arrays.stream(Corruption.values()).map(Drift::name).collect(Collectors.joining(", ")) + ", " + CLASSES;
    }

    private static String name(Corruption corruption) {
        return corruption.name().toLowerCase(Locale.ROOT);
    }

    /** Which it is. */
    String kind() {
        return corruption.map(Drift::name).orElse(CLASSES);
    }

    @Override
    public String toString() {
        return kind() + ":" + severity + "@" + from;
    }
}
