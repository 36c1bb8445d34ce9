package dev.romestream.experiments;

import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.ExperimentStatus;
import dev.romestream.schemas.Phase;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** How far an experiment is as a whole, from what each service says of it. */
public final class ExperimentPhase {
    /** An experiment is completed when these are. */
    public static final List<String> LAST_SERVICES = List.of("distiller", "evaluator");

    private ExperimentPhase() {}

    /** @param statuses of the run that the experiment is in */
    public static Phase of(Experiment experiment, Collection<ExperimentStatus> statuses) {
        Map<String, Phase> byService = statuses.stream()
                .collect(Collectors.toMap(ExperimentStatus::getService, ExperimentStatus::getPhase, (a, b) -> b));
        if (byService.containsValue(Phase.FAILED)) {
            return Phase.FAILED;
        }
        if (byService.containsValue(Phase.STOPPED) || experiment.getDesiredState() == DesiredState.STOP) {
            return Phase.STOPPED;
        }
        if (LAST_SERVICES.stream().allMatch(service -> byService.get(service) == Phase.COMPLETED)) {
            return Phase.COMPLETED;
        }
        if (experiment.getDesiredState() == DesiredState.PAUSE) {
            return Phase.PAUSED;
        }
        return byService.containsValue(Phase.RUNNING) ? Phase.RUNNING : Phase.WAITING;
    }
}
