package dev.romestream.standalone.dashboard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.romestream.dashboard.DashboardService;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.schemas.Topic;
import dev.romestream.standalone.cli.RomeCommand;
import dev.romestream.standalone.stack.LocalStack;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WindowType;

/** The pages, used as a person uses them: in a browser, on the whole stack. */
class DashboardIT {
    private static final String SMALL = """
            name: %s
            dataset: shapes10
            distillation: {method: %s, imagesPerClass: 1, network: {width: 4}, iterations: %d, snapshotEvery: %d, realBatch: 4}
            evaluation: {victims: {count: 2, epochs: 3}, images: 60, requestSize: 20, suites: [pixel-2, as-published-quick]}
            seed: 5
            """;

    private static LocalStack stack;
    private static Browser browser;
    private static String url;

    @BeforeAll
    static void start() {
        Optional<Browser> found = Browser.start();
        assumeTrue(found.isPresent(), "skipped: there is no Chromium with its driver");
        browser = found.get();
        stack = LocalStack.start(
                RomeConfig.of(Map.of(Settings.NETWORKS_TORCHSCRIPT, "true")), LocalStack.Options.temporary());
        url = stack.dashboard().orElseThrow();
    }

    @AfterAll
    static void stop() {
        if (browser != null) {
            browser.close();
        }
        if (stack != null) {
            stack.close();
        }
    }

    @AfterEach
    void nothingWentWrongOnThePages() {
        browser.resize(1280, 1000);
        assertThat(browser.complaints()).filteredOn(line -> !isExpected(line)).isEmpty();
    }

    /** A file and a change that are refused, and a stream that is cut, are told by the browser, too. */
    private static boolean isExpected(String line) {
        return Stream.of("api/check", "api/stream", "ERR_CONNECTION_REFUSED", "status of 409", "nothing-of-the-kind")
                .anyMatch(line::contains);
    }

    private static String submit(String file) {
        browser.open(url + "#/submit");
        browser.awaitText("#check", "One experiment.");
        browser.fill("#editor", file);
        browser.awaitText("#check", file.substring("name: ".length(), file.indexOf('\n')));
        browser.click("#submit");
        browser.awaitText(".state", "id ");
        return browser.text(".state code");
    }

    /** The exit code of a command against the stack. */
    private static int onStack(String... words) {
        List<String> line = new ArrayList<>(List.of(words));
        line.addAll(List.of(
                "--bootstrap-server",
                stack.config().bootstrapServers(),
                "--schema-registry",
                stack.config().string(Settings.REGISTRY_URL)));
        return RomeCommand.execute(line.toArray(String[]::new));
    }

    private static String experiment(String id) {
        return url + "#/experiment/" + id;
    }

