package dev.romestream.attacker;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.schemas.AttackProgress;
import dev.romestream.schemas.AttackRequest;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.UUID;

/** Tells tallies which of their requests are in hand here, and knows of those that are in hand anywhere. Safe for several threads. */
final class RequestProgress implements AutoCloseable {
    /** Often enough for the shortest patience, which is a second. */
    private static final Duration EVERY = Duration.ofMillis(500);
    /** As many as all attackers may have had in hand for as long as their topic keeps it. */
    private static final int MOST = 100_000;

    private final String attacker = UUID.randomUUID().toString();
    private final RecordSender sender;
    private final Cache<String, Long> newest =
            Caffeine.newBuilder().maximumSize(MOST).build();
    private final Cache<String, Boolean> reported =
            Caffeine.newBuilder().maximumSize(MOST).expireAfterWrite(EVERY).build();
    private final RecordReader<AttackProgress> reader;

    /** @param sender stays the caller's */
    RequestProgress(RomeConfig config, RecordSender sender) {
        this.sender = sender;
        this.reader = new RecordReader<>(
                config, Topic.ATTACK_PROGRESS, AttackProgress.class, (key, progress) -> accept(progress));
    }

    private void accept(AttackProgress progress) {
        if (progress != null && progress.getOutcome() == null) {
            newest.asMap().merge(progress.getRequest(), progress.getAskedAt(), Math::max);
        }
    }

    /** Whether the same was asked for again, and that has been in hand. */
    boolean isSuperseded(AttackRequest request) {
        Long later = newest.getIfPresent(request.getId());
        return later != null && later > request.getAskedAt();
    }

    /** Tells that a request has left the queue. */
    void tell(AttackRequest request) {
        if (!request.getPlan().isEmpty()) {
            reported.put(request.getId(), true);
            sender.send(
                    Topic.ATTACK_PROGRESS,
                    request.getReplyKey(),
                    AttackProgress.newBuilder()
                            .setPlan(request.getPlan())
                            .setRequest(request.getId())
                            .setAttempt(request.getAttempt())
                            .setAskedAt(request.getAskedAt())
                            .setAttacker(attacker)
                            .build());
        }
    }

    /** Tells that it is still in hand, where that was not said just before. */
    void tellAgain(AttackRequest request) {
        if (reported.getIfPresent(request.getId()) == null) {
            tell(request);
        }
    }

    @Override
    public void close() {
        reader.close();
    }
}
