package dev.romestream.distiller;

import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.exchange.experiment.DistillationDefaults;
import dev.romestream.schemas.DistillationSpec;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

class MethodsTest {
    private static DistillationSpec spec(String method) {
        return DistillationDefaults.fill(
                DistillationSpec.newBuilder().setMethod(method).build());
    }

    private static Set<String> methods(Predicate<DistillationSpec> which) {
        Set<String> methods = new TreeSet<>(DistillationDefaults.methods());
        methods.removeIf(DistillationDefaults::isBrought);
        methods.removeIf(method -> !which.test(spec(method)));
        return methods;
    }

    @Test
    void everyMethodThatAFileMayNameIsImplemented() {
        assertThat(methods(spec -> Methods.needsPriors(spec) || !Methods.needsPriors(spec)))
                .hasSize(DistillationDefaults.methods().size() - 1);
    }

    @Test
    void onlyTheMethodThatIsShownPriorsAsksForThem() {
        assertThat(methods(Methods::needsPriors)).containsExactly("rome");
    }

    @Test
    void imagesOfCoresetsAndOfGuardDependOnANaturalTeacher() {
        assertThat(methods(spec -> Methods.coreset(spec).isPresent())).containsExactly("herding", "kcenter");
        assertThat(methods(Methods::isTaught)).containsExactly("guard", "herding", "kcenter");
        assertThat(methods(spec -> Methods.curvature(spec) != 0)).containsExactly("guard");
    }
}
