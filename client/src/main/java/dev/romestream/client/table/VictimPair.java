package dev.romestream.client.table;

import dev.romestream.exchange.experiment.Victim;
import dev.romestream.schemas.RobustnessMetrics;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** A victim, and the one that it is held against. */
record VictimPair(RobustnessMetrics victim, RobustnessMetrics baseline) {

    /** Those of the same name; one against one whatever their names. */
    static List<VictimPair> of(List<RobustnessMetrics> victims, List<RobustnessMetrics> baseline) {
        if (victims.size() == 1 && baseline.size() == 1) {
            return List.of(new VictimPair(victims.get(0), baseline.get(0)));
        }
        Map<String, RobustnessMetrics> others =
                baseline.stream().collect(Collectors.toMap(Victim::network, other -> other, (a, b) -> b));
        return victims.stream()
                .filter(victim -> others.containsKey(Victim.network(victim)))
                .map(victim -> new VictimPair(victim, others.get(Victim.network(victim))))
                .toList();
    }
}