    @Test
    void anExperimentIsSubmittedAndWatchedFromStartToEnd() {
        String id = submit(SMALL.formatted("watched", "dm", 20, 10));
        assertThat(id).startsWith("watched-");
        browser.script("window.sameDocument = true;");
        browser.awaitText(".heatmap", "victim-0");
        String first = browser.text(".heatmap");
        browser.awaitText(".state > p .phase", "completed");
        assertThat(browser.text(".heatmap"))
                .as("figures moved")
                .isNotEqualTo(first)
                .doesNotContain("…");
        assertThat(browser.script("return window.sameDocument;"))
                .as("without a reload")
                .isEqualTo(true);
        assertThat(browser.count(".heatmap tbody tr")).isEqualTo(2);
        browser.awaitText(".sliding", "snapshot 1, 2 of 2");
        assertThat(browser.text(".tiles"))
                .contains("clean", "worst case", "I-RR", "mean of 2")
                .contains("flags");
        browser.await(
                "the images",
                () -> Boolean.TRUE.equals(browser.script(
                        "const i = document.querySelector('.images img'); return !!i && i.naturalWidth > 50;")));
        browser.screenshot("experiment");
        assertThat(browser.asyncScript(
                        "const done = arguments[0]; fetch('api/experiments/" + id + "/state', {method: 'POST',"
                                + " headers: {'Content-Type': 'application/json'}, body: '{\"state\": \"pause\"}'})"
                                + ".then(answer => answer.text().then(text => done(answer.status + ' ' + text)));"))
                .asString()
                .startsWith("409 ")
                .contains("The experiment is completed: there is nothing to pause.");
        browser.script("document.querySelector('#snapshot-slider').value = 0;"
                + "document.querySelector('#snapshot-slider').dispatchEvent(new Event('change'));");
        browser.awaitText(".images", "Snapshot 0 of 1, after 10 iterations");

        browser.click("#cell-victim-1-pgd");
        browser.awaitText(".detail", "victim-1 under pgd");
        browser.awaitText(".detail", "gradient evaluations");
        browser.await("ten images before and after", () -> browser.count(".gallery figure") == 10);
        assertThat(browser.count(".gallery img")).isEqualTo(30);
        assertThat(browser.script(
                        "return [...document.querySelectorAll('.gallery img')].every(i => i.naturalWidth === 32)"))
                .isEqualTo(true);
        assertThat(browser.text(".gallery figcaption")).contains("clean: ").contains("attacked: ");
        browser.screenshot("gallery");
        String link = browser.driver().getCurrentUrl();
        String seen = browser.text("#page");
        browser.driver().navigate().refresh();
        browser.awaitText(".detail", "victim-1 under pgd");
        browser.await(
                "the same view after a reload", () -> browser.text("#page").equals(seen));
        browser.open(link);
        browser.await("the same view by the link", () -> browser.text("#page").equals(seen));
        browser.click("#cell-victim-0-fgsm");
        browser.awaitText(".detail", "victim-0 under fgsm");
        browser.driver().navigate().back();
        browser.awaitText(".detail", "victim-1 under pgd");

        browser.click("#clone");
        browser.await("the file in the editor", () -> String.valueOf(
                        browser.script("return document.querySelector('#editor')?.value"))
                .contains("name: \"watched\""));
        browser.awaitText("#check", id);

        browser.open(url);
        browser.awaitText("[data-id='" + id + "']", "completed");
        browser.fill("#search", "no such thing");
        browser.awaitText(".told", "0 of");
        browser.fill("#search", "watched completed");
        browser.awaitText(".told", "1 of");
        browser.screenshot("experiments");
    }

    @Test
    void whatIsWrongInAFileIsSaidAsItIsWritten() {
        browser.open(url + "#/submit");
        browser.awaitText("#check", "One experiment.");
        browser.awaitText("#check", "gradient evaluations");
        browser.fill("#editor", "name: x\ndataset: shapes10\ndistillation: {method: rom}\n");
        browser.awaitText("#check", "distillation.method is 'rom'; known are");
        browser.await("the editor", () -> browser.count(".CodeMirror .mark") == 1);
        browser.fill(
                "#editor", "name: x\ndataset: shapes10\nsed: 1\nevaluation:\n  images: many\n  victims: {cuont: 2}\n");
        browser.awaitText("#check", "3 errors.");
        browser.awaitText("#check", "line 3: Unknown key 'sed'");
        browser.awaitText("#check", "line 5: The key 'evaluation.images' is 'many'; allowed is a whole number.");
        browser.awaitText("#check", "line 6: Unknown key 'evaluation.victims[0].cuont'");
        assertThat(browser.count(".CodeMirror .mark")).isEqualTo(3);
        browser.screenshot("errors");
        assertThat(completions("distillation:\n  prior:\n    attack: {st", 2, 16))
                .contains("steps", "stepSize");
        assertThat(completions("evaluation:\n  suites: [pixel", 1, 17)).contains("pixel-2");
        assertThat(completions("distillation:\n  method: k", 1, 11)).containsExactly("kcenter");
        browser.script("document.querySelector('.CodeMirror').CodeMirror.closeHint();");
        assertThat(browser.script("return document.querySelector('#submit').disabled"))
                .isEqualTo(true);
        browser.fill("#editor", SMALL.formatted("mended", "dm", 20, 10));
        browser.awaitText("#check", "mended");
        browser.screenshot("submit");
    }

    /** What Ctrl-Space offers at a place of a text. */
    @SuppressWarnings("unchecked")
    private static List<String> completions(String text, int line, int column) {
        browser.script(
                "const code = document.querySelector('.CodeMirror').CodeMirror; code.setValue(arguments[0]); code.focus();"
                        + "code.setCursor(arguments[1], arguments[2]); code.options.extraKeys['Ctrl-Space']();",
                text,
                line,
                column);
        browser.await("an offer", () -> browser.count(".CodeMirror-hint") > 0);
        return (List<String>) browser.script(
                "return [...document.querySelectorAll('.CodeMirror-hint')].map(one => one.firstChild.textContent);");
    }

