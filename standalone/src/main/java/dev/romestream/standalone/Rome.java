package dev.romestream.standalone;

import dev.romestream.standalone.cli.RomeCommand;

/** The {@code rome} program. */
public final class Rome {
    private Rome() {}

    public static void main(String[] args) {
        System.exit(RomeCommand.execute(args));
    }
}
