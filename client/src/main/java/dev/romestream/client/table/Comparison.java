package dev.romestream.client.table;

import dev.romestream.client.table.MetricTable.Cell;
import dev.romestream.client.table.MetricTable.Column;
import dev.romestream.client.table.MetricTable.Row;
import dev.romestream.exchange.experiment.Victim;
import dev.romestream.exchange.metric.NamedMetric;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.metric.MetricNames;
import dev.romestream.schemas.ImageLabels;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.RobustnessMetrics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Experiments, networks or victims side by side under one suite: means over victims, and differences to one of them. */
public final class Comparison {
    private static final Column CLEAN = new Column("clean", false);
    private static final Column WORST_CASE = new Column("worst case", false);
    private static final Column IRR = new Column("I-RR", true);
    private static final Column IRR_TARGETED = new Column("I-RR, targeted", true);
    private static final Column RR = new Column("RR", true);
    private static final Column STABILITY = new Column("stability", false);

    private final List<Subject> subjects;
    private final String suite;
    private final Mode mode;
    private final Map<Column, Function<Subject, Optional<Means>>> values = new LinkedHashMap<>();
    private final Map<Column, Function<RobustnessMetrics, NamedMetric>> metrics = new LinkedHashMap<>();

    /**
     * What a row is of.
     *
     * @param id tells it from others of the name
     * @param metrics the newest of every victim, in any suite and mode
     */
    public record Subject(String id, String name, List<RobustnessMetrics> metrics) {
        /** Those of a suite in a mode. */
        public List<RobustnessMetrics> of(String suite, Mode mode) {
            return metrics.stream()
                    .filter(one -> one.getSuite().equals(suite) && one.getMode() == mode)
                    .toList();
        }
    }

    private Comparison(List<Subject> subjects, String suite, Mode mode) {
        this.suite = suite;
        this.mode = mode;
        this.subjects = subjects.stream()
                .filter(subject -> !subject.of(suite, mode).isEmpty())
                .toList();
        List<RobustnessMetrics> all = this.subjects.stream()
                .flatMap(subject -> subject.of(suite, mode).stream())
                .toList();
        boolean labelled = all.stream().anyMatch(one -> one.getLabels() == ImageLabels.GIVEN);
        if (labelled) {
            column(CLEAN, MetricNames.CLEAN);
        }
        AttackColumns attacks = new AttackColumns(
                all.stream().map(RobustnessMetrics::getAttacks).toList());
        List<String> names = attacks.names();
        for (int i = 0; i < names.size(); i++) {
            int position = i;
            if (!names.get(i).equals(Attacks.NONE)) {
                column(new Column(names.get(i), false), victim -> attacks.of(victim.getAttacks())
                        .skip(position)
                        .findFirst()
                        .flatMap(attack -> attack)
                        .map(NamedMetric::of)
                        .orElseGet(() -> NamedMetric.none(names.get(position))));
            }
        }
        if (all.stream().anyMatch(one -> one.getLabels() == ImageLabels.PREDICTED)) {
            column(STABILITY, MetricNames.STABILITY);
        }
        if (!labelled) {
            return;
        }
        column(WORST_CASE, MetricNames.WORST_CASE);
        column(IRR, MetricNames.IRR);
        if (mode == Mode.UNTARGETED
                && this.subjects.stream()
                        .anyMatch(one -> !one.of(suite, Mode.TARGETED).isEmpty())) {
            values.put(IRR_TARGETED, subject -> Means.of(subject.of(suite, Mode.TARGETED), MetricNames.IRR));
        }
        column(RR, MetricNames.RR);
    }

    private void column(Column column, String metric) {
        column(column, victim -> NamedMetric.of(victim, metric));
    }

    private void column(Column column, Function<RobustnessMetrics, NamedMetric> metric) {
        values.put(column, subject -> Means.of(subject.of(suite, mode), metric));
        metrics.put(column, metric);
    }

    /** Every suite in its order of the names, untargeted; differences are to the first subject that has it. */
    public static List<MetricTable> tables(String what, List<Subject> subjects) {
        return subjects.stream()
                .flatMap(subject -> subject.metrics().stream())
                .map(RobustnessMetrics::getSuite)
                .distinct()
                .sorted()
                .map(suite -> table(what, subjects, suite, Mode.UNTARGETED, Optional.empty()))
                .toList();
    }

    /**
     * A table.
     *
     * @param what the rows are
     * @param baseline id of the subject that differences are to; the first one where it is none of them
     */
    public static MetricTable table(
            String what, List<Subject> subjects, String suite, Mode mode, Optional<String> baseline) {
        Comparison comparison = new Comparison(subjects, suite, mode);
        Optional<Subject> base = comparison.subjects.stream()
                .filter(subject -> baseline.filter(subject.id()::equals).isPresent())
                .findFirst()
                .or(() -> comparison.subjects.stream().findFirst())
                .filter(one -> comparison.subjects.size() > 1);
        return comparison.table(
                List.of(what, "victims"),
                List.of("flags", "bytes of images + labels"),
                base.map(Subject::name).orElse(""),
                subject -> base.filter(one -> !one.equals(subject)),
                victims -> List.of(victims.size() + (isComplete(victims) ? "" : " …")),
                victims -> List.of(flags(victims), size(victims.get(0))));
    }

