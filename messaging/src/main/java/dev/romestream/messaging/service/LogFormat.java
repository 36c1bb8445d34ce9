package dev.romestream.messaging.service;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.util.ContextInitializer;
import ch.qos.logback.core.joran.spi.JoranException;
import java.util.Locale;
import java.util.Map;
import org.slf4j.LoggerFactory;

/** How a program writes its log. */
enum LogFormat {
    /** A line for people. */
    TEXT,
    /** An object a line. */
    JSON;

    private static final String VARIABLE = "ROME_LOG_FORMAT";

    /**
     * What the environment says.
     *
     * @throws IllegalArgumentException where it says what there is not
     */
    static LogFormat of(Map<String, String> environment) {
        String name = environment.getOrDefault(VARIABLE, "text");
        for (LogFormat format : values()) {
            if (format.word().equals(name)) {
                return format;
            }
        }
        throw new IllegalArgumentException(VARIABLE + " is '" + name + "'; allowed are text and json.");
    }

    private String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Writes the log so from now on. */
    void use() {
        System.setProperty(VARIABLE, word());
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();
        try {
            new ContextInitializer(context).autoConfig();
        } catch (JoranException e) {
            throw new IllegalStateException("The log cannot be configured: " + e.getMessage(), e);
        }
    }

    @Override
    public String toString() {
        return word();
    }
}
