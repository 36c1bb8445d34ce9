package dev.romestream.experiments;

import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.ExperimentStatus;
import dev.romestream.schemas.Phase;
import dev.romestream.schemas.Topic;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/** Reports to the status topic how far one service is with one experiment; progress a few times a second at most. */
public final class StatusReporter {
    private static final long INTERVAL_NANOS = 250_000_000;
    private static final String INSTANCE = ProcessHandle.current().pid() + "@" + hostName();

    private final RecordSender sender;
    private final Experiment experiment;
    private final String service;
    private String activity = "";
    private String unit = "";
    private long started;
    private long reportedAt;
    private long lastDone;
    private long lastTotal;
    private long doneAtStart;

    public StatusReporter(RecordSender sender, Experiment experiment, String service) {
        this.sender = sender;
        this.experiment = experiment;
        this.service = service;
    }

    /** A new piece of work begins. */
    public void begin(String what, String countedIn, long done, long total) {
        activity = what;
        unit = countedIn;
        started = System.nanoTime();
        doneAtStart = done;
        report(Phase.RUNNING, done, total, null);
    }

    /** So much of it is done. */
    public void progress(long done, long total) {
        if (System.nanoTime() - reportedAt > INTERVAL_NANOS || done == total) {
            report(Phase.RUNNING, done, total, null);
        }
    }

    /** The service is done with the experiment, one way or another, or waits. */
    public void phase(Phase phase, String what) {
        activity = what;
        report(phase, 0, 0, null);
    }

    /** The service cannot go on with the experiment. */
    public void failed(String error) {
        activity = "failed";
        report(Phase.FAILED, 0, 0, error);
    }

    /** The service waits for something in the midst of a piece of work. */
    public void waits(String what) {
        String usual = activity;
        activity = what;
        report(Phase.RUNNING, lastDone, lastTotal, null);
        activity = usual;
    }

    /** A status without progress. */
    public static ExperimentStatus status(
            Experiment experiment, String service, Phase phase, String activity, Optional<String> error) {
        return ExperimentStatus.newBuilder()
                .setExperiment(experiment.getId())
                .setService(service)
                .setRun(experiment.getRun())
                .setInstance(INSTANCE)
                .setPhase(phase)
                .setActivity(activity)
                .setError(error.orElse(null))
                .setTime(System.currentTimeMillis())
                .build();
    }

    private void report(Phase phase, long done, long total, String error) {
        reportedAt = System.nanoTime();
        lastDone = done;
        lastTotal = total;
        double seconds = (reportedAt - started) / 1e9;
        ExperimentStatus status = status(experiment, service, phase, activity, Optional.ofNullable(error));
        status.setDone(done);
        status.setTotal(total);
        status.setUnit(unit);
        status.setRate(done > doneAtStart && seconds > 0 ? (done - doneAtStart) / seconds : 0);
        sender.send(Topic.EXPERIMENT_STATUS, experiment.getId() + "/" + service, status);
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }
}