    @Test
    void twoTabsShowTheSameAndOneStopsWhatTheOtherWatches() {
        String id = submit(SMALL.formatted("endless", "dm", 1_000_000, 1_000_000));
        String first = browser.driver().getWindowHandle();
        browser.driver().switchTo().newWindow(WindowType.TAB);
        String second = browser.driver().getWindowHandle();
        browser.open(experiment(id));
        browser.awaitText(".state > p .phase", "running");
        browser.driver().switchTo().window(first);
        browser.click("#pause");
        browser.awaitText(".state > p .phase", "paused");
        browser.driver().switchTo().window(second);
        browser.awaitText(".state > p .phase", "paused");
        browser.click("#resume");
        browser.awaitText(".state > p .phase", "running");
        browser.click("#stop");
        browser.awaitText(".state > p .phase", "stopped");
        browser.driver().close();
        browser.driver().switchTo().window(first);
        browser.awaitText(".state > p .phase", "stopped");

        browser.click("#delete");
        browser.awaitText("dialog", "Delete this experiment?");
        browser.screenshot("delete");
        browser.click("#delete-results");
        browser.click("#delete-now");
        browser.awaitText("h1", "Experiments");
        browser.await("it is gone", () -> browser.count("[data-id='" + id + "']") == 0);
    }

    /** A browser allows six connections to one server, and a stream takes one for good. */
    @Test
    void aDozenTabsAreLive() {
        String first = browser.driver().getWindowHandle();
        for (int tab = 0; tab < 12; tab++) {
            browser.driver().switchTo().newWindow(WindowType.TAB);
            browser.open(url + "#/system");
            browser.awaitText("#connection", "live");
            browser.awaitText("#page", "rome.attackers");
        }
        for (String tab : browser.driver().getWindowHandles()) {
            if (!tab.equals(first)) {
                browser.driver().switchTo().window(tab).close();
            }
        }
        browser.driver().switchTo().window(first);
    }

    @Test
    void experimentsAreComparedAndReported(@TempDir Path folder) {
        String base = submit(SMALL.formatted("compared-random", "random", 10, 10)
                .replaceAll("iterations.*realBatch: 4", "augmentation: none"));
        String other = submit(SMALL.formatted("compared-dm", "dm", 10, 10));
        browser.awaitText(".state > p .phase", "completed");
        browser.open(experiment(base));
        browser.awaitText(".state > p .phase", "completed");
        browser.open(url + "#/compare?ids=" + base + "," + other);
        browser.awaitText("[data-id='" + base + "']", "baseline");
        browser.awaitText("[aria-label='What differs']", "distillation.method\trandom\tdm");
        browser.await("a paired difference", () -> String.valueOf(browser.script(
                        "return document.querySelector(\"[data-id='" + other + "'] .difference\")?.title"))
                .startsWith("paired: "));
        assertThat(browser.text("[data-id='" + other + "'] .difference"))
                .matches("[+-]?[0-9.]+ \\[-?[0-9.]+, -?[0-9.]+]");
        assertThat(browser.count(".plane circle")).isEqualTo(2);
        assertThat(browser.text(".verdicts")).startsWith("compared-dm against compared-random: worst case ");
        String compare = "api/compare?suite=pixel-2&ids=" + base + "," + other;
        assertThat(fetched(compare))
                .containsPattern("\"I-RR\":\\{\"value\":[0-9.]+,\"low\":[0-9.]+,.*\"difference\":\\{\"value\":");
        assertThat(fetched(compare + "&format=csv"))
                .startsWith("suite,mode,baseline,experiment,victims,clean,")
                .contains("pixel-2,untargeted,compared-random,compared-dm,");
        browser.screenshot("compare");
        browser.click("#remove-" + other);
        browser.await("one left", () -> browser.count("[data-id]") == 1);

        assertThat(onStack("report", base, other, "--out", folder.toString())).isZero();
        browser.open(folder.resolve("report.html").toUri().toString());
        assertThat(browser.text("h1")).isEqualTo("Robustness: compared-random, compared-dm");
        assertThat(browser.text("table")).contains("differences are to compared-random");
        assertThat(browser.count("figure > svg")).isEqualTo(2);
        assertThat(browser.script(
                        "return [...document.images].every(i => i.naturalWidth > 20) && document.images.length"))
                .isEqualTo(2L);
        assertThat(browser.inaccessible()).isEmpty();
        browser.screenshot("report");
    }

