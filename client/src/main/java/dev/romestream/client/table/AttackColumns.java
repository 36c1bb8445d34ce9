package dev.romestream.client.table;

import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.Precision;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The attacks of several figures, by what they are: figures that are evaluated together may differ in those that are transferred. */
public final class AttackColumns {
    private final Map<Key, AttackAccuracy> known = new LinkedHashMap<>();

    /** @param number tells apart those that agree in all else */
    private record Key(
            String attack, double epsilon, int steps, String norm, String source, Precision precision, int number) {
        static Key of(AttackAccuracy attack, int number) {
            return new Key(
                    attack.getAttack(),
                    attack.getEpsilon(),
                    attack.getSteps(),
                    String.valueOf(attack.getNorm()),
                    sourceOf(attack),
                    attack.getPrecision(),
                    number);
        }
    }

    public AttackColumns(List<List<AttackAccuracy>> figures) {
        figures.forEach(figure -> keyed(figure).forEach(known::putIfAbsent));
    }

    private static String sourceOf(AttackAccuracy attack) {
        return attack.getSource() == null
                ? ""
                : attack.getSource()
                        .getNetwork()
                        .substring(attack.getSource().getNetwork().lastIndexOf('/') + 1);
    }

    private static Map<Key, AttackAccuracy> keyed(List<AttackAccuracy> figure) {
        Map<Key, AttackAccuracy> keyed = new LinkedHashMap<>();
        Map<Key, Integer> seen = new HashMap<>();
        for (AttackAccuracy attack : figure) {
            keyed.put(Key.of(attack, seen.merge(Key.of(attack, 0), 1, Integer::sum)), attack);
        }
        return keyed;
    }

    /** What stands above the columns: the attacks' names, with what tells them from others of the name. */
    public List<String> names() {
        List<String> names = new ArrayList<>();
        known.forEach((key, attack) -> {
            StringBuilder name = new StringBuilder(key.attack());
            if (differs(key, Key::epsilon)) {
                name.append(epsilon(key));
            }
            if (differs(key, Key::steps)) {
                name.append(" x").append(key.steps());
            }
            if (differs(key, Key::norm)) {
                name.append(' ').append(key.norm());
            }
            if (!key.source().isEmpty()) {
                name.append(" from ").append(key.source());
            }
            if (key.precision() != Precision.FLOAT32) {
                name.append(" in ").append(key.precision().name().toLowerCase(Locale.ROOT));
            }
            if (key.number() > 1) {
                name.append(" #").append(key.number());
            }
            names.add(name.toString());
        });
        return names;
    }

    /** With as many digits as tell it from that of others of the name. */
    private String epsilon(Key key) {
        return IntStream.of(3, 4, 6)
                .mapToObj(digits -> " %." + digits + "f")
                .filter(format -> known.keySet().stream()
                        .filter(other -> other.attack().equals(key.attack()) && other.epsilon() != key.epsilon())
                        .noneMatch(other -> format.formatted(other.epsilon()).equals(format.formatted(key.epsilon()))))
                .findFirst()
                .orElse(" %s")
                .formatted(key.epsilon());
    }

    private boolean differs(Key key, Function<Key, Object> property) {
        return known.keySet().stream()
                .anyMatch(other -> other.attack().equals(key.attack())
                        && !property.apply(other).equals(property.apply(key)));
    }

    /** The attacks of a figure, column by column; empty where it has none. */
    public Stream<Optional<AttackAccuracy>> of(List<AttackAccuracy> figure) {
        Map<Key, AttackAccuracy> own = keyed(figure);
        return known.keySet().stream().map(key -> Optional.ofNullable(own.get(key)));
    }
}
