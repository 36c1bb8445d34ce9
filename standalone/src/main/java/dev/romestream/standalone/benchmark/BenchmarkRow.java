package dev.romestream.standalone.benchmark;

import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import dev.romestream.client.table.TableData;
import dev.romestream.exchange.codec.SuiteCodec;
import dev.romestream.exchange.experiment.DistillationDefaults;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.LabelKind;
import dev.romestream.schemas.LabelSpec;
import dev.romestream.schemas.RobustnessMetrics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * One victim of one set: a line of {@code results.csv}.
 *
 * @param experiment its id
 * @param line what it is a victim of
 * @param victim its name within the experiment
 * @param network its architecture and training, in words
 * @param imageBytes of the set, and {@code labelBytes} of what stands beside its images
 * @param gradients gradient evaluations that the set cost, with those of its teachers and pools
 * @param flags of its figures
 * @param figures in per cent, in the order of the suites; what is undefined is not there
 */
record BenchmarkRow(
        String experiment,
        Line line,
        long seed,
        String victim,
        String network,
        long imageBytes,
        long labelBytes,
        long gradients,
        String flags,
        Map<Metric, Double> figures) {

    private static final String EXPERIMENT = "experiment";
    private static final CsvMapper CSV = new CsvMapper();

    /**
     * What is compared over seeds and victims.
     *
     * @param labels {@code class}, or by whose teachers: {@code natural}, {@code robust}, {@code mixed}
     * @param imagesPerClass 0 of the whole training split
     */
    record Line(String method, String labels, int imagesPerClass) {}

    /**
     * What a figure is of.
     *
     * @param attack or control; or one of {@link #WORST_CASE}, {@link #IRR}, {@link #RR}
     */
    record Metric(String suite, String space, String mode, String attack) {
        static final String WORST_CASE = "worst case";
        static final String IRR = "I-RR";
        static final String RR = "RR";

        @Override
        public String toString() {
            return String.join("/", suite, space, mode, attack);
        }

        static Metric parse(String text) {
            String[] parts = text.split("/");
            int suite = parts.length - 3;
            return new Metric(
                    String.join("/", List.of(parts).subList(0, suite)),
                    parts[suite],
                    parts[suite + 1],
                    parts[suite + 2]);
        }
    }

    /**
     * The victims of an experiment's last snapshot.
     *
     * @param gradients that its set cost
     */
    static List<BenchmarkRow> of(Experiment experiment, List<RobustnessMetrics> metrics, long gradients) {
        Map<String, String> spaces = new LinkedHashMap<>();
        SuiteCodec.decode(experiment.getEvaluation())
                .forEach(suite -> spaces.put(suite.name(), suite.space().name().toLowerCase(Locale.ROOT)));
        List<String> suites = List.copyOf(spaces.keySet());
        Map<String, List<RobustnessMetrics>> byVictim = metrics.stream()
                .filter(RobustnessMetrics::getFinal$)
                .sorted(Comparator.comparing(record -> suites.indexOf(record.getSuite())))
                .collect(Collectors.groupingBy(RobustnessMetrics::getVictim, TreeMap::new, Collectors.toList()));
        List<BenchmarkRow> rows = new ArrayList<>();
        byVictim.forEach((victim, records) -> {
            Map<Metric, Double> figures = new LinkedHashMap<>();
            records.forEach(record -> figures.putAll(figures(record, spaces.get(record.getSuite()))));
            rows.add(new BenchmarkRow(
                    experiment.getId(),
                    line(experiment),
                    experiment.getSeed(),
                    victim.substring(victim.lastIndexOf('/') + 1),
                    records.get(0).getArchitecture(),
                    records.get(0).getImageBytes(),
                    records.get(0).getLabelBytes(),
                    gradients,
                    records.stream()
                            .flatMap(record -> record.getFlags().stream())
                            .distinct()
                            .collect(Collectors.joining(" ")),
                    figures));
        });
        return rows;
    }

    private static Map<Metric, Double> figures(RobustnessMetrics record, String space) {
        Map<String, Double> values = new LinkedHashMap<>();
        for (AttackAccuracy attack : record.getAttacks()) {
            boolean alone = record.getAttacks().stream()
                            .filter(other -> other.getAttack().equals(attack.getAttack()))
                            .count()
                    == 1;
            values.put(
                    alone
                            ? attack.getAttack()
                            : String.format(
                                    Locale.ROOT,
                                    "%s %.3f x%d",
                                    attack.getAttack(),
                                    attack.getEpsilon(),
                                    attack.getSteps()),
                    attack.getAccuracy());
        }
        values.put(Metric.WORST_CASE, record.getWorstCase().getAccuracy());
        values.put(Metric.IRR, record.getIrr());
        values.put(Metric.RR, record.getRr());
        Map<Metric, Double> figures = new LinkedHashMap<>();
        values.forEach((attack, value) -> {
            if (value != null) {
                String mode = record.getMode().name().toLowerCase(Locale.ROOT);
                figures.put(new Metric(record.getSuite(), space, mode, attack), value);
            }
        });
        return figures;
    }

    private static Line line(Experiment experiment) {
        String method = experiment.getDistillation().getMethod();
        boolean whole = DistillationDefaults.isWhole(method);
        return new Line(
                method,
                labels(experiment.getDistillation().getLabels()),
                whole ? 0 : experiment.getDistillation().getImagesPerClass());
    }

    /** In a word, what stands beside the images. */
    private static String labels(LabelSpec labels) {
        if (labels.getKind() == LabelKind.HARD) {
            return "class";
        }
        return labels.getAdversarial() == 0 ? "natural" : labels.getNatural() == 0 ? "robust" : "mixed";
    }

    /** Lines as comma-separated values, with a header; a figure that a line does not have is empty. */
    static String csv(List<BenchmarkRow> rows) {
        List<Map<String, Object>> lines = new ArrayList<>();
        for (BenchmarkRow row : rows) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put(EXPERIMENT, row.experiment());
            line.put("method", row.line().method());
            line.put("labels", row.line().labels());
            line.put("imagesPerClass", row.line().imagesPerClass());
            line.put("seed", row.seed());
            line.put("victim", row.victim());
            line.put("network", row.network());
            line.put("imageBytes", row.imageBytes());
            line.put("labelBytes", row.labelBytes());
            line.put("gradients", row.gradients());
            line.put("flags", row.flags());
            row.figures()
                    .forEach((figure, value) -> line.put(figure.toString(), String.format(Locale.ROOT, "%.4f", value)));
            lines.add(line);
        }
        return TableData.csv(lines);
    }

    /** What {@link #csv} has written. */
    static List<BenchmarkRow> parse(String csv) {
        List<BenchmarkRow> rows = new ArrayList<>();
        try (MappingIterator<Map<String, String>> lines = CSV.readerForMapOf(String.class)
                .with(CsvSchema.emptySchema().withHeader())
                .readValues(csv)) {
            while (lines.hasNextValue()) {
                rows.add(row(lines.nextValue()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("This is no results.csv: " + e.getMessage(), e);
        }
        return rows;
    }

    private static BenchmarkRow row(Map<String, String> line) {
        Map<Metric, Double> figures = new LinkedHashMap<>();
        line.forEach((name, value) -> {
            if (name.contains("/") && !value.isEmpty()) {
                figures.put(Metric.parse(name), Double.valueOf(value));
            }
        });
        if (!line.containsKey(EXPERIMENT)) {
            throw new IllegalArgumentException("This is no results.csv: it has no column '" + EXPERIMENT + "'.");
        }
        return new BenchmarkRow(
                line.get(EXPERIMENT),
                new Line(line.get("method"), line.get("labels"), Integer.parseInt(line.get("imagesPerClass"))),
                Long.parseLong(line.get("seed")),
                line.get("victim"),
                line.get("network"),
                Long.parseLong(line.get("imageBytes")),
                Long.parseLong(line.get("labelBytes")),
                Long.parseLong(line.get("gradients")),
                line.get("flags"),
                figures);
    }
}
