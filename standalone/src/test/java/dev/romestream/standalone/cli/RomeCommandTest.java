package dev.romestream.standalone.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RomeCommandTest {
    private static String said(boolean error, int code, String... line) {
        PrintStream before = error ? System.err : System.out;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        PrintStream own = new PrintStream(said, true, StandardCharsets.UTF_8);
        if (error) {
            System.setErr(own);
        } else {
            System.setOut(own);
        }
        try {
            assertThat(RomeCommand.execute(line)).isEqualTo(code);
        } finally {
            if (error) {
                System.setErr(before);
            } else {
                System.setOut(before);
            }
        }
        return said.toString(StandardCharsets.UTF_8);
    }

    @Test
    void whatIsNearlyRightIsSuggested() {
        assertThat(said(true, 2, "stpo", "x")).contains("did you mean 'stop'?").contains("(see rome --help)");
        assertThat(said(true, 2, "submit", "--bootstrap-servre", "x", "file"))
                .contains("did you mean '--bootstrap-server");
        assertThat(said(true, 2, "qqqqqqqq")).doesNotContain("did you mean");
    }

    @Test
    void theScriptOfCompletionIsOneThatBashReads(@TempDir Path folder) throws Exception {
        String script = said(false, 0, "completion");
        assertThat(script).contains("status").contains("--bootstrap-server");
        Path file = Files.writeString(folder.resolve("completion"), script);
        Process bash = new ProcessBuilder(
                        "bash",
                        "-c",
                        "source " + file
                                + "; COMP_WORDS=(rome sta); COMP_CWORD=1; _complete_rome; echo ${COMPREPLY[@]}")
                .redirectErrorStream(true)
                .start();
        String answer = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(bash.waitFor()).as(answer).isZero();
        assertThat(answer.strip()).isEqualTo("status");
    }
}
