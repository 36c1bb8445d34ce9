package dev.romestream.standalone.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/** JVMs by name: started, killed and started again. */
public final class Programs implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofMinutes(3);

    private static final Pattern ADDRESS = Pattern.compile("metrics at (http://[0-9.]+:[0-9]+)");

    private final Path directory;
    private final Map<String, Path> logs = new LinkedHashMap<>();
    private final Map<String, List<String>> commands = new LinkedHashMap<>();
    private final Map<String, Process> running = new LinkedHashMap<>();
    private int starts;

    public Programs(Path directory) {
        this.directory = directory;
    }

    private static List<String> java(String heap, String main, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                System.getProperty("java.home") + "/bin/java",
                "-Xmx" + heap,
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-DOPT_OUT_TRACKING=true",
                "-cp",
                System.getProperty("java.class.path"),
                main));
        command.addAll(List.of(arguments));
        return command;
    }

    /** Starts a program under a name. */
    public void start(String name, String heap, String main, String... arguments) {
        commands.put(name, java(heap, main, arguments));
        restart(name);
    }

    /** Starts the program of this name, which is not running. */
    public void restart(String name) {
        starts++;
        logs.put(name, directory.resolve(name + "-" + starts + ".log"));
        try {
            Process process = new ProcessBuilder(commands.get(name))
                    .redirectErrorStream(true)
                    .redirectOutput(log(name).toFile())
                    .start();
            running.put(name, process);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path log(String name) {
        return logs.get(name);
    }

    /** What the program has logged since it was started last. */
    public String logText(String name) throws IOException {
        return Files.readString(log(name));
    }

    /** Waits until the program, as it was started last of all, says that it is ready. */
    public void awaitReady(String name) {
        Path log = log(name);
        Awaitility.await(name).atMost(START_LIMIT).until(() -> Files.readString(log)
                .contains("ready"));
    }

    /** Waits until all programs say so. */
    public void awaitAllReady() {
        Awaitility.await("all programs").atMost(START_LIMIT).until(() -> {
            try (var logs = Files.list(directory)) {
                long ready = logs.filter(file -> file.toString().endsWith(".log"))
                        .filter(Programs::isReady)
                        .count();
                return ready >= starts;
            }
        });
    }

    private static boolean isReady(Path log) {
        try {
            return Files.readString(log).contains("ready");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The sum of a metric over its labels, from the program's endpoint; 0 where it has none. */
    public double metric(String name, String metric) {
        try {
            Matcher address = ADDRESS.matcher(Files.readString(log(name)));
            if (!address.find()) {
                return 0;
            }
            HttpRequest request = HttpRequest.newBuilder(URI.create(address.group(1) + "/metrics"))
                    .build();
            return HttpClient.newHttpClient()
                    .send(request, HttpResponse.BodyHandlers.ofLines())
                    .body()
                    .filter(line -> line.startsWith(metric + " ") || line.startsWith(metric + "{"))
                    .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                    .sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    /** The name of the program with this process id. */
    Optional<String> withPid(long pid) {
        return running.entrySet().stream()
                .filter(entry -> entry.getValue().pid() == pid)
                .map(Map.Entry::getKey)
                .findFirst();
    }

    /** As {@code kill -9}. */
    public void kill(String name) {
        Process process = running.get(name);
        process.destroyForcibly();
        try {
            process.waitFor(30, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Names of programs that ended without having been killed. */
    public List<String> dead() {
        return running.entrySet().stream()
                .filter(entry -> !entry.getValue().isAlive())
                .map(Map.Entry::getKey)
                .toList();
    }

    /** Resident memory of all, in MiB, from /proc. */
    Map<String, Long> residentMiB() {
        Map<String, Long> resident = new LinkedHashMap<>();
        running.forEach((name, process) -> {
            try {
                String[] numbers = Files.readString(Path.of("/proc/" + process.pid() + "/statm"))
                        .split(" ");
                resident.put(name, Long.parseLong(numbers[1]) * 4096 / (1 << 20));
            } catch (IOException e) {
                resident.put(name, -1L);
            }
        });
        return resident;
    }

    @Override
    public void close() {
        running.values().forEach(Process::destroyForcibly);
    }
}
