package dev.romestream.standalone.cli;

import java.awt.Desktop;
import java.awt.GraphicsEnvironment;
import java.io.IOException;
import java.net.URI;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Option;

/** Options of the commands that have a dashboard. */
final class DashboardOptions {
    private static final long OPENING_SECONDS = 3;

    @Option(names = "--open", description = "Open the dashboard in the browser.")
    private boolean open;

    /** Opens the dashboard, if that was asked for. */
    void open(String url) {
        if (open && !isOpened(url)) {
            System.err.println("No browser could be opened from here; the address above is to be opened by hand.");
        }
    }

    private static boolean isOpened(String url) {
        try {
            if (!GraphicsEnvironment.isHeadless() && Desktop.isDesktopSupported()) {
                Desktop.getDesktop().browse(URI.create(url));
                return true;
            }
            String program = System.getProperty("os.name").startsWith("Mac") ? "open" : "xdg-open";
            Process opening = new ProcessBuilder(program, url)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            // without a desktop it is the browser itself, and stays
            return !opening.waitFor(OPENING_SECONDS, TimeUnit.SECONDS) || opening.exitValue() == 0;
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
