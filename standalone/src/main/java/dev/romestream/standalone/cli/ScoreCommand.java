package dev.romestream.standalone.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.romestream.schemas.Mode;
import dev.romestream.standalone.score.EvaluationLog;
import dev.romestream.standalone.score.Score;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rome score LOG...}. */
@Command(
        name = "score",
        description =
                "Computes RR, I-RR, I-RR+, AE, CREI and I-CREI of published evaluation logs (BEARD format), for each"
                        + " log and pooled.",
        mixinStandardHelpOptions = true)
final class ScoreCommand implements Runnable {
    private static final List<String> FORMULAS = List.of("rr", "irr", "irr+");

    @Parameters(paramLabel = "LOG", arity = "1..*", description = "Evaluation logs.")
    private List<Path> files;

    @Option(names = "--formula", paramLabel = "NAME", description = "Only this ratio: rr, irr or irr+.")
    private String formula;

    @Option(
            names = "--compat",
            description = "RR is 0, as in the benchmark's code, where no attack lowers the accuracy.")
    private boolean compat;

    @Option(names = "--json", description = "Print an array of JSON objects instead of a table.")
    private boolean json;

    private static final Map<String, Function<Score, Optional<Double>>> COLUMNS = new LinkedHashMap<>();

    static {
        COLUMNS.put("rr", score -> score.ratios().rr());
        COLUMNS.put("irr", score -> score.ratios().irr());
        COLUMNS.put("irr+", score -> score.ratios().irrPlus());
        COLUMNS.put("ae", score -> score.ratios().ae());
        COLUMNS.put("crei", score -> score.ratios().crei());
        COLUMNS.put("icrei", score -> score.ratios().icrei());
    }

    @Override
    public void run() {
        if (formula != null && !FORMULAS.contains(formula)) {
            throw new UsageException("--formula is '" + formula + "'; known are " + String.join(", ", FORMULAS) + ".");
        }
        List<Score> scores = scores();
        if (compat) {
            scores = scores.stream().map(Score::compatible).toList();
        }
        if (json) {
            printJson(scores);
        } else {
            printTable(scores);
        }
    }

    private List<Score> scores() {
        List<EvaluationLog> all = new ArrayList<>();
        List<Score> scores = new ArrayList<>();
        for (Path file : files) {
            for (EvaluationLog log : read(file)) {
                String name = file.getFileName() + ", " + log.method() + ", IPC " + log.imagesPerClass();
                for (Mode mode : Mode.values()) {
                    scores.add(Score.of(name, log, mode));
                }
                all.add(log);
            }
        }
        if (all.size() > 1) {
            for (Mode mode : Mode.values()) {
                scores.add(Score.pooled("pooled over " + all.size(), all, mode));
            }
        }
        return scores;
    }

    private static List<EvaluationLog> read(Path file) {
        try {
            return EvaluationLog.parse(file.toString(), Files.readAllLines(file));
        } catch (IllegalArgumentException e) {
            throw new FailureException(e.getMessage());
        } catch (NoSuchFileException e) {
            throw new FailureException("There is no file " + file + ".");
        } catch (MalformedInputException e) {
            throw new FailureException(file + " is not text in UTF-8.");
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private List<String> columns() {
        return formula == null ? List.copyOf(COLUMNS.keySet()) : List.of(formula);
    }

    private void printTable(List<Score> scores) {
        int width =
                scores.stream().mapToInt(score -> score.name().length()).max().orElse(0);
        StringBuilder header =
                new StringBuilder(("%-" + width + "s  %-10s  %7s  %6s").formatted("", "mode", "attacks", "clean"));
        columns().forEach(column -> header.append("%8s".formatted(column)));
        System.out.println(header);
        for (Score score : scores) {
            StringBuilder row = new StringBuilder(("%-" + width + "s  %-10s  %7d  %6.2f")
                    .formatted(score.name(), word(score.mode()), score.attacks(), score.clean()));
            columns()
                    .forEach(column -> row.append(COLUMNS.get(column)
                            .apply(score)
                            .map(value -> "%8.2f".formatted(value))
                            .orElse("%8s".formatted("-"))));
            System.out.println(row);
        }
    }

    private void printJson(List<Score> scores) {
        List<Map<String, Object>> objects = new ArrayList<>();
        for (Score score : scores) {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("name", score.name());
            object.put("mode", word(score.mode()));
            object.put("attacks", score.attacks());
            object.put("clean", score.clean());
            columns()
                    .forEach(column -> object.put(
                            column.equals("irr+") ? "irrPlus" : column,
                            COLUMNS.get(column).apply(score).orElse(null)));
            object.put("undefined", score.ratios().undefined());
            objects.add(object);
        }
        try {
            System.out.println(
                    new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(objects));
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String word(Mode mode) {
        return mode.name().toLowerCase(Locale.ROOT);
    }
}
