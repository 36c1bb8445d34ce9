package dev.romestream.standalone;

import dev.romestream.standalone.cli.LiveLines;
import dev.romestream.standalone.cli.RomeCommand;
import java.util.Locale;

/** The {@code rome} program. */
public final class RomeMain {
    private RomeMain() {}

    public static void main(String[] args) {
        // figures, tables and files are the same on every machine
        Locale.setDefault(Locale.ROOT);
        System.setOut(ClosedPipe.standardOutput());
        LiveLines.install(System.getProperty("rome.terminal", ""), System.getenv());
        System.exit(ClosedPipe.exitCode(RomeCommand.execute(args)));
    }
}
