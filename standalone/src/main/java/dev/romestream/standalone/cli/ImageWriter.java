package dev.romestream.standalone.cli;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.producer.ImageStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.LongPredicate;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Writes a stream's images to a topic, as a camera would: the class is the key or, where labels come later on a topic of their own, the
 * image's number. Where a drift begins or ends, the header mark says so.
 */
final class ImageWriter {
    private static final long TELL_NANOS = 2_000_000_000L;

    private final RomeConfig config;
    private final String topic;
    private final ImageStream stream;
    private final double rate;
    private final Optional<Double> test;
    private final Optional<Labels> labels;

    /**
     * Labels that come later, keyed as the images.
     *
     * @param lag images by which they do
     */
    record Labels(String topic, int lag) {}

    /**
     * Prepares to write.
     *
     * @param rate images a second; 0 for as many as the brokers take
     * @param test share of the images with the header split=test; empty for no such header
     * @param labels empty where the keys are the labels
     */
    ImageWriter(
            RomeConfig config,
            String topic,
            ImageStream stream,
            double rate,
            Optional<Double> test,
            Optional<Labels> labels) {
        this.config = config;
        this.topic = topic;
        this.stream = stream;
        this.rate = rate;
        this.test = test;
        this.labels = labels;
    }

    /** Makes what is not there of its topics, and returns their names. */
    List<String> create(int partitions) {
        List<String> topics = new ArrayList<>(List.of(topic));
        labels.ifPresent(later -> topics.add(later.topic()));
        topics.removeIf(name -> !create(name, partitions));
        return topics;
    }

    private boolean create(String name, int partitions) {
        try (Admin admin = config.clients().admin("stream", config.admin())) {
            admin.createTopics(List.of(new NewTopic(name, Optional.of(partitions), Optional.empty())))
                    .all()
                    .get();
            return true;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof TopicExistsException) {
                return false;
            }
            throw new FailureException("The topic " + name + " cannot be created at " + config.bootstrapServers() + ": "
                    + e.getCause().getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new FailureException("Interrupted.");
        }
    }

    /**
     * Writes images from one on.
     *
     * @param images the most to write
     * @param isOver is given the milliseconds until the next image is due, waits for them, and says whether to end
     * @param tell is told how far it is
     * @return images written
     */
    @SuppressWarnings("FutureReturnValueIgnored") // the callback keeps the failure
    long write(long first, long images, LongPredicate isOver, Consumer<String> tell) {
        Map<String, Object> settings = config.producer();
        settings.remove("value.serializer");
        AtomicReference<Exception> failure = new AtomicReference<>();
        Callback told = (metadata, exception) -> {
            if (exception != null) {
                failure.set(exception);
            }
        };
        Deque<ProducerRecord<String, byte[]>> later = new ArrayDeque<>();
        long sent = 0;
        long began = System.nanoTime();
        long toldAt = began;
        String drift = "";
        try (KafkaProducer<String, byte[]> producer =
                config.clients().producer("stream", settings, new StringSerializer(), new ByteArraySerializer())) {
            while (sent < images && failure.get() == null && !isOver.test(untilDue(sent, began))) {
                long number = first + sent;
                ImageStream.Image image = stream.image(number);
                ProducerRecord<String, byte[]> record = record(number, image);
                String drifting = stream.driftAt(number);
                if (!drifting.equals(drift)) {
                    String mark = drifting.isEmpty() ? "no drift" : drifting;
                    tell.accept("from image " + number + " on: " + mark);
                    record.headers().add("mark", mark.getBytes(StandardCharsets.UTF_8));
                    drift = drifting;
                }
                producer.send(record, told);
                labels.ifPresent(own -> later.add(new ProducerRecord<>(
                        own.topic(),
                        record.key(),
                        Integer.toString(image.number()).getBytes(StandardCharsets.UTF_8))));
                if (labels.isPresent() && later.size() > labels.get().lag()) {
                    producer.send(later.remove(), told);
                }
                sent++;
                if (System.nanoTime() - toldAt > TELL_NANOS) {
                    toldAt = System.nanoTime();
                    tell.accept(String.format(
                            Locale.ROOT,
                            "%d%s images, %.0f a second",
                            sent,
                            images == Long.MAX_VALUE ? "" : " of " + images,
                            sent * 1e9 / (toldAt - began)));
                }
            }
            later.forEach(label -> producer.send(label, told));
            producer.flush();
        }
        if (failure.get() != null) {
            throw new FailureException(
                    "The brokers did not take a record: " + failure.get().getMessage());
        }
        return sent;
    }

    private long untilDue(long sent, long began) {
        return rate == 0 ? 0 : (long) (began + sent * 1e9 / rate - System.nanoTime()) / 1_000_000;
    }

    private ProducerRecord<String, byte[]> record(long number, ImageStream.Image image) {
        String key = labels.isPresent() ? "image-" + number : image.label();
        ProducerRecord<String, byte[]> record = new ProducerRecord<>(topic, key, image.png());
        test.ifPresent(share -> {
            boolean isTest = Math.floor((number + 1) * share) > Math.floor(number * share);
            record.headers().add("split", (isTest ? "test" : "train").getBytes(StandardCharsets.UTF_8));
        });
        return record;
    }
}
