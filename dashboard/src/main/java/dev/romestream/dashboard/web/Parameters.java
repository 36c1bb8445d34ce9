package dev.romestream.dashboard.web;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.schemas.Experiment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What experiments are asked to do, as dotted parameters of their files with plain values. */
final class Parameters {
    private Parameters() {}

    private static Map<String, Object> of(Experiment experiment) {
        Map<String, Object> fields = ExperimentFile.values(experiment);
        fields.keySet().removeAll(List.of("name", "run", "sweep"));
        Map<String, Object> flat = new LinkedHashMap<>();
        flatten("", fields, flat);
        return flat;
    }

    private static void flatten(String path, Object value, Map<String, Object> flat) {
        if (value instanceof Map<?, ?> map) {
            map.forEach((key, one) -> flatten(path.isEmpty() ? String.valueOf(key) : path + "." + key, one, flat));
        } else if (value instanceof List<?> list) {
            boolean plain = list.stream().noneMatch(one -> one instanceof Map || one instanceof List);
            if (plain) {
                flat.put(path, list.stream().map(String::valueOf).toList());
            } else if (list.size() == 1) {
                // as the file may have it, too
                flatten(path, list.get(0), flat);
            } else {
                for (int i = 0; i < list.size(); i++) {
                    flatten(path + "[" + i + "]", list.get(i), flat);
                }
            }
        } else if (value != null) {
            flat.put(path, value);
        }
    }

    /** A parameter of each experiment that has it, by id; of one within a list, all of them. */
    static Map<String, Object> of(List<Experiment> experiments, String name) {
        Map<String, Object> values = new TreeMap<>();
        for (Experiment experiment : experiments) {
            Map<String, Object> flat = of(experiment);
            List<Object> found = flat.containsKey(name)
                    ? List.of(flat.get(name))
                    : flat.entrySet().stream()
                            .filter(one ->
                                    one.getKey().replaceAll("\\[[0-9]+]", "").equals(name))
                            .map(Map.Entry::getValue)
                            .toList();
            if (!found.isEmpty()) {
                values.put(experiment.getId(), found.size() == 1 ? found.get(0) : found);
            }
        }
        return values;
    }

    /** Parameters that are not the same in all of them, each with its value by id; an experiment that lacks it has none. */
    static List<Map<String, Object>> differences(List<Experiment> experiments) {
        Map<String, Map<String, Object>> all = new LinkedHashMap<>();
        for (Experiment experiment : experiments) {
            of(experiment).forEach((name, value) -> all.computeIfAbsent(name, any -> new LinkedHashMap<>())
                    .put(experiment.getId(), value));
        }
        List<Map<String, Object>> differences = new ArrayList<>();
        all.forEach((name, values) -> {
            if (values.size() < experiments.size() || new HashSet<>(values.values()).size() > 1) {
                differences.add(Map.of("name", name, "values", values));
            }
        });
        return differences;
    }
}
