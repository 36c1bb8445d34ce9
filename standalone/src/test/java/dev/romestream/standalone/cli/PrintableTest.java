package dev.romestream.standalone.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PrintableTest {
    @Test
    void whatWouldCommandATerminalIsTakenOut() {
        assertThat(Printable.line("a\u001b[31mb\u009b0mc\nd\re\u202ef\u0007")).isEqualTo("a [31mb 0mc d e f ");
        assertThat(Printable.lines("one\u001b\ntwo\r\n\u0000three")).isEqualTo("one \ntwo\n three\n");
        assertThat(Printable.line("Überprüfung 模型 \t1")).isEqualTo("Überprüfung 模型  1");
    }
}
