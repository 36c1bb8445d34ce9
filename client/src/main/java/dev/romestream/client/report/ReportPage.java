package dev.romestream.client.report;

import static j2html.TagCreator.body;
import static j2html.TagCreator.code;
import static j2html.TagCreator.dd;
import static j2html.TagCreator.details;
import static j2html.TagCreator.div;
import static j2html.TagCreator.dl;
import static j2html.TagCreator.document;
import static j2html.TagCreator.dt;
import static j2html.TagCreator.each;
import static j2html.TagCreator.figcaption;
import static j2html.TagCreator.figure;
import static j2html.TagCreator.h1;
import static j2html.TagCreator.h2;
import static j2html.TagCreator.h3;
import static j2html.TagCreator.head;
import static j2html.TagCreator.html;
import static j2html.TagCreator.iff;
import static j2html.TagCreator.img;
import static j2html.TagCreator.li;
import static j2html.TagCreator.main;
import static j2html.TagCreator.meta;
import static j2html.TagCreator.p;
import static j2html.TagCreator.pre;
import static j2html.TagCreator.rawHtml;
import static j2html.TagCreator.section;
import static j2html.TagCreator.span;
import static j2html.TagCreator.style;
import static j2html.TagCreator.summary;
import static j2html.TagCreator.title;
import static j2html.TagCreator.ul;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.client.result.ContactSheet;
import dev.romestream.client.result.FlagWords;
import dev.romestream.client.result.Results;
import dev.romestream.client.result.SyntheticImages;
import dev.romestream.client.result.WholeFile;
import dev.romestream.client.table.Comparison;
import dev.romestream.client.table.Comparison.Subject;
import dev.romestream.client.table.Means;
import dev.romestream.client.table.MetricTable;
import dev.romestream.client.table.TableHtml;
import dev.romestream.exchange.experiment.Victim;
import dev.romestream.experiments.DatasetIds;
import dev.romestream.messaging.service.Version;
import dev.romestream.robustness.metric.MetricNames;
import dev.romestream.schemas.Alert;
import dev.romestream.schemas.AlertState;
import dev.romestream.schemas.DistillationSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.LabelKind;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.RobustnessMetrics;
import j2html.tags.DomContent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Experiments in one HTML file with everything in it: no script, and nothing from elsewhere. */
public final class ReportPage {
    private static final long MOST_IMAGES = 2000;
    private static final int SHORT_LIST = 3;
    private static final DateTimeFormatter MADE =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'", Locale.ROOT).withZone(ZoneOffset.UTC);

    private ReportPage() {}

    /**
     * Writes the page of what the topics hold.
     *
     * @param experiments at least one; differences are to the first
     */
    public static void write(Path file, Results results, List<Experiment> experiments) throws IOException {
        WholeFile.write(
                file,
                page(
                        experiments.stream()
                                .map(experiment -> new ReportedExperiment(
                                        experiment,
                                        results.metrics(experiment.getId()),
                                        results.images(experiment.getId()),
                                        results.alerts(experiment.getId())))
                                .toList(),
                        Instant.now()));
    }

    /** @param at when it is made */
    static String page(List<ReportedExperiment> experiments, Instant at) {
        List<String> names =
                experiments.stream().map(one -> one.experiment().getName()).toList();
        String name = names.size() > SHORT_LIST
                ? String.join(", ", names.subList(0, SHORT_LIST)) + " and " + (names.size() - SHORT_LIST) + " others"
                : String.join(", ", names);
        return document(html(
                        head(
                                meta().withCharset("utf-8"),
                                meta().withName("viewport").withContent("width=device-width, initial-scale=1"),
                                meta().withName("color-scheme").withContent("light dark"),
                                meta().attr("http-equiv", "Content-Security-Policy")
                                        .withContent("default-src 'none'; style-src 'unsafe-inline'; img-src data:"),
                                title("Robustness: " + name),
                                style(rawHtml(resource("report.css")))),
                        body(main(
                                h1("Robustness: " + name),
                                p("ROME Stream " + Version.NUMBER + ", " + MADE.format(at))
                                        .withClass("soft"),
                                p("Accuracies and ratios in per cent, with 95 % intervals. Clean: on images as they are. Worst case:"
                                                + " right clean and under every attack of the suite. I-RR: the improved"
                                                + " robustness ratio. …: not complete yet.")
                                        .withClass("soft"),
                                each(suites(experiments), suite -> overview(suite, experiments)),
                                each(experiments, ReportPage::experiment))))
                .withLang("en"));
    }

