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
import dev.romestream.schemas.PlannedAttack;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** The requests by which a victim is scored under a suite. */
final class EvaluationPlan {
    private EvaluationPlan() {}

    /** The suite's cells: each control once, for both modes; every other attack once for each of its own. */
    static List<PlannedAttack> cells(Suite suite) {
        List<PlannedAttack> cells = new ArrayList<>();
        for (Suite.Entry entry : suite.entries()) {
            AttackSettings attack = entry.attack();
            if (Attacks.isControl(attack.name())) {
                cells.add(new PlannedAttack(AttackCodec.encode(attack), List.of(Mode.values())));
                continue;
            }
            if (entry.untargeted()) {
                cells.add(new PlannedAttack(AttackCodec.encode(attack), List.of(Mode.UNTARGETED)));
            }
            if (entry.targeted()) {
                cells.add(new PlannedAttack(AttackCodec.encode(attack.targetedAt(true)), List.of(Mode.TARGETED)));
            }
        }
        return cells;
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
                AttackSettings settings =
                        AttackCodec.decode(context.getPlan().get(cell).getAttack());
                AttackTask task = new AttackTask(
                        settings,
                        images.shape(),
                        pixels,
                        labels,
                        Optional.empty(),
                        seed.with(context.getSuite()).with(cell).with(from));
                EvaluationContext own =
                        EvaluationContext.newBuilder(context).setCell(cell).build();
                consumer.accept(AttackCodec.request(
                        context.getVictim(), 0, task, Arrays.copyOf(ids, ids.length), Optional.of(own)));
            }
        }
    }
}
