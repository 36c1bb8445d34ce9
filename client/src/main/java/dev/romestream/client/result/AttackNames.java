package dev.romestream.client.result;

import dev.romestream.schemas.AttackAccuracy;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;

/** What the attacks of figures are called, above a column. */
public final class AttackNames {
    private AttackNames() {}

    /**
     * The attack's name, with what tells it from others of the name, and where it was crafted.
     *
     * @param rows the attacks of several figures of one suite and mode, in the same order
     */
    public static String heading(List<List<AttackAccuracy>> rows, int position) {
        List<AttackAccuracy> attacks = rows.get(0);
        AttackAccuracy attack = attacks.get(position);
        StringBuilder heading = new StringBuilder(attack.getAttack());
        if (differs(attacks, attack, AttackAccuracy::getEpsilon)) {
            heading.append(" %.3f".formatted(attack.getEpsilon()));
        }
        if (differs(attacks, attack, AttackAccuracy::getSteps)) {
            heading.append(" x").append(attack.getSteps());
        }
        rows.stream()
                .map(row -> row.get(position).getSource())
                .filter(Objects::nonNull)
                .findFirst()
                .ifPresent(source -> heading.append(" from ")
                        .append(source.getNetwork()
                                .substring(source.getNetwork().lastIndexOf('/') + 1)));
        return heading.toString();
    }

    private static boolean differs(
            List<AttackAccuracy> attacks, AttackAccuracy attack, Function<AttackAccuracy, Object> property) {
        return attacks.stream()
                .anyMatch(other -> other.getAttack().equals(attack.getAttack())
                        && !property.apply(other).equals(property.apply(attack)));
    }
}