    private static String resource(String name) {
        try (InputStream in = ReportPage.class.getResourceAsStream("/dev/romestream/client/" + name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> suites(List<ReportedExperiment> experiments) {
        return experiments.stream()
                .flatMap(one -> one.suites().stream())
                .distinct()
                // those whose bounds mean the same on every data set come first
                .sorted(Comparator.<String, Boolean>comparing(suite -> !suite.startsWith("pixel"))
                        .thenComparing(Comparator.naturalOrder()))
                .toList();
    }

    /** Experiments side by side. */
    private static DomContent overview(String suite, List<ReportedExperiment> experiments) {
        MetricTable table = Comparison.table(
                "experiment",
                experiments.stream().map(ReportedExperiment::subject).toList(),
                suite,
                Mode.UNTARGETED,
                Optional.empty());
        List<Chart.Dot> dots = experiments.stream()
                .map(one -> dot(suite, one))
                .flatMap(Optional::stream)
                .toList();
        return section(
                h2("Suite " + suite),
                TableHtml.of(table),
                iff(
                        !dots.isEmpty(),
                        figure(
                                Chart.plane("Clean accuracy against worst case, suite " + suite, dots),
                                figcaption(
                                        "Clean accuracy against the worst case, with 95 % intervals. The higher and the"
                                                + " further to the right, the better."))));
    }

    private static Optional<Chart.Dot> dot(String suite, ReportedExperiment one) {
        List<RobustnessMetrics> victims = one.subject().of(suite, Mode.UNTARGETED);
        return Means.of(victims, MetricNames.CLEAN).flatMap(clean -> Means.of(victims, MetricNames.WORST_CASE)
                .map(worst -> new Chart.Dot(one.experiment().getName(), clean, worst)));
    }

    private static DomContent experiment(ReportedExperiment one) {
        Experiment experiment = one.experiment();
        return section(
                h2(experiment.getName()),
                p().with(span(words(one) + ", id "), code(experiment.getId())),
                iff(
                        !one.alerts().isEmpty(),
                        ul(each(one.alerts(), ReportPage::alert)).withClass("alerts")),
                iff(one.metrics().isEmpty(), p("No figures yet.").withClass("soft")),
                each(one.suites(), suite -> suite(suite, one)),
                iff(!one.metrics().isEmpty(), flags(one)),
                iffImages(one),
                details(summary("The file as run"), pre(ExperimentFile.write(experiment))));
    }

    private static String words(ReportedExperiment one) {
        Experiment experiment = one.experiment();
        DistillationSpec distillation = experiment.getDistillation();
        String dataset = DatasetIds.of(experiment.getDataset());
        return distillation == null
                ? "networks scored on " + dataset
                : "%s, %d images a class%s, %s, seed %d"
                        .formatted(
                                distillation.getMethod(),
                                distillation.getImagesPerClass(),
                                distillation.getLabels().getKind() == LabelKind.SOFT ? " with soft labels" : "",
                                dataset,
                                experiment.getSeed());
    }

    private static DomContent alert(Alert alert) {
        boolean raised = alert.getState() == AlertState.RAISED;
        return li((raised ? "⚠ " : "over: ") + alert.getRule() + ", " + alert.getNetwork() + ", " + alert.getSuite()
                        + ": " + alert.getReason())
                .withClass(raised ? "raised" : "");
    }

    private static DomContent suite(String suite, ReportedExperiment one) {
        return div(
                h3(suite),
                each(
                        List.of(Mode.values()),
                        mode -> attacks(suite, mode, one.subject().of(suite, mode))),
                each(
                        one.along(suite, Mode.UNTARGETED).entrySet(),
                        line -> course(suite, one, line.getKey(), line.getValue())));
    }

    /** Attack by victim. */
    private static DomContent attacks(String suite, Mode mode, List<RobustnessMetrics> victims) {
        return iff(
                !victims.isEmpty(),
                TableHtml.of(Comparison.victims(
                        victims.stream()
                                .map(victim -> new Subject(
                                        victim.getVictim(),
                                        Victim.network(victim)
                                                + (victim.getMethod().equals(Victim.BROUGHT)
                                                        ? ", version " + victim.getVersion()
                                                        : ""),
                                        List.of(victim)))
                                .toList(),
                        suite,
                        mode)));
    }

    /** Figures over snapshots or versions, where there are several. */
    private static DomContent course(
            String suite, ReportedExperiment one, String network, List<RobustnessMetrics> all) {
        Map<Integer, List<RobustnessMetrics>> byPosition = new TreeMap<>();
        all.forEach(figure -> byPosition
                .computeIfAbsent(
                        Victim.window(figure).orElse(one.isOfNetworks() ? figure.getVersion() : figure.getIteration()),
                        any -> new ArrayList<>())
                .add(figure));
        Map<String, String> names =
                Map.of(MetricNames.CLEAN, "clean", MetricNames.WORST_CASE, "worst case", MetricNames.IRR, "I-RR");
        List<Chart.Line> lines = Stream.of(
                        MetricNames.CLEAN, MetricNames.WORST_CASE, MetricNames.IRR, MetricNames.STABILITY)
                .map(figure -> new Chart.Line(names.getOrDefault(figure, figure), points(byPosition, figure)))
                .filter(line -> line.points().size() > 1)
                .toList();
        if (lines.isEmpty()) {
            return p();
        }
        boolean stream = all.stream().anyMatch(figure -> figure.getWindow() != null);
        String unit = stream ? "window" : one.isOfNetworks() ? "version" : "iterations";
        String words = (network.isEmpty() ? "Means over victims" : network) + ", " + suite + ", over " + unit
                + (stream || one.isOfNetworks() ? "s" : "");
        return figure(
                Chart.lines(words, unit, lines),
                figcaption(words + ": ")
                        .with(each(
                                Chart.legend(lines.stream()
                                                .map(Chart.Line::name)
                                                .toList())
                                        .entrySet(),
                                name -> span(name.getKey()).withClass("key " + name.getValue()))));
    }

    private static List<Chart.Point> points(Map<Integer, List<RobustnessMetrics>> byPosition, String figure) {
        List<Chart.Point> points = new ArrayList<>();
        byPosition.forEach((position, victims) ->
                Means.of(victims, figure).ifPresent(mean -> points.add(new Chart.Point(position, mean))));
        return points;
    }

    private static DomContent flags(ReportedExperiment one) {
        TreeSet<String> flags = new TreeSet<>();
        one.suites().forEach(suite -> Stream.of(Mode.values())
                .flatMap(mode -> one.subject().of(suite, mode).stream())
                .forEach(figure -> flags.addAll(figure.getFlags())));
        return flags.isEmpty()
                ? p("No flags: nothing shows that the figures say less than they seem to.")
                        .withClass("soft")
                : dl(each(
                        flags,
                        flag -> div(
                                dt("⚑ " + flag),
                                dd(Objects.requireNonNullElse(FlagWords.all().get(flag), "")))));
    }

    private static DomContent iffImages(ReportedExperiment one) {
        return one.images()
                .filter(images -> images.count() <= MOST_IMAGES)
                .<DomContent>map(images -> figure(
                        img().withSrc("data:image/png;base64," + png(images))
                                .withAlt("The synthetic images, a row a class"),
                        figcaption("The synthetic images of the newest snapshot, a row a class"
                                + (images.multiFormation() ? "; each is a mosaic of four" : "") + ".")))
                .orElseGet(() -> p());
    }

    private static String png(SyntheticImages images) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            ContactSheet.write(out, images);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Base64.getEncoder().encodeToString(out.toByteArray());
    }
}
