package dev.romestream.standalone.cli;

import dev.romestream.client.result.DeadLetterBox;
import dev.romestream.messaging.config.RomeConfig;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rome dead-letters}. */
@Command(
        name = "dead-letters",
        description = "Lists records that could not be processed and why; shows them, and replays them after mending.",
        mixinStandardHelpOptions = true,
        subcommands = {DeadLettersCommand.Show.class, DeadLettersCommand.Replay.class})
final class DeadLettersCommand implements Runnable {
    private static final int REASON_CHARACTERS = 140;

    @Option(names = "--topic", paramLabel = "NAME", description = "Only those of this topic, with or without prefix.")
    private String topic;

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "50",
            description = "At most so many, the newest [${DEFAULT-VALUE}].")
    private int limit;

    @Option(names = "--counts", description = "Count them by topic and cause instead.")
    private boolean counts;

    @Mixin
    private ClusterOptions cluster;

    @Override
    public void run() {
        cluster.refuseExperimentKeys();
        if (limit < 1) {
            throw new UsageException("--limit is " + limit + "; give a positive number.");
        }
        RomeConfig config = cluster.existingCluster();
        try (DeadLetterBox box = new DeadLetterBox(config)) {
            List<DeadLetterBox.Letter> letters = box.letters(topic);
            if (counts) {
                letters.stream()
                        .collect(Collectors.groupingBy(
                                letter -> letter.topic() + "  " + letter.cause(), Collectors.counting()))
                        .entrySet()
                        .stream()
                        .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                        .forEach(entry ->
                                System.out.printf("%6d  %s%n", entry.getValue(), Printable.line(entry.getKey())));
                return;
            }
            if (letters.isEmpty()) {
                System.err.println("There are no dead letters.");
            }
            letters.subList(Math.max(0, letters.size() - limit), letters.size()).forEach(DeadLettersCommand::print);
        }
    }

    private static void print(DeadLetterBox.Letter letter) {
        String reason = letter.reason();
        System.out.println(Printable.line("%-8s  %s  %s/%s/%s  %d bytes  %s"
                .formatted(
                        letter.id(),
                        letter.time(),
                        letter.topic(),
                        letter.partition(),
                        letter.offset(),
                        letter.bytes(),
                        reason.length() <= REASON_CHARACTERS
                                ? reason
                                : reason.substring(0, REASON_CHARACTERS) + " ...")));
    }

    /** {@code rome dead-letters show ID}. */
    @Command(
            name = "show",
            description = "Prints a dead letter: where it comes from, why it is dead, and what is in it.",
            mixinStandardHelpOptions = true)
    static final class Show implements Runnable {
        @Parameters(paramLabel = "ID", description = "As the list has it.")
        private String id;

        @Mixin
        private ClusterOptions cluster;

        @Override
        public void run() {
            cluster.refuseExperimentKeys();
            try (DeadLetterBox box = new DeadLetterBox(cluster.existingCluster())) {
                DeadLetterBox.Letter letter = find(box, id);
                print(letter);
                System.out.println("key      " + Printable.line(letter.key()));
                System.out.println("cause    " + Printable.line(letter.cause()));
                System.out.println("reason   " + Printable.line(letter.reason()));
                System.out.println(box.content(letter));
            }
        }
    }

    private static DeadLetterBox.Letter find(DeadLetterBox box, String id) {
        return box.letter(id)
                .orElseThrow(() -> new FailureException(
                        "There is no dead letter '" + id + "'; dead-letters lists those that there are."));
    }

    /** {@code rome dead-letters replay ID...}. */
    @Command(
            name = "replay",
            description = "Writes dead letters to their topics again, as they came: once what kept them from being"
                    + " processed is mended.",
            mixinStandardHelpOptions = true)
    static final class Replay implements Runnable {
        @Parameters(paramLabel = "ID", arity = "1..*", description = "As the list has them.")
        private List<String> ids;

        @Mixin
        private ClusterOptions cluster;

        @Override
        public void run() {
            cluster.refuseExperimentKeys();
            try (DeadLetterBox box = new DeadLetterBox(cluster.existingCluster())) {
                List<DeadLetterBox.Letter> letters =
                        ids.stream().map(id -> find(box, id)).toList();
                letters.forEach(letter -> System.out.println(
                        Printable.line(letter.id() + " is " + box.replay(letter) + " of " + letter.topic() + " now")));
            }
        }
    }
}
