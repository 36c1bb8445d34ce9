package dev.romestream.standalone.cli;

import dev.romestream.client.experiment.ExperimentException;
import dev.romestream.messaging.service.Version;
import java.util.stream.Stream;
import org.apache.kafka.common.config.ConfigException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line: 0 on success, 2 on wrong usage, 1 on failure, with one line on standard error. */
@Command(
        name = "rome",
        version = "rome " + Version.NUMBER,
        mixinStandardHelpOptions = true,
        description = "Robust dataset distillation and its evaluation, as an event-driven pipeline on Kafka.",
        subcommands = {
            DemoCommand.class,
            RunCommand.class,
            BenchmarkCommand.class,
            UpCommand.class,
            SubmitCommand.class,
            ListCommand.class,
            StatusCommand.class,
            WatchCommand.class,
            StopCommand.class,
            DeleteCommand.class,
            ExportCommand.class,
            ReportCommand.class,
            EvaluateCommand.class,
            EvaluateSetCommand.class,
            MonitorCommand.class,
            StreamCommand.class,
            ScoreCommand.class,
            DeadLettersCommand.class,
            TopicsCommand.class,
            CompletionCommand.class
        })
public final class RomeCommand implements Runnable {
    private static final Logger log = LoggerFactory.getLogger(RomeCommand.class);
    private static final int FAILURE = 1;
    private static final int USAGE = 2;
    private static final int GATE = 3;
    /** What stands for a letter that is none in the locale of the process. */
    private static final char UNREADABLE = '\uFFFD';

    private RomeCommand() {}

    /** The command with all its subcommands. */
    static CommandLine line() {
        return new CommandLine(new RomeCommand());
    }

    /** Runs a command line and returns the exit code. */
    public static int execute(String... args) {
        CommandLine line = line();
        line.setExecutionExceptionHandler((exception, command, result) -> {
            log.debug("The command failed", exception);
            Printable.error(message(exception));
            return exception instanceof GateException ? GATE : isUsage(exception) ? USAGE : FAILURE;
        });
        line.setParameterExceptionHandler((exception, arguments) -> {
            Printable.error(exception.getMessage() + suggestion(exception) + " (see rome "
                    + (exception.getCommandLine().getCommandName().equals("rome")
                            ? ""
                            : exception.getCommandLine().getCommandName() + " ")
                    + "--help)");
            return USAGE;
        });
        if (Stream.of(args).anyMatch(arg -> arg.indexOf(UNREADABLE) >= 0)) {
            Printable.error("An argument has letters that cannot be read in the locale of this process ("
                    + System.getProperty("sun.jnu.encoding") + "); start it with LC_ALL=C.UTF-8.");
            return USAGE;
        }
        return line.execute(args);
    }

    private static String suggestion(ParameterException exception) {
        return exception instanceof UnmatchedArgumentException unmatched
                        && !unmatched.getSuggestions().isEmpty()
                ? "; did you mean '" + unmatched.getSuggestions().get(0) + "'?"
                : "";
    }

    private static boolean isUsage(Exception exception) {
        return exception instanceof UsageException
                || exception instanceof ConfigException
                || exception instanceof ExperimentException;
    }

    private static String message(Exception exception) {
        return exception.getMessage() == null ? exception.toString() : exception.getMessage();
    }

    @Override
    public void run() {
        CommandLine.usage(this, System.out);
    }
}
