package dev.romestream.client.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class KeyLinesTest {
    @Test
    void theLineIsThatOfTheLongestKeyThatAProblemNames() {
        KeyLines lines =
                new KeyLines("name: x\nevaluation:\n  victims:\n  - count: 1\n    epochs: many\n  images: 3\n");
        assertThat(lines.of("The key 'evaluation.victims[0].epochs' is 'many'; allowed is a whole number."))
                .isEqualTo(OptionalInt.of(5));
        assertThat(lines.of("Unknown key 'evaluation.image'; known are images."))
                .isEqualTo(OptionalInt.of(2));
        assertThat(lines.of("evaluation.images is -1; the least allowed is 1.")).isEqualTo(OptionalInt.of(6));
        assertThat(lines.of("The key 'dataset' is missing.")).isEmpty();
        assertThat(lines.of("the experiment file is not YAML: what (line 7).")).isEqualTo(OptionalInt.of(7));
    }

    @Test
    void aKeyOfSeveralDocumentsHasNoLine() {
        assertThat(new KeyLines("name: x\nseed: a\n---\nname: y\nseed: 2\n")
                        .of("The key 'seed' is 'a'; allowed is a whole number."))
                .isEmpty();
    }

    /** As YAML has them, a small text may stand for a very large one, or for one without end. */
    @Test
    void aliasesAreFollowedOnce() {
        assertThat(new KeyLines("a: &a [*a]\n").of("Unknown key 'a'; known are b."))
                .isEqualTo(OptionalInt.of(1));
        StringBuilder bomb = new StringBuilder("x0: &x0 [1]\n");
        for (int i = 1; i < 25; i++) {
            bomb.append("x%d: &x%d [*x%d, *x%d]\n".formatted(i, i, i - 1, i - 1));
        }
        assertThat(new KeyLines(bomb.toString()).of("Unknown key 'x24'; known are b."))
                .isEqualTo(OptionalInt.of(25));
    }
}
