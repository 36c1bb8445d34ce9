package dev.romestream.exchange.codec;

import dev.romestream.robustness.attack.AttackSettings;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.attack.Suite;
import dev.romestream.robustness.attack.SuiteAttack;
import dev.romestream.robustness.network.ThreatModel;
import dev.romestream.robustness.tensor.Precision;
import dev.romestream.schemas.CraftingPrecision;
import dev.romestream.schemas.EvaluationSpec;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.SuiteSpec;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Suites: from records to the library's. */
public final class SuiteCodec {
    private SuiteCodec() {}

    /**
     * The suites of an evaluation.
     *
     * @throws IllegalArgumentException where one is unknown, makes no sense, or has the name of another
     */
    public static List<Suite> decode(EvaluationSpec spec) {
        Set<String> names = new HashSet<>();
        for (SuiteSpec suite : spec.getSuites()) {
            if (!names.add(suite.getName())) {
                throw new IllegalArgumentException("There are two suites of the name '" + suite.getName() + "'.");
            }
        }
        return spec.getSuites().stream().map(SuiteCodec::decode).toList();
    }

    private static Suite decode(SuiteSpec spec) {
        if (spec.getAttacks().isEmpty()) {
            return Suite.named(spec.getName()).in(precision(spec.getPrecision()));
        }
        ThreatModel.Space space = spec.getSpace() == null
                ? ThreatModel.Space.PIXEL
                : ThreatModel.Space.valueOf(spec.getSpace().name());
        List<SuiteAttack> attacks = spec.getAttacks().stream()
                .map(attack -> attack(attack, space, spec.getPrecision()))
                .toList();
        return Suite.withControls(spec.getName(), space, attacks);
    }

    private static SuiteAttack attack(
            dev.romestream.schemas.SuiteAttack spec, ThreatModel.Space space, CraftingPrecision suite) {
        AttackSettings attack = new AttackSettings(
                spec.getAttack(),
                space,
                false,
                spec.getEpsilon(),
                spec.getStepSize(),
                spec.getSteps(),
                spec.getRandomStart(),
                AttackCodec.norm(spec.getNorm()),
                spec.getParameters());
        List<Mode> modes = spec.getModes();
        return new SuiteAttack(
                attack,
                modes.isEmpty() || modes.contains(Mode.UNTARGETED),
                modes.isEmpty() ? Attacks.isTargetable(spec.getAttack()) : modes.contains(Mode.TARGETED),
                spec.getTransfer(),
                spec.getRated(),
                precision(spec.getPrecision() == null ? suite : spec.getPrecision()));
    }

    /** Empty for the fastest one. */
    private static Optional<Precision> precision(CraftingPrecision precision) {
        return precision == CraftingPrecision.AUTO
                ? Optional.empty()
                : Optional.of(Precision.valueOf(precision.name()));
    }
}
