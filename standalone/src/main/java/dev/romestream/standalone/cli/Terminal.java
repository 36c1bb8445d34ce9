package dev.romestream.standalone.cli;

import java.io.Console;

/** Whoever sits before the command. */
final class Terminal {
    private static final int CONSOLE_TELLS = 22;

    private Terminal() {}

    /** From Java 22 on there is a console in a pipe, too, and it tells the two apart. */
    @SuppressWarnings("SystemConsoleNull")
    static boolean isThere() {
        Console console = System.console();
        try {
            return console != null
                    && (Runtime.version().feature() < CONSOLE_TELLS
                            || (boolean) Console.class.getMethod("isTerminal").invoke(console));
        } catch (ReflectiveOperationException e) {
            return false;
        }
    }

    /** What is typed on a line after {@code prompt}; null where nothing comes any more. */
    static String readLine(String prompt) {
        return System.console().readLine("%s", prompt);
    }
}
