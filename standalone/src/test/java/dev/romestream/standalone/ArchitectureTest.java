package dev.romestream.standalone;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import ai.djl.ndarray.NDArray;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Arrows between modules and packages go one way. */
class ArchitectureTest {
    private static final String ROOT = "dev.romestream";
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(ROOT);
    private static final List<String> SERVICES = List.of("producer", "distiller", "attacker", "evaluator");

    private static String in(String module) {
        return ROOT + "." + module + "..";
    }

    @ParameterizedTest
    @ValueSource(strings = {"messaging", "exchange", "evaluator", "client", "dashboard", "standalone"})
    void packagesOfAModuleHaveNoCycles(String module) {
        slices().matching(ROOT + "." + module + ".(*)..")
                .should()
                .beFreeOfCycles()
                .check(CLASSES);
    }

    @Test
    void theLibraryKnowsNeitherKafkaNorAvro() {
        noClasses()
                .that()
                .resideInAPackage(in("robustness"))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.apache.kafka..", "org.apache.avro..", in("schemas"), in("messaging"))
                .check(CLASSES);
    }

    /** DJL lets go of the number's memory before the backward pass reads it; {@code Scalars} does not. */
    @Test
    void nobodyMultipliesArraysByNumbersInTheWayOfDjl() {
        for (String operation :
                List.of("mul", "div", "pow", "mod", "maximum", "minimum", "muli", "divi", "powi", "modi")) {
            noClasses()
                    .should()
                    .callMethod(NDArray.class, operation, Number.class)
                    .check(CLASSES);
        }
    }

    @Test
    void messagingKnowsNeitherExperimentsNorTensors() {
        noClasses()
                .that()
                .resideInAPackage(in("messaging"))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("ai.djl..", in("robustness"), in("exchange"), in("experiments"))
                .orShould()
                .dependOnClassesThat()
                .haveNameMatching(
                        "dev\\.romestream\\.schemas\\.(?!Topic|WorkGroup|RecordChecks|Ranges|ContractException|InternalRecords|Chunk).*")
                .check(CLASSES);
    }

    @Test
    void servicesDependOnTopicsNotOnEachOther() {
        for (String service : SERVICES) {
            String[] others = SERVICES.stream()
                    .filter(other -> !other.equals(service))
                    .map(ArchitectureTest::in)
                    .toArray(String[]::new);
            noClasses()
                    .that()
                    .resideInAPackage(in(service))
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(others)
                    .orShould()
                    .dependOnClassesThat()
                    .resideInAnyPackage(in("client"), in("standalone"))
                    .check(CLASSES);
        }
    }

    /** What the command line and a dashboard share needs neither a service nor an engine. */
    @Test
    void clientsNeedNoService() {
        noClasses()
                .that()
                .resideInAPackage(in("client"))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("ai.djl..", in("standalone"), in("producer"), in("distiller"), in("attacker"))
                .orShould()
                .dependOnClassesThat()
                .resideInAPackage(in("evaluator"))
                .check(CLASSES);
    }

    @Test
    void aDashboardNeedsNeitherAServiceNorAnEngine() {
        noClasses()
                .that()
                .resideInAPackage(in("dashboard"))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "ai.djl..", in("standalone"), in("producer"), in("distiller"), in("attacker"), in("evaluator"))
                .check(CLASSES);
    }

    @Test
    void anAttackerKnowsNeitherExperimentsNorEvaluations() {
        noClasses()
                .that()
                .resideInAPackage(in("attacker"))
                .should()
                .dependOnClassesThat()
                .haveNameMatching("dev\\.romestream\\.(schemas|experiments)\\.(Experiment|Evaluation).*")
                .check(CLASSES);
    }
}
