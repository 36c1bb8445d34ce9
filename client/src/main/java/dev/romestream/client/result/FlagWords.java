package dev.romestream.client.result;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;

/** What the flags of figures say, in a sentence each. */
public final class FlagWords {
    private static final Map<String, String> WORDS = read();

    private FlagWords() {}

    private static Map<String, String> read() {
        try (InputStream in = FlagWords.class.getResourceAsStream("/dev/romestream/client/flags.json")) {
            return Map.copyOf(new ObjectMapper().readValue(in, new TypeReference<Map<String, String>>() {}));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** By the flags' names. */
    public static Map<String, String> all() {
        return WORDS;
    }
}
