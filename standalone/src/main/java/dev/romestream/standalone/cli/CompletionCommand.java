package dev.romestream.standalone.cli;

import picocli.AutoComplete;
import picocli.CommandLine.Command;

/** {@code rome completion}. */
@Command(
        name = "completion",
        description =
                "Prints a script that completes commands and options in bash and zsh: source <(./rome completion)",
        mixinStandardHelpOptions = true)
final class CompletionCommand implements Runnable {
    @Override
    public void run() {
        System.out.print(AutoComplete.bash("rome", RomeCommand.line()));
    }
}
