package dev.romestream.standalone.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a terminal shows, by the commands that are sent to it. */
class LiveLinesTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream terminal = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    private LiveLines lines(int width, int height) {
        return new LiveLines(terminal, width, height, true);
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
                i = sent.charAt(end) == '?' ? end + 2 : end;
            } else {
                screen.append(sent.charAt(i));
            }
        }
        return screen.toString();
    }

    @Test
    void whatIsPrintedStandsAboveTheLines() {
        LiveLines lines = lines(80, 24);
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
        LiveLines lines = lines(80, 24);
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
        LiveLines lines = lines(30, 24);
        lines.draw(List.of(lines.bar(0.5) + " distilling with rome"));
        assertThat(screen()).isEqualTo("[##########..........] dis...\n");
        assertThat(bytes.toString(StandardCharsets.UTF_8)).contains("\u001b[32m##########\u001b[0m");
    }

    @Test
    void aColourEndsWithALineThatIsCut() {
        LiveLines lines = lines(20, 24);
        lines.draw(List.of(lines.in(LiveLines.Colour.RED, "much too long for a narrow terminal")));
        assertThat(screen()).isEqualTo("much too long fo...\n");
        assertThat(bytes.toString(StandardCharsets.UTF_8)).contains("fo\u001b[0m...");
    }

    @Test
    void thereAreNoMoreLinesThanRows() {
        LiveLines lines = lines(80, 5);
        lines.draw(List.of("a", "b", "c", "d", "e"));
        assertThat(screen()).isEqualTo("a\nb\nand 3 more\n");
        lines.draw(List.of("a", "b", "c"));
        assertThat(screen()).isEqualTo("a\nb\nc\n");
    }

    @Test
    void withoutColoursThereAreNone() {
        LiveLines lines = new LiveLines(terminal, 80, 24, false);
        assertThat(lines.bar(1)).isEqualTo("[####################]");
        assertThat(lines.in(LiveLines.Colour.RED, "failed")).isEqualTo("failed");
    }
}
