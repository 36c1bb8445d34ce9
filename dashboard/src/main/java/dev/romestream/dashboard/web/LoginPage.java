package dev.romestream.dashboard.web;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The form that takes the token, as it is served after a wrong one. */
final class LoginPage {
    private static final String MESSAGE = "<!--message-->";
    private static final String NO_PLACE = "name=\"next\" value=\"\"";

    private final String form;

    LoginPage() {
        try (InputStream page = LoginPage.class.getResourceAsStream("/dev/romestream/dashboard/page/login.html")) {
            this.form = new String(page.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("The page login.html cannot be read.", e);
        }
    }

    /** @param place of {@link #place} */
    String refused(String place) {
        return form.replace(MESSAGE, "<p class=\"error\" role=\"alert\">That is not the token.</p>")
                .replace(NO_PLACE, "name=\"next\" value=\"" + place.replace("&", "&amp;") + "\"");
    }

    /** Where in the dashboard a browser wanted to go; nowhere else. */
    static String place(String fragment) {
        return fragment != null && fragment.matches("#/[A-Za-z0-9/?&=%._~,|:+-]*") ? fragment : "";
    }
}
