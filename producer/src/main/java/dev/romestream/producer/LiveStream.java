package dev.romestream.producer;

import dev.romestream.experiments.WindowSettings;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.Backoff;
import dev.romestream.messaging.failure.Fault;
import dev.romestream.messaging.failure.UnavailableException;
import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.messaging.service.Resources;
import dev.romestream.messaging.thread.ServiceThread;
import dev.romestream.messaging.topic.DeadLetters;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.OffsetRange;
import dev.romestream.schemas.Split;
import dev.romestream.schemas.WindowRange;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CancellationException;
import java.util.function.IntConsumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A user's topic that is read for ever, window after window, on a thread of its own. It goes on where the {@link WindowLog} ends,
 * whoever wrote that.
 */
final class LiveStream implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(LiveStream.class);
    private static final long ROOM_MS = 500;
    private static final Duration FOR_EVER = Duration.ofMillis(-1);

    private final RomeConfig config;
    private final String id;
    private final DatasetSpec spec;
    private final WindowSettings settings;
    private final DatasetPublisher publisher;
    private final RecordSender sender;
    private final Needs needs;
    private final Progress progress;
    private final ServiceThread thread;
    private volatile boolean closed;

    /** What those who use a stream need of it. */
    interface Needs {
        /** Windows whose images stay. */
        int keep();

        /** Who still needs the images of a window, in words; empty where nobody does, and it may be retired. */
        Optional<String> whoNeeds(int window);
    }

    /** Is told how far a stream is. */
    interface Progress {
        /**
         * A window is being filled.
         *
         * @param total images; 0 where record time ends it
         * @param waiting what is waited for, where something is
         */
        void filling(int window, long images, long total, StreamReader.Lag lag, Optional<String> waiting);

        /** A window is on the topics. */
        void published(DatasetDescriptor window);

        /** The stream is read no further until somebody changes something. */
        void failed(String reason);
    }

    LiveStream(
            RomeConfig config,
            String id,
            DatasetSpec spec,
            DatasetPublisher publisher,
            RecordSender sender,
            Needs needs,
            Progress progress) {
        this.config = config;
        this.id = id;
        this.spec = spec;
        this.settings = WindowSettings.of(spec).orElseThrow();
        this.publisher = publisher;
        this.sender = sender;
        this.needs = needs;
        this.progress = progress;
        this.thread = ServiceThread.start("stream-" + id, this::run);
    }

    private void run() {
        try {
            Backoff.await(config.outages(), "the brokers", FOR_EVER, () -> {
                follow();
                return true;
            });
        } catch (CancellationException | InterruptException e) {
            if (!closed) {
                throw e;
            }
        } catch (ProducerFencedException | InvalidProducerEpochException e) {
            log.info("The stream {} is read by another producer now.", id);
        } catch (SourceException | AuthorizationException e) {
            progress.failed(e.getMessage());
        } catch (RuntimeException e) {
            log.error("The stream {} cannot be read", id, e);
            progress.failed("The stream " + id + " cannot be read: " + e);
        }
    }

    /** Reads on until this is closed. */
    private void follow() {
        Resources resources = new Resources();
        try {
            WindowLog windows = resources.add(WindowLog.open(
                    config, publisher, sender, id, settings.labelTopic().isPresent()));
            windows.last().ifPresent(progress::published);
            StreamReader reader = resources.add(new StreamReader(config, spec.getPath(), () -> closed));
            DeadLetters letters = resources.add(new DeadLetters(config));
            Optional<LateLabels> labels = settings.labelTopic()
                    .map(topic -> resources.add(new LateLabels(config, topic, settings.classes(), windows, letters)));
            while (!closed) {
                next(windows, reader, letters, labels);
            }
        } catch (KafkaException e) {
            throw foreseen(e);
        } finally {
            // what is closed is waited for, also where a wait has just been ended
            boolean interrupted = Thread.interrupted();
            resources.close();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Fills the next window and writes it. */
    private void next(WindowLog windows, StreamReader reader, DeadLetters letters, Optional<LateLabels> labels) {
        StreamReader.Source source = reader.source(waiting -> {
            tell(windows, waiting);
            labels.ifPresent(LateLabels::takeNew);
        });
        DatasetDescriptor last = windows.last()
                .filter(known -> known.getWindow().getTopicId().equals(source.topicId()))
                .orElseGet(() -> begin(windows, reader, source));
        WindowAssembly window = assembly(last);
        if (reader.fill(window, source, settings, new Listener(window, last, letters, labels))) {
            awaitRoom(windows, reader, window, source);
            progress.published(publish(windows, window, last.getWindow()));
            labels.ifPresent(LateLabels::takeNew);
        }
    }

    /** What a transaction fails with is over with its producer; another one goes on from what is on the topics. */
    private static RuntimeException foreseen(KafkaException failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ProducerFencedException
                    || cause instanceof InvalidProducerEpochException
                    || cause instanceof AuthorizationException
                    || cause instanceof InterruptException) {
                return (RuntimeException) cause;
            }
        }
        return Fault.of(failure) == Fault.UNFORESEEN
                ? new UnavailableException(failure.getMessage(), failure)
                : failure;
    }

    private void tell(WindowLog windows, String waiting) {
        int number =
                windows.last().map(last -> last.getWindow().getNumber() + 1).orElse(0);
        progress.filling(number, 0, 0, StreamReader.Lag.NONE, Optional.of(waiting));
    }

    /** Says where the stream begins, so that it begins there however often it is tried; another topic of the name is read from its beginning. */
    private DatasetDescriptor begin(WindowLog windows, StreamReader reader, StreamReader.Source source) {
        boolean isAnother = windows.last().isPresent();
        int number =
                windows.last().map(last -> last.getWindow().getNumber() + 1).orElse(0);
        if (isAnother) {
            log.warn(
                    "The topic {} was deleted and made again; it is another stream from window {} on.",
                    spec.getPath(),
                    number);
        }
        List<OffsetRange> ranges =
                reader.start(source, isAnother ? WindowSettings.Start.EARLIEST : settings.start(), settings.startMs());
        return windows.begin(
                WindowRange.newBuilder()
                        .setStream(id)
                        .setNumber(number)
                        .setTopic(spec.getPath())
                        .setTopicId(source.topicId())
                        .setPartitions(ranges)
                        .build(),
                needs.keep());
    }

    /** The window after {@code last}. */
    private WindowAssembly assembly(DatasetDescriptor last) {
        List<Integer> shape = last.getShape();
        ImageRecords records = shape.isEmpty()
                ? new ImageRecords(spec.getResize())
                : new ImageRecords(spec.getResize(), shape.get(1), shape.get(2));
        Long end = last.getWindow().getEnd();
        return new WindowAssembly(
                settings,
                records,
                settings.labelled() && last.getClasses().isEmpty() ? settings.classes() : last.getClasses(),
                StreamReader.ends(last.getWindow().getPartitions()),
                end == null ? OptionalLong.empty() : OptionalLong.of(end));
    }

    private DatasetDescriptor publish(WindowLog windows, WindowAssembly window, WindowRange last) {
        DatasetDescriptor known =
                windows.last().filter(any -> !any.getShape().isEmpty()).orElse(null);
        int number = last.getNumber() + 1;
        String name = spec.getPath() + "@" + number;
        ImageRecords records = window.records();
        ImageDataset.Images train = window.split(Split.TRAIN);
        ImageDataset.Images test = window.split(Split.TEST);
        ImageDataset dataset = known == null
                ? ImageDataset.measured(
                        name, window.classes(), ImageFile.CHANNELS, records.height(), records.width(), train, test)
                : new ImageDataset(
                        name,
                        window.classes(),
                        ImageFile.CHANNELS,
                        records.height(),
                        records.width(),
                        known.getMean(),
                        known.getStd(),
                        train,
                        test);
        WindowRange range = WindowRange.newBuilder()
                .setStream(id)
                .setNumber(number)
                .setTopic(spec.getPath())
                .setTopicId(last.getTopicId())
                .setPartitions(window.ranges())
                .setFirstTime(boxed(window.firstTime()))
                .setLastTime(boxed(window.lastTime()))
                .setEnd(boxed(window.nextBegin()))
                .setImages(window.images())
                .setLate(window.late())
                .setRefused(window.refused())
                .setMissed(window.missed())
                .setMissedOffsets(window.missedOffsets())
                .setMarks(window.marks())
                .build();
        IntConsumer written = count -> {
            if (closed) {
                throw new CancellationException("the producer is closing");
            }
        };
        DatasetDescriptor descriptor = windows.add(dataset, range, needs.keep(), written);
        log.info(
                "{}: {} images{}{}{}, offsets {}",
                name,
                window.images(),
                window.late() > 0 ? ", " + window.late() + " late" : "",
                window.refused() > 0 ? ", " + window.refused() + " records refused" : "",
                missed(window),
                range.getPartitions());
        return descriptor;
    }

    private static String missed(WindowAssembly window) {
        return window.gaps() == 0
                ? ""
                : ", missed " + window.missedOffsets() + " offsets in " + window.gaps() + " gaps, the first "
                        + window.missed().get(0);
    }

    /** Waits while somebody needs a window that would be retired. */
    private void awaitRoom(WindowLog windows, StreamReader reader, WindowAssembly window, StreamReader.Source source) {
        int number = windows.last().orElseThrow().getWindow().getNumber() + 1;
        Optional<String> user = needs.whoNeeds(number - needs.keep());
        while (user.isPresent()) {
            if (closed) {
                throw new CancellationException("the producer is closing");
            }
            progress.filling(number, window.images(), window.images(), reader.lag(window, source), user);
            try {
                Thread.sleep(ROOM_MS);
            } catch (InterruptedException e) {
                throw new InterruptException(e);
            }
            user = needs.whoNeeds(number - needs.keep());
        }
    }

    private static Long boxed(OptionalLong value) {
        return value.isPresent() ? value.getAsLong() : null;
    }

    /** Of one window: keeps what is no image, and tells how far it is. */
    private final class Listener implements StreamReader.Listener {
        private final WindowAssembly window;
        private final int number;
        private final DeadLetters letters;
        private final Optional<LateLabels> labels;

        Listener(WindowAssembly window, DatasetDescriptor last, DeadLetters letters, Optional<LateLabels> labels) {
            this.window = window;
            this.number = last.getWindow().getNumber() + 1;
            this.letters = letters;
            this.labels = labels;
        }

        @Override
        public void refused(ConsumerRecord<String, byte[]> record, SourceException reason) {
            letters.keep(record, new UnprocessableException(reason.getMessage(), reason), () -> true);
        }

        @Override
        public void filling(StreamReader.Lag lag, Optional<String> waiting) {
            progress.filling(number, window.images(), settings.images().orElse(0), lag, waiting);
            labels.ifPresent(LateLabels::takeNew);
        }
    }

    boolean isAlive() {
        return thread.isAlive();
    }

    @Override
    public void close() {
        closed = true;
        thread.stop();
    }
}
