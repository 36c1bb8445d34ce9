package dev.romestream.messaging.experiment;

import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.schemas.ExperimentStatus;
import dev.romestream.schemas.Phase;
import dev.romestream.schemas.Topic;

/** Tells the status topic how far one service is with one experiment. Progress is told a few times a second at most. */
public final class StatusReporter {
    private static final long INTERVAL_NANOS = 250_000_000;

    private final RecordSender sender;
    private final String experiment;
    private final String service;
    private String activity = "";
    private String unit = "";
    private long started;
    private long lastTold;
    private long doneAtStart;

    public StatusReporter(RecordSender sender, String experiment, String service) {
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
        tell(Phase.RUNNING, done, total, null);
    }

    /** So much of it is done. */
    public void progress(long done, long total) {
        if (System.nanoTime() - lastTold > INTERVAL_NANOS || done == total) {
            tell(Phase.RUNNING, done, total, null);
        }
    }

    /** The service is done with the experiment, one way or another, or waits. */
    public void phase(Phase phase, String what) {
        activity = what;
        tell(phase, 0, 0, null);
    }

    /** The service cannot go on with the experiment. */
    public void failed(String error) {
        activity = "failed";
        tell(Phase.FAILED, 0, 0, error);
    }

    /** The service goes on with the experiment without a part of it. */
    public void refused(String part, String error) {
        activity = part + " is refused";
        tell(Phase.RUNNING, 0, 0, error);
    }

    private void tell(Phase phase, long done, long total, String error) {
        lastTold = System.nanoTime();
        double seconds = (lastTold - started) / 1e9;
        ExperimentStatus status = ExperimentStatus.newBuilder()
                .setExperiment(experiment)
                .setService(service)
                .setPhase(phase)
                .setActivity(activity)
                .setDone(done)
                .setTotal(total)
                .setUnit(unit)
                .setRate(done > doneAtStart && seconds > 0 ? (done - doneAtStart) / seconds : 0)
                .setError(error)
                .setTime(System.currentTimeMillis())
                .build();
        sender.send(Topic.EXPERIMENT_STATUS, experiment + "/" + service, status);
    }
}
