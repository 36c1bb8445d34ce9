package dev.romestream.evaluator;

import dev.romestream.exchange.AttackCodec;
import dev.romestream.robustness.attack.AttackSettings;
import dev.romestream.robustness.attack.AttackTask;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.attack.Suite;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.schemas.AttackRequest;
import dev.romestream.schemas.EvaluationContext;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.PlannedAttack;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** The requests by which a victim is scored under a suite. */
final class EvaluationPlan {
    private EvaluationPlan() {}

    /**
     * The suite's cells: each control once, for both modes; every other attack once for each of its own, and an attack that is
     * transferred once more for each source.
     *
     * @param sources of transferred attacks; where there are none, the victim itself is
     */
    static List<PlannedAttack> cells(Suite suite, NetworkVersion victim, List<NetworkVersion> sources) {
        List<PlannedAttack> cells = new ArrayList<>();
        for (Suite.Entry entry : suite.entries()) {
            AttackSettings attack = entry.attack();
            if (Attacks.isControl(attack.name())) {
                cells.add(new PlannedAttack(AttackCodec.encode(attack), null, false, List.of(Mode.values())));
                continue;
            }
            List<NetworkVersion> origins = entry.transfer() && !sources.isEmpty() ? sources : List.of(victim);
            for (NetworkVersion origin : origins) {
                NetworkVersion source = origin.equals(victim) ? null : origin;
                if (entry.untargeted()) {
                    cells.add(cell(attack, source, entry.rated(), Mode.UNTARGETED));
                }
                if (entry.targeted()) {
                    cells.add(cell(attack.targetedAt(true), source, entry.rated(), Mode.TARGETED));
                }
            }
        }
        return cells;
    }

    private static PlannedAttack cell(AttackSettings attack, NetworkVersion source, boolean rated, Mode mode) {
        return new PlannedAttack(AttackCodec.encode(attack), source, rated, List.of(mode));
    }

    /**
     * Hands out the requests, every attack on some images before any attack on the next ones, so that running ratios can be told
     * early.
     *
     * @param context of the plan's first cell
     * @param seed of the victim; attacks that draw get seeds of their own
     */
    static void requests(
            EvaluationContext context,
            LabelledImages images,
            int requestSize,
            Seed seed,
            Consumer<AttackRequest> consumer) {
        for (int from = 0; from < context.getImages(); from += requestSize) {
            int[] ids = IntStream.range(from, Math.min(context.getImages(), from + requestSize))
                    .toArray();
            byte[] pixels = images.bytes(ids);
            int[] labels = images.labels(ids);
            for (int cell = 0; cell < context.getPlan().size(); cell++) {
                PlannedAttack planned = context.getPlan().get(cell);
                AttackSettings settings = AttackCodec.decode(planned.getAttack());
                AttackTask task = new AttackTask(
                        settings,
                        images.shape(),
                        pixels,
                        labels,
                        Optional.empty(),
                        seed.with(context.getSuite()).with(cell).with(from));
                NetworkVersion network = planned.getSource() == null
                        ? new NetworkVersion(context.getVictim(), context.getVersion())
                        : planned.getSource();
                EvaluationContext own =
                        EvaluationContext.newBuilder(context).setCell(cell).build();
                consumer.accept(
                        AttackCodec.request(network.getNetwork(), network.getVersion(), task, ids, Optional.of(own)));
            }
        }
    }
}
