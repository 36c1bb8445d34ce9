package dev.romestream.messaging.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class LogFormatTest {
    private static String logged(LogFormat format, Runnable work) {
        PrintStream before = System.err;
        PrintStream results = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream other = new ByteArrayOutputStream();
        System.setErr(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setOut(new PrintStream(other, true, StandardCharsets.UTF_8));
        try {
            format.use();
            work.run();
        } finally {
            System.setErr(before);
            System.setOut(results);
        }
        assertThat(other.size()).as("nothing on standard output").isZero();
        return out.toString(StandardCharsets.UTF_8);
    }

    @AfterEach
    void backToText() {
        LogFormat.TEXT.use();
    }

    @Test
    void jsonIsAnObjectALineWhateverIsInIt() throws IOException {
        String line = logged(LogFormat.JSON, () -> LoggerFactory.getLogger(LogFormatTest.class)
                .warn("two\nlines and a \"quote\"", new IllegalStateException("why")));
        assertThat(line.strip().lines()).hasSize(1);
        JsonNode entry = new ObjectMapper().readTree(line);
        assertThat(entry.path("level").asText()).isEqualTo("WARN");
        assertThat(entry.path("message").asText()).isEqualTo("two\nlines and a \"quote\"");
        assertThat(entry.path("@timestamp").asText()).matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d+Z");
        assertThat(entry.path("logger_name").asText()).isEqualTo(LogFormatTest.class.getName());
        assertThat(entry.path("stack_trace").asText()).startsWith("java.lang.IllegalStateException: why");
    }

    @Test
    void textHasIsoTimes() {
        String line = logged(LogFormat.TEXT, () -> LoggerFactory.getLogger(LogFormatTest.class)
                .warn("hello"));
        assertThat(line.strip())
                .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}(Z|[+-].*) WARN +LogFormatTest - hello");
    }

    @Test
    void whatThereIsNotIsRefused() {
        assertThat(LogFormat.of(Map.of())).isEqualTo(LogFormat.TEXT);
        assertThat(LogFormat.of(Map.of("ROME_LOG_FORMAT", "json"))).isEqualTo(LogFormat.JSON);
        assertThatThrownBy(() -> LogFormat.of(Map.of("ROME_LOG_FORMAT", "xml")))
                .hasMessageContaining("'xml'; allowed are text and json");
    }
}
