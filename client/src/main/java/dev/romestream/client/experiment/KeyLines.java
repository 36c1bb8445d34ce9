package dev.romestream.client.experiment;

import java.io.StringReader;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/** On which lines the keys of an experiment file stand. */
public final class KeyLines {
    private static final int NOWHERE = -1;
    private static final Pattern SUBJECT = Pattern.compile("^(?:The key |Unknown key )?'?([A-Za-z0-9_.\\[\\]-]+)");
    private static final Pattern TOLD = Pattern.compile("\\(line (\\d+)\\)");

    /** By dotted key, from 1; places in lists as {@code [0]}. */
    private final Map<String, Integer> lines = new HashMap<>();
    /** An alias is the node that it stands for, and may be part of itself. */
    private final Set<Node> seen = Collections.newSetFromMap(new IdentityHashMap<>());

    /** Of a text that is no YAML, as far as it is. */
    public KeyLines(String text) {
        try {
            for (Node document : new Yaml(new LoaderOptions()).composeAll(new StringReader(text))) {
                add("", document);
            }
        } catch (YAMLException e) {
            // what is wrong says its line itself
        }
    }

    private void add(String path, Node node) {
        if (!seen.add(node)) {
            return;
        }
        if (node instanceof MappingNode mapping) {
            for (NodeTuple entry : mapping.getValue()) {
                if (entry.getKeyNode() instanceof ScalarNode key) {
                    String name = path.isEmpty() ? key.getValue() : path + "." + key.getValue();
                    put(name, key);
                    add(name, entry.getValueNode());
                }
            }
        } else if (node instanceof SequenceNode sequence) {
            List<Node> items = sequence.getValue();
            for (int i = 0; i < items.size(); i++) {
                String name = path + "[" + i + "]";
                put(name, items.get(i));
                add(name, items.get(i));
            }
        }
    }

    /** What stands in several documents has no line of its own. */
    private void put(String name, Node node) {
        lines.merge(name, node.getStartMark().getLine() + 1, (one, other) -> NOWHERE);
    }

    /** The line of what a problem names: of the longest key in it, or the one that it says itself. */
    public OptionalInt of(String problem) {
        Matcher told = TOLD.matcher(problem);
        if (told.find()) {
            return OptionalInt.of(Integer.parseInt(told.group(1)));
        }
        Matcher subject = SUBJECT.matcher(problem);
        if (!subject.find()) {
            return OptionalInt.empty();
        }
        String named = subject.group(1);
        return lines.keySet().stream()
                .filter(key -> isOrHolds(key, named))
                .max(Comparator.comparingInt(String::length))
                .map(lines::get)
                .filter(line -> line != NOWHERE)
                .map(OptionalInt::of)
                .orElse(OptionalInt.empty());
    }

    /** Whether a key is the one that is named, or that is within it. */
    private static boolean isOrHolds(String key, String named) {
        return named.equals(key) || named.startsWith(key + ".") || named.startsWith(key + "[");
    }
}
