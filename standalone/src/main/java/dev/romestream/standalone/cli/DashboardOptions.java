package dev.romestream.standalone.cli;

import java.awt.Desktop;
import java.awt.GraphicsEnvironment;
import java.io.IOException;
import java.net.URI;
import picocli.CommandLine.Option;

/** Options of the commands that have a dashboard. */
final class DashboardOptions {
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
            return new ProcessBuilder(program, url)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