    private String fetched(String path) {
        return String.valueOf(browser.asyncScript(
                "const done = arguments[0]; fetch('" + path + "').then(answer => answer.text()).then(done);"));
    }

    @Test
    void requestsThatAreOutAreShownByEvaluation() {
        AtomicInteger out = new AtomicInteger(3);
        stack.metrics().gauge("rome.evaluation.requests", Tags.of("evaluation", "e-1/0/victim-0/pixel-2"), out);
        browser.open(url + "#/system");
        browser.awaitText("#page", "e-1/0/victim-0/pixel-2");
        browser.awaitText("#page", "requests out");
        assertThat(out).as("held until here, because the gauge holds it weakly").hasValue(3);
    }

    @Test
    void aDeadLetterIsOpenedAndReplayed() throws Exception {
        Map<String, Object> settings = stack.config().producer();
        settings.remove("value.serializer");
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer())) {
            String topic = TopicNames.of(stack.config()).of(Topic.EXPERIMENTS);
            producer.send(new ProducerRecord<>(topic, "poison", "no record".getBytes(StandardCharsets.UTF_8)))
                    .get();
        }
        browser.open(url + "#/system");
        browser.awaitText("#page", "rome.attackers");
        browser.await("the letter", () -> browser.count("[id^='letter-']") == 1);
        browser.click("[id^='letter-']");
        browser.awaitText(".detail pre", "not decodable; its first 9 bytes: 6e6f207265636f7264");
        browser.screenshot("system");
        browser.click("#replay");
        browser.awaitText(".note", "It stands at 0/");
        String link = browser.driver().getCurrentUrl();
        browser.open(url);
        browser.open(link);
        browser.awaitText("h1", "Dead letter 0");
        browser.awaitText(".detail pre", "not decodable");
        browser.open(url + "#/system");
        browser.await("the letter that the replay became", () -> browser.count("[id^='letter-']") == 2);
        browser.click("[id^='replay-']");
        browser.awaitText("dialog", "There are 2.");
        browser.click("#replay-now");
        browser.awaitText(".note", "1 written again");
        browser.await("that of the newest", () -> browser.count("[id^='letter-']") == 3);
        browser.awaitText("#page", "three minutes");
    }

    @Test
    void aLostConnectionIsSaidAndRegained() {
        var own = stack.config();
        DashboardService before = new DashboardService(own, new SimpleMeterRegistry());
        before.start();
        String address = before.url();
        browser.open(address);
        browser.awaitText("#connection", "live");
        before.close();
        browser.awaitText("#connection", "lost");
        browser.script("location.hash = '#/system';");
        browser.awaitText("h1", "The server does not answer");
        DashboardService after = new DashboardService(
                own.with(Map.of(
                        Settings.DASHBOARD_PORT,
                        Integer.toString(URI.create(address).getPort()))),
                new SimpleMeterRegistry());
        after.start();
        try {
            browser.awaitText("#connection", "live");
            browser.awaitText("h1", "System");
        } finally {
            browser.open("about:blank");
            after.close();
        }
    }

    @Test
    void aNetworkThatIsMonitoredIsSeenByALink() {
        assertThat(onStack(
                        "evaluate",
                        "../robustness/src/test/resources/networks/small.pt",
                        "--dataset",
                        "shapes10",
                        "--limit",
                        "20",
                        "--suite",
                        "quick"))
                .isZero();
        browser.open(url + "#/monitor?suite=quick");
        browser.awaitText("[data-version]", "evaluate-");
        assertThat(browser.text("[data-version]")).contains("20");
        browser.screenshot("monitor");
    }

    @Test
    void anAlertIsShownWhereverItMatters(@TempDir Path models) throws IOException {
        Files.copy(Path.of("../robustness/src/test/resources/networks/small.pt"), models.resolve("production.pt"));
        assertThat(onStack(
                        "monitor",
                        models.toString(),
                        "--once",
                        "--alert",
                        "flag: chance-level",
                        "--alert",
                        "{figure: clean, below: 99, name: much-too-low}",
                        "--dataset",
                        "shapes10",
                        "--limit",
                        "20",
                        "--suite",
                        "quick"))
                .isZero();
        browser.open(url + "#/experiments?filter=monitor");
        browser.awaitText("#raised", "2");
        browser.await("a sign in the list", () -> browser.count(".row .flag") > 0);
        browser.click("nav a[href='#/monitor']");
        browser.awaitText(".alerts", "production, quick, much-too-low: clean");
        browser.awaitText(".alerts", "flag-chance-level: flags: ");
        browser.click(".alerts .raised a");
        browser.await("the network that it is of", () -> String.valueOf(
                        browser.script("return document.querySelector('#choose-network')?.value"))
                .endsWith("/production"));
        browser.screenshot("alerts");
        assertThat(browser.inaccessible()).isEmpty();
    }

    /** Contrast falls on the second window of two, and accuracy, or stability without labels, with it. */
    @Test
    void whatHappensOnAStreamStandsAlongItsWindows(@TempDir Path models) throws IOException {
        Files.copy(Path.of("../robustness/src/test/resources/networks/small.pt"), models.resolve("camera.pt"));
        String rule = "{figure: clean, below: 99, name: low, significant: false}";
        for (String first : List.of("0", "60")) {
            String[] images = {"stream", "photos", "--rate", "0", "--images", "60", "--first", first};
            assertThat(onStack(concat(images, "--drift", "contrast:5@60"))).isZero();
            assertThat(onStack(watching(models, "--alert", rule))).isZero();
        }
        browser.open(url + "#/monitor?suite=quick");
        browser.await(
                "its network",
                () -> Boolean.TRUE.equals(browser.script(
                        "const one = [...document.querySelectorAll('#choose-network option')].find(o => o.value.endsWith('/camera'));"
                                + "if (one) { one.parentNode.value = one.value; one.parentNode.dispatchEvent(new Event('change')); }"
                                + "return !!one;")));
        browser.awaitText("[aria-label^='What happened']", "window 1 ⚠ low: ");
        browser.awaitText("[aria-label^='What happened']", "window 2 contrast:5@60");
        assertThat(browser.text("[aria-label^='Versions']")).contains("record time");
        browser.screenshot("windows");
        assertThat(browser.inaccessible()).isEmpty();

        assertThat(onStack(watching(models, "--unlabelled"))).isZero();
        browser.open(url + "#/experiments");
        browser.open(url + "#/monitor?suite=quick");
        browser.await(
                "stability",
                () -> Boolean.TRUE.equals(
                        browser.script(
                                "for (const o of document.querySelectorAll('#choose-network option'))"
                                        + " if (o.value.endsWith('/camera') && !document.body.textContent.includes('stability')) {"
                                        + " o.parentNode.value = o.value; o.parentNode.dispatchEvent(new Event('change')); }"
                                        + "return [...document.querySelectorAll('th')].some(one => one.textContent === 'stability');")));
        browser.screenshot("stability");
    }

    private static String[] watching(Path models, String... more) {
        String[] line = {"monitor", models.toString(), "--topic", "photos", "--window", "images=60", "--windows", "1"};
        return concat(concat(line, "--suite", "quick"), more);
    }

    private static String[] concat(String[] line, String... more) {
        return Stream.concat(Stream.of(line), Stream.of(more)).toArray(String[]::new);
    }

    @Test
    void anExperimentThatFailsOrIsUnknownSaysSoAtTheTop() {
        submit(SMALL.formatted("failing", "dm", 20, 10).replaceAll("imagesPerClass: [0-9]+", "imagesPerClass: 5000"));
        browser.awaitText(".state > .error", "distiller failed: Class 0 has ");
        browser.awaitText(".state code", "failing-");
        browser.screenshot("failed");
        browser.open(url + "#/experiment/nothing-of-the-kind");
        browser.awaitText(".state", "There is no experiment of this id here.");
        assertThat(browser.script("return [...document.querySelectorAll('#page button')].every(b => !b.offsetParent)"))
                .isEqualTo(true);
    }

    @Test
    void experimentsOfASweepStandTogether() {
        String sweep = SMALL.formatted("swept", "dm", 1, 1) + "sweep: {seed: [1, 2]}\n";
        browser.open(url + "#/submit");
        browser.awaitText("#check", "One experiment.");
        browser.fill("#editor", sweep);
        browser.awaitText("#check", "swept-2");
        browser.click("#submit");
        browser.await("the list", () -> browser.count(".row[data-id^=swept]") == 2);
        browser.open(url + "#/experiments?group=sweep&filter=swept");
        browser.awaitText(".heading", "swept (2)");
        browser.click("#columns");
        browser.fill("#parameter", "evaluation.images");
        browser.awaitText(".row.head", "evaluation.images");
        browser.click("#column-seed");
        browser.await("a parameter and the seed of each", () -> String.valueOf(
                        browser.script(
                                "return [...document.querySelectorAll('.row[data-id^=swept]')].map(row => [...row.querySelectorAll('.in-seed, .in-evaluation-images')].map(cell => cell.textContent).join()).sort().join(';');"))
                .matches("[0-9]+,1;[0-9]+,2"));
        browser.click("#sort-seed");
        browser.awaitText(".row.head", "seed ▾");
        assertThat(
                        browser.script(
                                "return [...document.querySelectorAll('.row[data-id^=swept] .in-seed')].map(cell => cell.textContent).join();"))
                .isEqualTo("2,1");
        browser.screenshot("columns");
        browser.script("localStorage.removeItem('rome-columns');");
        browser.open(url + "#/experiments?group=sweep&filter=swept");
        browser.awaitText(".row.head", "submitted");
        browser.await("the list again", () -> browser.count(".row[data-id^=swept]") == 2);
        assertThat(browser.text(".row.head")).as("the usual columns").doesNotContain("seed");
        browser.script("document.querySelectorAll('.row[data-id^=swept] input').forEach(box => box.click());");
        browser.awaitText(".tools", "2 selected");
        browser.awaitText(".tools", "Compare 2 selected");
        browser.screenshot("selected");
        browser.driver().findElement(By.id("search")).sendKeys(Keys.ENTER);
        assertThat(browser.count(".note"))
                .as("Enter in the search presses no button")
                .isZero();
        browser.awaitText(".tools", "2 selected");
        browser.click("#stop-selected");
        browser.awaitText(".note", "2 asked to stop");
        browser.script("document.querySelectorAll('.row[data-id^=swept] input').forEach(box => box.click());");
        browser.click("#delete-selected");
        browser.awaitText("dialog", "Delete the selected experiments, 2 in all?");
        browser.click("#delete-selected-now");
        browser.await("both are gone", () -> browser.count(".row[data-id^=swept]") == 0);
    }

    @Test
    void theTokenLetsABrowserIn() {
        DashboardService locked = new DashboardService(
                stack.config().with(Map.of(Settings.DASHBOARD_TOKEN, "secret")), new SimpleMeterRegistry());
        locked.start();
        try {
            browser.open(locked.url());
            browser.await("the form", () -> browser.count("#token") == 1);
            browser.fill("#token", "secret");
            browser.click("form button");
            browser.awaitText("#connection", "live");
        } finally {
            browser.open("about:blank");
            locked.close();
        }
    }

    @Test
    void theKeyboardGetsToThePageAndAnUnknownOneIsLeftAgain() {
        browser.open(url + "#/system");
        browser.awaitText("h1", "System");
        browser.script("document.querySelector('#skip').click();");
        assertThat(browser.script("return document.activeElement.id")).isEqualTo("page");
        browser.awaitText("h1", "System");
        browser.script("location.hash = '#/nowhere';");
        browser.awaitText("h1", "no such page");
        browser.driver().navigate().back();
        browser.awaitText("h1", "System");
        browser.awaitText("#page", "Work waiting");
    }

    @Test
    void everyPageCanBeUsedByEverybody() {
        String id = submit(SMALL.formatted("accessible", "dm", 10, 10));
        browser.awaitText(".state > p .phase", "completed");
        for (String page :
                List.of("experiments", "experiment/" + id, "compare?ids=" + id, "monitor", "submit", "system")) {
            for (int width : page.startsWith("experiment") ? List.of(360, 1280, 3840) : List.of(360, 1280)) {
                browser.resize(width, 1000);
                browser.open(url + "#/" + page);
                browser.awaitText("#connection", "live");
                browser.await("a heading", () -> browser.count("h1") == 1);
                assertThat(((Number)
                                        browser.script(
                                                "return document.documentElement.scrollWidth - document.documentElement.clientWidth"))
                                .intValue())
                        .as("%s, %d pixels wide, needs no sideways scrolling", page, width)
                        .isLessThanOrEqualTo(0);
                if (width == 1280) {
                    assertThat(browser.inaccessible()).as(page).isEmpty();
                }
                browser.screenshot("page-" + page.replaceAll("[/?].*", "") + "-" + width);
            }
        }
    }
}
