package dev.romestream.client.gate;

import java.util.Optional;

/**
 * One metric against what is asked of it.
 *
 * @param metric {@code clean}, {@code worstCase}, {@code irr}, {@code rr}, or an attack
 * @param value in per cent; empty where it is undefined
 * @param asked in words, the same for every value
 * @param baseline the value that it is held against, if it is
 * @param failure why it does not hold; empty where it does
 */
public record GateCheck(
        String network,
        String suite,
        String mode,
        String metric,
        Optional<Double> value,
        String asked,
        Optional<Double> baseline,
        Optional<String> failure) {

    public boolean failed() {
        return failure.isPresent();
    }
}
