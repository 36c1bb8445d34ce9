package dev.romestream.dashboard.web;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import io.javalin.http.Context;
import io.javalin.http.Cookie;
import io.javalin.http.ForbiddenResponse;
import io.javalin.http.HttpStatus;
import io.javalin.http.SameSite;
import io.javalin.http.UnauthorizedResponse;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Set;

/**
 * Who may see and change what: on this machine anybody who reaches it under its own name; elsewhere whoever has the token, or
 * whom a proxy lets through. What changes something comes from the dashboard's own pages, or from no page.
 */
final class Access {
    private static final String COOKIE = "rome-session";
    private static final Duration SESSION = Duration.ofHours(12);
    private static final int MOST_SESSIONS = 10_000;
    private static final int SESSION_BYTES = 32;
    private static final Set<String> LOOPBACK_NAMES = Set.of("localhost", "127.0.0.1", "[::1]");
    private static final Set<String> OPEN = Set.of("/login", "/login.html", "/login.js", "/style.css", "/icon.svg");
    private static final String POLICY =
            "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' blob: data:;"
                    + " connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    private final String token;
    private final boolean proxied;
    private final Set<String> names;
    private final LoginPage page = new LoginPage();
    private final SecureRandom random = new SecureRandom();
    private final Cache<String, Boolean> sessions = Caffeine.newBuilder()
            .maximumSize(MOST_SESSIONS)
            .expireAfterAccess(SESSION)
            .build();

    /** @throws IllegalArgumentException where the dashboard would be open to everybody */
    Access(RomeConfig config) {
        this.token = config.secret(Settings.DASHBOARD_TOKEN);
        this.proxied = config.flag(Settings.DASHBOARD_PROXIED);
        this.names = config.list(Settings.DASHBOARD_NAMES).isEmpty() && token.isEmpty() && !proxied
                ? LOOPBACK_NAMES
                : Set.copyOf(config.list(Settings.DASHBOARD_NAMES));
        if (proxied && names.isEmpty()) {
            throw new IllegalArgumentException(
                    Settings.DASHBOARD_PROXIED + " is true and "
                            + Settings.DASHBOARD_NAMES
                            + " empty: give the names under which the proxy is reached, so that no other page can pass for it.");
        }
        String host = config.string(Settings.DASHBOARD_HOST);
        if (token.isEmpty() && !proxied && !isLoopback(host)) {
            throw new IllegalArgumentException(Settings.DASHBOARD_HOST + " is " + host
                    + ", where others reach it: set " + Settings.DASHBOARD_TOKEN + ", or "
                    + Settings.DASHBOARD_PROXIED
                    + "=true where a proxy says who may see it.");
        }
    }

    private static boolean isLoopback(String host) {
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(Settings.DASHBOARD_HOST + " is " + host + ", which is no address.", e);
        }
    }

    /** Before every request. */
    void check(Context context) {
        context.header("Content-Security-Policy", POLICY);
        context.header("X-Content-Type-Options", "nosniff");
        // a page without a referrer says of its form that it comes from nowhere
        context.header("Referrer-Policy", "same-origin");
        context.header("Cross-Origin-Opener-Policy", "same-origin");
        if (!names.isEmpty() && !names.contains(name(context.host()))) {
            throw new ForbiddenResponse("The dashboard is reached as " + String.join(", ", names) + ", and not as '"
                    + context.host() + "' (dashboard.names).");
        }
        if (isChange(context)) {
            requireOwnPage(context);
        }
        if (!token.isEmpty() && !isOpen(context.path()) && !hasToken(context)) {
            throw new UnauthorizedResponse("The dashboard takes its token: /login, or 'Authorization: Bearer ...'.");
        }
    }

    private static String name(String host) {
        return host == null ? "" : host.replaceFirst(":[0-9]+$", "");
    }

    static boolean isChange(Context context) {
        return !Set.of("GET", "HEAD", "OPTIONS").contains(context.method().name());
    }

    /** Browsers say where a request comes from; what is no browser says nothing. */
    private static void requireOwnPage(Context context) {
        String site = context.header("Sec-Fetch-Site");
        String origin = context.header("Origin");
        boolean foreign = site != null && !site.equals("same-origin") && !site.equals("none");
        boolean elsewhere = origin != null && !Objects.equals(authority(origin), context.host());
        if (foreign || elsewhere) {
            throw new ForbiddenResponse("Changes come from the dashboard's own pages alone.");
        }
    }

    private static String authority(String origin) {
        try {
            return URI.create(origin).getAuthority();
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static boolean isOpen(String path) {
        return OPEN.contains(path);
    }

    private boolean hasToken(Context context) {
        String bearer = context.header("Authorization");
        String session = context.cookie(COOKIE);
        return (session != null && sessions.getIfPresent(session) != null)
                || (bearer != null && bearer.startsWith("Bearer ") && isToken(bearer.substring("Bearer ".length())));
    }

    private boolean isToken(String candidate) {
        return candidate != null
                && MessageDigest.isEqual(
                        candidate.getBytes(StandardCharsets.UTF_8), token.getBytes(StandardCharsets.UTF_8));
    }

    /** Takes the token of a form, and lets the browser in until it is closed; with another one, it gets the form again. */
    void login(Context context) {
        String next = LoginPage.place(context.formParam("next"));
        if (!isToken(context.formParam("token"))) {
            context.status(HttpStatus.UNAUTHORIZED).html(page.refused(next));
            return;
        }
        byte[] drawn = new byte[SESSION_BYTES];
        random.nextBytes(drawn);
        String session = HexFormat.of().formatHex(drawn);
        sessions.put(session, true);
        Cookie cookie = new Cookie(COOKIE, session);
        cookie.setHttpOnly(true);
        cookie.setSameSite(SameSite.STRICT);
        cookie.setSecure(isEncrypted(context));
        context.cookie(cookie);
        context.redirect("/" + next);
    }

    /** As the browser sees it: a proxy may have ended TLS. */
    private static boolean isEncrypted(Context context) {
        return context.scheme().equals("https") || "https".equalsIgnoreCase(context.header("X-Forwarded-Proto"));
    }

    /** From where a request comes; of one that came through a proxy, as the proxy says. */
    String address(Context context) {
        String forwarded = proxied ? context.header("X-Forwarded-For") : null;
        return forwarded == null
                ? context.ip()
                : forwarded.substring(forwarded.lastIndexOf(',') + 1).trim();
    }
}
