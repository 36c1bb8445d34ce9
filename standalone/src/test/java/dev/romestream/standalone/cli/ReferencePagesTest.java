package dev.romestream.standalone.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.messaging.config.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The parts of the reference pages that follow from the code stand below a mark, as they follow from it. With
 * {@code -Drome.test.write.pages=true} they are written there.
 */
class ReferencePagesTest {
    private static final Path DOCS = Path.of("../docs");
    private static final int LITERAL = 8;
    /** What differs from time to time in a message. */
    private static final String VARIABLE =
            "…|TOPIC|ID|9092|gpu:0|0 GPUs|401|OutOfMemoryError|Timed out|the cluster:|the brokers:";

    private static final String MARK = "<!-- From here on as the code has it: ReferencePagesTest writes it. -->\n\n";

    private static void assertPage(String name, String expected) throws IOException {
        Path page = DOCS.resolve(name);
        String text = Files.readString(page);
        int begin = text.indexOf(MARK) + MARK.length();
        assertThat(text).contains(MARK);
        if (Boolean.getBoolean("rome.test.write.pages")) {
            Files.writeString(page, text.substring(0, begin) + expected);
        }
        assertThat(Files.readString(page).substring(begin)).isEqualTo(expected);
    }

    private static String cell(String text) {
        return text.replace("|", "\\|").replace("\n", " ");
    }

    @Test
    void everySettingIsOnItsPage() throws IOException {
        String rows = Settings.all().stream()
                .map(setting -> "| `%s` | %s | %s |\n"
                        .formatted(
                                setting.name(),
                                setting.otherwise().isEmpty() ? "" : "`" + setting.otherwise() + "`",
                                cell(setting.documentation())))
                .collect(Collectors.joining());
        assertPage("configuration.md", "| setting | default | |\n|---|---|---|\n" + rows);
    }

    @Test
    void everyCommandAndOptionIsOnItsPage() throws IOException {
        String commands = commands(RomeCommand.line())
                .map(line -> section(line.getCommandSpec()))
                .collect(Collectors.joining("\n"));
        assertPage("command-line.md", commands);
    }

    /** Those of a command, and theirs. */
    private static Stream<CommandLine> commands(CommandLine line) {
        return line.getSubcommands().values().stream().flatMap(one -> Stream.concat(Stream.of(one), commands(one)));
    }

    private static String section(CommandSpec command) {
        String rows = Stream.concat(
                        command.positionalParameters().stream()
                                .map(parameter -> row("`" + parameter.paramLabel() + "`", parameter)),
                        command.options().stream()
                                .filter(option -> !option.usageHelp() && !option.versionHelp())
                                .map(option -> row(names(option), option)))
                .collect(Collectors.joining());
        return "## " + command.qualifiedName() + "\n\n"
                + text(command.usageMessage().description()) + "\n"
                + (rows.isEmpty() ? "" : "\n| | |\n|---|---|\n" + rows);
    }

    private static String names(OptionSpec option) {
        String value = option.arity().max() == 0 ? "" : " " + option.paramLabel();
        return List.of(option.names()).stream()
                .map(name -> "`" + name + value + "`")
                .collect(Collectors.joining(", "));
    }

    private static String row(String name, ArgSpec argument) {
        String otherwise = argument.defaultValue() == null ? "" : " [" + argument.defaultValue() + "]";
        return "| " + cell(name) + " | "
                + cell(text(argument.description())
                        .replace("${DEFAULT-VALUE}", String.valueOf(argument.defaultValue())))
                + (text(argument.description()).contains("${DEFAULT-VALUE}") ? "" : otherwise) + " |\n";
    }

    private static String text(String[] lines) {
        return String.join(" ", lines).replace("%n", " ").replace("%%", "%").strip();
    }

    /** Of each message that a table begins with, every part of some length stands in the sources. */
    @Test
    void everyMessageOfTheTroubleshootingPageIsOneThatAProgramSays() throws IOException {
        String sources = sources();
        List<String> messages = Files.readAllLines(DOCS.resolve("troubleshooting.md")).stream()
                .filter(line -> line.startsWith("| `"))
                .map(line -> line.substring(1, line.indexOf(" | ")))
                .flatMap(cell -> Pattern.compile("`([^`]+)`").matcher(cell).results())
                .map(found -> found.group(1))
                .toList();
        assertThat(messages).hasSizeGreaterThan(25);
        List<String> unsaid = messages.stream()
                .flatMap(message -> Stream.of(message.split(VARIABLE)))
                .map(part -> part.replaceAll("^[^A-Za-z]+|[^A-Za-z']+$", ""))
                .filter(literal -> literal.length() >= LITERAL && !sources.contains(literal))
                .toList();
        assertThat(unsaid).isEmpty();
    }

    /** Sources without the seams of their strings. */
    private static String sources() throws IOException {
        StringBuilder all = new StringBuilder(Files.readString(Path.of("../rome")));
        try (Stream<Path> files = Files.walk(Path.of(".."))) {
            for (Path file : files.filter(path -> path.toString().matches(".*/src/main/.*\\.(java|js)"))
                    .toList()) {
                all.append(Files.readString(file).replaceAll("\"\\s*\\+\\s*\"", ""));
            }
        }
        return all.toString();
    }
}
