package dev.romestream.standalone.dashboard;

import com.deque.html.axecore.results.Rule;
import com.deque.html.axecore.selenium.AxeBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.openqa.selenium.By;
import org.openqa.selenium.JavascriptExecutor;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;
import org.openqa.selenium.support.ui.WebDriverWait;

/** A headless Chromium. */
final class Browser implements AutoCloseable {
    private static final Path SCREENSHOTS = Path.of("target/screenshots");
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final ChromeDriver driver;

    private Browser(ChromeDriver driver) {
        this.driver = driver;
    }

    private static Optional<Path> program(String... names) {
        return Stream.of(names)
                .flatMap(name -> Stream.of("/usr/bin/", "/usr/local/bin/").map(folder -> Path.of(folder + name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** Empty where there is neither Chromium nor its driver. */
    static Optional<Browser> start() {
        Optional<Path> chromium = program("chromium", "google-chrome");
        Optional<Path> driver = program("chromedriver");
        if (chromium.isEmpty() || driver.isEmpty()) {
            return Optional.empty();
        }
        ChromeOptions options = new ChromeOptions();
        options.setBinary(chromium.get().toFile());
        options.addArguments(
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--window-size=1280,1000");
        LoggingPreferences logs = new LoggingPreferences();
        logs.enable(LogType.BROWSER, java.util.logging.Level.ALL);
        options.setCapability("goog:loggingPrefs", logs);
        var service = new ChromeDriverService.Builder()
                .usingDriverExecutable(driver.get().toFile())
                .build();
        ChromeDriver started = new ChromeDriver(service, options);
        started.manage().timeouts().pageLoadTimeout(LIMIT);
        return Optional.of(new Browser(started));
    }

    /** Opens a page as a new one, without what an earlier one has kept. */
    void open(String url) {
        if (driver.getCurrentUrl().startsWith("http")) {
            script("sessionStorage.clear()");
        }
        driver.get("about:blank");
        driver.get(url);
    }

    ChromeDriver driver() {
        return driver;
    }

    private static By css(String selector) {
        return By.cssSelector(selector);
    }

    /** The text of an element, read in one go, because pages are drawn again all the time; empty where there is none. */
    String text(String selector) {
        return (String) script("return document.querySelector(arguments[0])?.innerText.trim() ?? ''", selector);
    }

    int count(String selector) {
        return driver.findElements(css(selector)).size();
    }

    /** Waits until the text of an element has a part. */
    void awaitText(String selector, String part) {
        new WebDriverWait(driver, LIMIT)
                .withMessage(() -> "'" + part + "' in " + selector + ", which has '" + text(selector) + "'")
                .until(any -> text(selector).contains(part));
    }

    void await(String what, java.util.function.BooleanSupplier condition) {
        new WebDriverWait(driver, LIMIT).withMessage(() -> what).until(any -> condition.getAsBoolean());
    }

    void click(String selector) {
        new WebDriverWait(driver, LIMIT)
                .withMessage(() -> "a click on " + selector)
                .until(any -> {
                    try {
                        WebElement element = driver.findElement(css(selector));
                        element.click();
                        return true;
                    } catch (org.openqa.selenium.WebDriverException e) {
                        return false;
                    }
                });
    }

    /** Puts a text in place of what an input has. */
    void fill(String selector, String text) {
        script(
                "const e = document.querySelector(arguments[0]); e.value = arguments[1];"
                        + " e.dispatchEvent(new Event('input', {bubbles: true}));"
                        + " e.dispatchEvent(new Event('change', {bubbles: true}));",
                selector,
                text);
    }

    Object script(String script, Object... arguments) {
        return ((JavascriptExecutor) driver).executeScript(script, arguments);
    }

    Object asyncScript(String script) {
        driver.manage().timeouts().scriptTimeout(LIMIT);
        return ((JavascriptExecutor) driver).executeAsyncScript(script);
    }

    /** Windows have a least width, and pages have none. */
    void resize(int width, int height) {
        driver.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
    }

    /** What axe-core finds that is serious or worse, by rule. */
    List<String> inaccessible() {
        return new AxeBuilder()
                .analyze(driver).getViolations().stream()
                        .filter(rule -> List.of("serious", "critical").contains(rule.getImpact()))
                        .map(Browser::words)
                        .toList();
    }

    private static String words(Rule rule) {
        return rule.getId() + ": " + rule.getHelp() + " at "
                + rule.getNodes().stream().map(node -> node.getHtml()).limit(3).toList();
    }

    /** What the pages complained of since this was last asked. */
    List<String> complaints() {
        return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
                .filter(entry -> entry.getLevel().intValue() >= java.util.logging.Level.WARNING.intValue())
                .map(entry -> entry.getMessage())
                .toList();
    }

    /** Of the whole page, however long it is. */
    void screenshot(String name) {
        try {
            Files.createDirectories(SCREENSHOTS);
            var shot = driver.executeCdpCommand("Page.captureScreenshot", Map.of("captureBeyondViewport", true));
            Files.write(
                    SCREENSHOTS.resolve(name + ".png"), Base64.getDecoder().decode(String.valueOf(shot.get("data"))));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        driver.quit();
    }
}
