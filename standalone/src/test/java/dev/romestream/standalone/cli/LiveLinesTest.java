package dev.romestream.standalone.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a terminal shows, by the commands that are sent to it. */
class LiveLinesTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream terminal = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    private LiveLines lines(Map<String, String> environment) {
        return new LiveLines(terminal, environment);
    }

    /** The screen after all that was sent: a line is written where the cursor is, and what is below it may be wiped. */
    private String screen() {
        StringBuilder screen = new StringBuilder();
        String sent = bytes.toString(StandardCharsets.UTF_8);
        for (int i = 0; i < sent.length(); i++) {
            if (sent.startsWith("\u001b[", i)) {
                int end = i + 2;
                while (Character.isDigit(sent.charAt(end))) {
                    end++;
                }
                if (sent.charAt(end) == 'A') {
                    for (int up = Integer.parseInt(sent.substring(i + 2, end)); up > 0; up--) {
                        screen.setLength(screen.lastIndexOf("\n", screen.length() - 2) + 1);
                    }
                }
                i = end;
            } else {
                screen.append(sent.charAt(i));
            }
        }
        return screen.toString();
    }

    @Test
    void whatIsPrintedStandsAboveTheLines() {
        LiveLines lines = lines(Map.of());
        PrintStream out = lines.above(terminal, StandardCharsets.UTF_8);
        out.println("begun");
        lines.draw(List.of("first 1 %", "second 2 %"));
        out.println("an event");
        lines.draw(List.of("first 50 %"));
        assertThat(screen()).isEqualTo("begun\nan event\nfirst 50 %\n");
        lines.draw(List.of());
        assertThat(screen()).isEqualTo("begun\nan event\n");
    }

    @Test
    void nothingIsDrawnIntoALineThatIsNotWhole() {
        LiveLines lines = lines(Map.of());
        PrintStream out = lines.above(terminal, StandardCharsets.UTF_8);
        out.print("Delete it? ");
        lines.draw(List.of("first 1 %"));
        assertThat(screen()).isEqualTo("Delete it? ");
        out.println("yes");
        lines.draw(List.of("first 2 %"));
        assertThat(screen()).isEqualTo("Delete it? yes\nfirst 2 %\n");
    }

    @Test
    void linesAreCutToTheWidthAndColoursTakeNoRoom() {
        LiveLines lines = lines(Map.of("COLUMNS", "30"));
        lines.draw(List.of(lines.bar(0.5) + " distilling with rome"));
        assertThat(screen()).isEqualTo("[##########..........] dis...\n");
        assertThat(bytes.toString(StandardCharsets.UTF_8)).contains("\u001b[32m##########\u001b[0m");
    }

    @Test
    void withoutColoursThereAreNone() {
        LiveLines lines = lines(Map.of("NO_COLOR", "1", "COLUMNS", "wide"));
        assertThat(lines.bar(1)).isEqualTo("[####################]");
        assertThat(lines.in(LiveLines.Colour.RED, "failed")).isEqualTo("failed");
    }
}