    /** Versions of a network, each held against the one before. */
    public static MetricTable versions(List<Subject> versions, String suite, Mode mode) {
        Comparison comparison = new Comparison(versions, suite, mode);
        List<Subject> subjects = comparison.subjects;
        return comparison.table(
                List.of("version"),
                List.of("images", "flags"),
                "the version before",
                subject -> Optional.of(subjects.indexOf(subject))
                        .filter(at -> at > 0)
                        .map(at -> subjects.get(at - 1)),
                victims -> List.of(),
                victims -> List.of(images(victims.get(0)), flags(victims)));
    }

    /** Attack by victim: a row for each, and no differences. */
    public static MetricTable victims(List<Subject> victims, String suite, Mode mode) {
        return new Comparison(victims, suite, mode)
                .table(
                        List.of("victim"),
                        List.of("images"),
                        "",
                        any -> Optional.empty(),
                        own -> List.of(),
                        own -> List.of(images(own.get(0))));
    }

    private static boolean isComplete(List<RobustnessMetrics> victims) {
        return victims.stream().allMatch(RobustnessMetrics::getComplete);
    }

    private static String images(RobustnessMetrics one) {
        return NamedMetric.images(one) + (one.getComplete() ? "" : " …");
    }

    private static String flags(List<RobustnessMetrics> victims) {
        return victims.stream()
                .flatMap(one -> one.getFlags().stream())
                .distinct()
                .sorted()
                .collect(Collectors.joining(", "));
    }

    /** What the set weighs. */
    private static String size(RobustnessMetrics one) {
        return one.getImageBytes() == 0
                ? ""
                : String.format(Locale.ROOT, "%,d + %,d", one.getImageBytes(), one.getLabelBytes());
    }

    private MetricTable table(
            List<String> labels,
            List<String> notes,
            String baseline,
            Function<Subject, Optional<Subject>> base,
            Function<List<RobustnessMetrics>, List<String>> label,
            Function<List<RobustnessMetrics>, List<String>> note) {
        List<Row> rows = subjects.stream()
                .map(subject -> {
                    List<RobustnessMetrics> victims = subject.of(suite, mode);
                    return new Row(
                            subject.id(),
                            Stream.concat(Stream.of(subject.name()), label.apply(victims).stream())
                                    .toList(),
                            values.keySet().stream()
                                    .map(column -> new Cell(
                                            values.get(column).apply(subject),
                                            base.apply(subject).flatMap(one -> difference(column, subject, one))))
                                    .toList(),
                            note.apply(victims));
                })
                .toList();
        String word = mode.name().toLowerCase(Locale.ROOT);
        return new MetricTable(
                "Suite " + suite + ", " + word,
                suite,
                word,
                baseline,
                labels,
                List.copyOf(values.keySet()),
                notes,
                rows,
                IntStream.range(0, rows.size())
                        .mapToObj(i -> base.apply(subjects.get(i)).stream()
                                .flatMap(one -> verdict(rows.get(i), subjects.get(i), one)))
                        .flatMap(sentences -> sentences)
                        .toList());
    }

    private Optional<Means> difference(Column column, Subject subject, Subject base) {
        return Optional.ofNullable(metrics.get(column))
                .flatMap(metric ->
                        Means.ofDifference(VictimPair.of(subject.of(suite, mode), base.of(suite, mode)), metric));
    }

    /** What a row's differences say of worst case and I-RR, or of the stability. */
    private Stream<String> verdict(Row row, Subject subject, Subject base) {
        List<Column> columns = List.copyOf(values.keySet());
        String parts = Stream.of(WORST_CASE, IRR, STABILITY)
                .filter(columns::contains)
                .flatMap(column -> row.cells().get(columns.indexOf(column)).difference().stream()
                        .map(difference -> column.name() + " " + difference.verdict()))
                .collect(Collectors.joining("; "));
        return Stream.of(subject.name() + " against " + base.name() + ": " + parts + ".")
                .filter(sentence -> !parts.isEmpty());
    }

    /** A row for each architecture of an experiment's victims, of the last snapshot. */
    public static List<Subject> byArchitecture(String name, List<RobustnessMetrics> metrics) {
        Map<String, List<RobustnessMetrics>> byArchitecture = metrics.stream()
                .filter(RobustnessMetrics::getFinal$)
                .collect(Collectors.groupingBy(
                        RobustnessMetrics::getArchitecture, LinkedHashMap::new, Collectors.toList()));
        return byArchitecture.entrySet().stream()
                .map(entry -> new Subject(
                        name + ": " + entry.getKey(),
                        byArchitecture.size() == 1 ? name : name + ": " + entry.getKey(),
                        entry.getValue()))
                .toList();
    }

    /** The newest metrics of each victim: of the newest snapshot, or of the newest version of each network that was brought. */
    public static List<RobustnessMetrics> newest(List<RobustnessMetrics> metrics, boolean networks) {
        Map<String, RobustnessMetrics> newest = new TreeMap<>();
        Map<String, Integer> last = new TreeMap<>();
        Function<RobustnessMetrics, String> key = one -> one.getSuite() + "/" + one.getMode();
        metrics.stream().sorted(Victim.IN_ORDER).forEach(one -> {
            newest.put(key.apply(one) + "/" + Victim.network(one), one);
            last.merge(key.apply(one), one.getSnapshot(), Math::max);
        });
        return newest.values().stream()
                .filter(one -> networks || one.getSnapshot() == last.get(key.apply(one)))
                .toList();
    }
}
