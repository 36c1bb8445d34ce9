package dev.romestream.exchange.experiment;

import dev.romestream.exchange.metric.NamedMetric;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.attack.Suite;
import dev.romestream.schemas.AlertBaseline;
import dev.romestream.schemas.AlertRule;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.ImageLabels;
import dev.romestream.schemas.Mode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The alert rules of an experiment: whether they make sense, and their names. */
public final class AlertRules {
    /** Whatever a flag is called. */
    public static final String ANY = "any";

    private static final int MOST = 32;

    private AlertRules() {}

    /**
     * The rules by name, in order.
     *
     * @param suites of the experiment
     * @throws IllegalArgumentException naming the rule, its key, the value and what is allowed
     */
    public static Map<String, AlertRule> of(Experiment experiment, List<Suite> suites) {
        List<AlertRule> alerts = experiment.getAlerts();
        if (alerts.size() > MOST) {
            throw new IllegalArgumentException(
                    "There are " + alerts.size() + " alerts; the most allowed is " + MOST + ".");
        }
        Map<String, AlertRule> rules = new LinkedHashMap<>();
        for (int i = 0; i < alerts.size(); i++) {
            String key = "alerts[" + i + "]";
            check(key, alerts.get(i), suites, experiment.getDataset().getLabels());
            if (alerts.get(i).getOnAlert() != null) {
                checkOrder(key, experiment.getDataset());
            }
            String name = name(alerts.get(i));
            if (!name.matches("[a-zA-Z0-9._-]{1,100}")) {
                throw new IllegalArgumentException("The key '" + key + ".name' is '" + name
                        + "'; allowed are at most 100 letters, digits, '.', '_' and '-'.");
            }
            if (rules.put(name, alerts.get(i)) != null) {
                throw new IllegalArgumentException("There are two alerts of the name '" + name + "'.");
            }
        }
        return rules;
    }

    /** The name that a rule has, or what it says in a word. */
    static String name(AlertRule rule) {
        if (rule.getName() != null) {
            return rule.getName();
        }
        String what = rule.getFailed()
                ? "failed"
                : rule.getFlag() != null
                        ? "flag-" + rule.getFlag()
                        : rule.getBelow() != null
                                ? rule.getFigure() + "-below-" + number(rule.getBelow())
                                : rule.getFigure() + "-drops-by-" + number(rule.getDropsBy())
                                        + (rule.getAgainst() == AlertBaseline.FIRST ? "-since-first" : "");
        return Stream.of(
                        what,
                        rule.getSuite() == null ? "" : rule.getSuite(),
                        rule.getMode() == Mode.TARGETED ? "targeted" : "")
                .filter(part -> !part.isEmpty())
                .collect(Collectors.joining("-"));
    }

    private static String number(double value) {
        return value == Math.rint(value) ? String.format(Locale.ROOT, "%.0f", value) : Double.toString(value);
    }

    private static void checkOrder(String key, DatasetSpec dataset) {
        if (dataset.getWindow() == null) {
            throw new IllegalArgumentException(
                    "The key '" + key + ".onAlert' is of a stream, and the experiment has no dataset.window.");
        }
        if (dataset.getLabels() == ImageLabels.PREDICTED) {
            throw new IllegalArgumentException("The key '" + key + ".onAlert' asks for a distillation, and"
                    + " dataset.labels is predicted: images without labels cannot be distilled.");
        }
    }

    private static void check(String key, AlertRule rule, List<Suite> suites, ImageLabels labels) {
        long kinds = Stream.of(rule.getBelow(), rule.getDropsBy(), rule.getFlag(), rule.getFailed() ? true : null)
                .filter(value -> value != null)
                .count();
        if (kinds != 1) {
            throw new IllegalArgumentException(
                    "The key '" + key + "' has " + kinds + " of below, dropsBy, flag and failed; give one of them.");
        }
        if ((rule.getFlag() == null && !rule.getFailed()) != (rule.getFigure() != null)) {
            throw new IllegalArgumentException("The key '" + key + ".figure' is "
                    + (rule.getFigure() == null ? "missing" : "'" + rule.getFigure() + "'")
                    + "; below and dropsBy are of a figure, and flag and failed of none.");
        }
        if (rule.getDropsBy() != null && rule.getDropsBy() == 0) {
            throw new IllegalArgumentException("The key '" + key + ".dropsBy' is 0; allowed is more than 0.");
        }
        List<String> names = suites.stream().map(Suite::name).toList();
        if (rule.getSuite() != null && !names.contains(rule.getSuite())) {
            throw new IllegalArgumentException("The key '" + key + ".suite' is '" + rule.getSuite()
                    + "'; the experiment's are " + String.join(", ", names) + ".");
        }
        if (rule.getFigure() != null) {
            Set<String> figures = figures(rule, suites, labels);
            if (!figures.contains(rule.getFigure())) {
                throw new IllegalArgumentException("The key '" + key + ".figure' is '" + rule.getFigure()
                        + "'; there are " + String.join(", ", figures) + ".");
            }
        }
    }

    /** What the rule may be of: figures and attacks of its suites and mode. */
    private static Set<String> figures(AlertRule rule, List<Suite> suites, ImageLabels labels) {
        Set<String> figures = new TreeSet<>(NamedMetric.names(labels));
        suites.stream()
                .filter(suite -> rule.getSuite() == null || suite.name().equals(rule.getSuite()))
                .flatMap(suite -> suite.attacks().stream())
                .filter(attack -> rule.getMode() == Mode.TARGETED ? attack.targeted() : attack.untargeted())
                .map(attack -> attack.spec().name())
                .filter(attack -> !Attacks.isControl(attack))
                .forEach(figures::add);
        return figures;
    }
}
