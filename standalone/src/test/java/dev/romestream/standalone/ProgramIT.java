package dev.romestream.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program as a shell starts it: what depends on the process it runs in. */
class ProgramIT {
    private static final String LINE =
            "2024-11-02 10:00:00,123 - INFO - %s attack on BACON: final acc is:  target_attack: 44.95 +- 0.00, attack time is"
                    + " 2.50; non_target_attack: 24.51 +- 0.00, attack time is 3.12, dataset: CIFAR10, IPC: 1, model: ConvNet\n";

    @TempDir
    private Path directory;

    private record Ended(int code, String out, String error) {}

    private Ended run(List<String> jvm, Map<String, String> environment, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java", "-Xmx512m"));
        command.add("-XX:TieredStopAtLevel=1");
        command.addAll(jvm);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "dev.romestream.standalone.RomeMain"));
        command.addAll(List.of(arguments));
        return shell(environment, command.toArray(String[]::new));
    }

    private Ended shell(Map<String, String> environment, String... command) throws Exception {
        Path out = directory.resolve("out");
        Path error = directory.resolve("error");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(error.toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        return new Ended(process.exitValue(), Files.readString(out), Files.readString(error));
    }

    private Path log() throws IOException {
        return Files.writeString(
                directory.resolve("log"), LINE.formatted("Clean") + LINE.formatted("FGSM") + LINE.formatted("PGD"));
    }

    @Test
    void numbersAreTheSameInEveryLocale() throws Exception {
        String log = log().toString();
        Ended plain = run(List.of(), Map.of(), "score", log);
        assertThat(plain.out()).contains("24.51");
        for (String language : List.of("ar-EG", "de-DE", "fa-IR")) {
            String[] parts = language.split("-");
            Ended other =
                    run(List.of("-Duser.language=" + parts[0], "-Duser.country=" + parts[1]), Map.of(), "score", log);
            assertThat(other).as(language).isEqualTo(plain);
        }
    }

    @Test
    void aPipeThatNobodyReadsEndsTheProgram() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "skipped: there is no bash");
        String program = System.getProperty("java.home") + "/bin/java -cp '" + System.getProperty("java.class.path")
                + "' dev.romestream.standalone.RomeMain score '" + log() + "'";
        Ended ended = shell(Map.of(), "/bin/bash", "-c", program + " | true; exit ${PIPESTATUS[0]}");
        assertThat(ended.code()).as("as of a program that SIGPIPE ends").isEqualTo(141);
        assertThat(ended.error()).isEmpty();
    }

    @Test
    void aFullDiskUnderStandardOutputIsTold() throws Exception {
        assumeTrue(Files.exists(Path.of("/dev/full")), "skipped: there is no /dev/full");
        Ended ended = shell(
                Map.of(),
                "/bin/sh",
                "-c",
                System.getProperty("java.home") + "/bin/java -cp '" + System.getProperty("java.class.path")
                        + "' dev.romestream.standalone.RomeMain score '" + log() + "' > /dev/full");
        assertThat(ended.code()).isEqualTo(1);
        assertThat(ended.error()).contains("Standard output cannot be written: No space left on device");
    }

    @Test
    void argumentsThatTheLocaleCannotReadAreToldOf() throws Exception {
        Ended ended = shell(
                Map.of("LC_ALL", "POSIX"),
                "/bin/sh",
                "-c",
                System.getProperty("java.home") + "/bin/java -cp '" + System.getProperty("java.class.path")
                        + "' dev.romestream.standalone.RomeMain score \"$(printf 'w\\303\\266rter')\"");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.error()).contains("start it with LC_ALL=C.UTF-8").hasLineCount(1);
    }

    @Test
    void aPortThatIsTakenIsToldInALine() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Ended ended = run(List.of(), Map.of(), "up", "--port", Integer.toString(taken.getLocalPort()));
            assertThat(ended.code()).isEqualTo(1);
            assertThat(ended.error().lines())
                    .containsExactly(
                            "Starting broker, schema registry and services ...",
                            "rome: The embedded broker cannot listen on port " + taken.getLocalPort()
                                    + ": Address already in use. End what listens there, or choose another port.");
        }
    }

    @Test
    void withoutBrokersACommandEndsWithALine() throws Exception {
        Path file = Files.write(directory.resolve("tiny.yaml"), TestExperiment.FILE.getBytes(StandardCharsets.UTF_8));
        long start = System.nanoTime();
        Ended ended = run(List.of(), Map.of(), "submit", file.toString(), "--bootstrap-server", "localhost:1");
        assertThat(ended.code()).isEqualTo(1);
        assertThat(ended.error())
                .contains("The brokers at localhost:1 do not answer")
                .hasLineCount(1);
        assertThat(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start)).isLessThan(45);
    }
}
