package dev.romestream.dashboard.live;

import dev.romestream.dashboard.live.LiveState.Kind;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.service.Service;
import dev.romestream.messaging.thread.ServiceThread;
import dev.romestream.messaging.topic.TopicNames;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListShareGroupOffsetsSpec;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks the brokers for what waits in each group, and services for their health, every few seconds; all of it as gauges, too. */
public final class SystemView implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(SystemView.class);
    private static final long EVERY_MS = 3_000;
    private static final long ADMIN_LIMIT_SECONDS = 10;
    /** Three minutes. */
    private static final int TREND = 60;

    private final RomeConfig config;
    private final LiveState state;
    private final Admin admin;
    private final MultiGauge waiting;
    private final MultiGauge members;
    private final MultiGauge oldest;
    private final WaitingRecords records;
    private final MultiGauge ready;
    private final String prefix;
    private final ServiceView services;
    private final ServiceThread thread;

    /** What waited in each group, the newest last. */
    private final Map<String, Deque<Long>> trends = new HashMap<>();

    /** Groups of which it has been said that nothing is known. */
    private final Set<String> untold = new HashSet<>();

    /** @throws IllegalArgumentException where dashboard.services is not what it should be */
    public SystemView(RomeConfig config, LiveState state, MeterRegistry metrics) {
        this.config = config;
        this.state = state;
        this.prefix = TopicNames.of(config).prefix();
        this.services = new ServiceView(config, metrics);
        this.waiting = MultiGauge.builder("rome.group.waiting")
                .description("Records that a group has not read or acknowledged yet")
                .register(metrics);
        this.members = MultiGauge.builder("rome.group.members")
                .description("Members of a group")
                .register(metrics);
        this.oldest = MultiGauge.builder("rome.group.oldest")
                .baseUnit("seconds")
                .description("Age of the first record that a group has not dealt with; 0 where it goes on")
                .register(metrics);
        this.ready = MultiGauge.builder("rome.service.ready")
                .description("Whether a service that the dashboard asks is ready")
                .register(metrics);
        this.admin = config.clients().admin("system", config.admin());
        this.records = new WaitingRecords(config, Clock.systemUTC());
        this.thread = ServiceThread.start("dashboard-system", this::run);
    }

    private void run() {
        try {
            while (true) {
                List<Map<String, Object>> health = services.health();
                List<Map<String, Object>> groups = groups();
                groups.forEach(this::remember);
                if (!groups.isEmpty()) {
                    trends.keySet()
                            .retainAll(groups.stream()
                                    .map(group -> group.get("id"))
                                    .collect(Collectors.toSet()));
                }
                Map<String, Object> system = new LinkedHashMap<>();
                system.put("waitsFor", config.outages().describe().orElse(null));
                system.put("services", health);
                system.put("groups", groups);
                system.put("requests", services.requests());
                state.put(Kind.SYSTEM, "", "", system);
                ready.register(
                        rows(
                                worst(health),
                                "name",
                                "target",
                                one -> one.get("ready").equals(true) ? 1 : 0),
                        true);
                waiting.register(rows(groups, "id", "group", group -> (Number) group.get("waiting")), true);
                oldest.register(rows(groups, "id", "group", group -> (Number) group.get("oldestSeconds")), true);
                members.register(rows(groups, "id", "group", group -> (Number) group.get("members")), true);
                Thread.sleep(EVERY_MS);
            }
        } catch (InterruptedException | InterruptException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Of several of a name, one that is not ready, where one is not. */
    private static List<Map<String, Object>> worst(List<Map<String, Object>> health) {
        Map<Object, Map<String, Object>> byName = new LinkedHashMap<>();
        health.forEach(one -> byName.merge(
                one.get("name"), one, (before, other) -> before.get("ready").equals(true) ? other : before));
        return List.copyOf(byName.values());
    }

    private void remember(Map<String, Object> group) {
        Deque<Long> trend = trends.computeIfAbsent((String) group.get("id"), any -> new ArrayDeque<>());
        trend.addLast((Long) group.get("waiting"));
        if (trend.size() > TREND) {
            trend.removeFirst();
        }
        group.put("trend", List.copyOf(trend));
    }

    /** Shows services of this process, too. */
    public void beside(List<Service> others) {
        services.beside(others);
    }

    private static List<MultiGauge.Row<?>> rows(
            List<Map<String, Object>> lines, String key, String tag, Function<Map<String, Object>, Number> value) {
        List<MultiGauge.Row<?>> rows = new ArrayList<>();
        lines.forEach(line -> rows.add(MultiGauge.Row.of(Tags.of(tag, (String) line.get(key)), value.apply(line))));
        return rows;
    }

    /** Of each group of this prefix, what it has not yet read or acknowledged; without the brokers, none. */
    private List<Map<String, Object>> groups() throws InterruptedException {
        List<Map<String, Object>> groups = new ArrayList<>();
        records.turn();
        try {
            for (GroupListing group : await(admin.listGroups().all())) {
                if (group.groupId().startsWith(prefix)) {
                    known(group).ifPresent(groups::add);
                }
            }
        } catch (ExecutionException | TimeoutException e) {
            log.debug("The brokers tell nothing of their groups", e);
        }
        groups.sort(Comparator.comparing(group -> (String) group.get("id")));
        return groups;
    }

    /** Empty for one that is gone meanwhile, or of a kind of its own; that one does not hide the others. */
    private Optional<Map<String, Object>> known(GroupListing group) throws InterruptedException, TimeoutException {
        try {
            Map<String, Object> known = group(group);
            untold.remove(group.groupId());
            return Optional.of(known);
        } catch (ExecutionException e) {
            if (untold.add(group.groupId())) {
                log.warn("The brokers tell nothing of the group {}: {}", group.groupId(), e.getMessage());
            }
            return Optional.empty();
        }
    }

    private Map<String, Object> group(GroupListing group)
            throws InterruptedException, ExecutionException, TimeoutException {
        String id = group.groupId();
        Map<TopicPartition, LongFunction<WaitingRecords.Waiting>> at = new LinkedHashMap<>();
        int members =
                group.type().filter(GroupType.SHARE::equals).isPresent() ? shareGroup(id, at) : consumerGroup(id, at);
        Map<TopicPartition, OffsetSpec> ends = new LinkedHashMap<>();
        at.keySet().forEach(partition -> ends.put(partition, OffsetSpec.latest()));
        long waiting = 0;
        long oldestSeconds = 0;
        for (var end : await(admin.listOffsets(ends).all()).entrySet()) {
            WaitingRecords.Waiting here =
                    at.get(end.getKey()).apply(end.getValue().offset());
            waiting += here.records();
            oldestSeconds = Math.max(oldestSeconds, here.oldestSeconds());
        }
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("id", id);
        values.put("type", group.type().map(GroupType::toString).orElse("").toLowerCase(java.util.Locale.ROOT));
        values.put("members", members);
        values.put("waiting", waiting);
        values.put("oldestSeconds", oldestSeconds);
        return values;
    }

    /** Puts what waits in each partition, by its end, into {@code at}; gives the number of members. */
    private int shareGroup(String id, Map<TopicPartition, LongFunction<WaitingRecords.Waiting>> at)
            throws InterruptedException, ExecutionException, TimeoutException {
        await(admin.listShareGroupOffsets(Map.of(id, new ListShareGroupOffsetsSpec()))
                        .partitionsToOffsetInfo(id))
                .forEach((partition, info) -> {
                    if (info != null && info.startOffset() >= 0) {
                        at.put(partition, end -> records.at(id, partition, info, end));
                    }
                });
        return await(admin.describeShareGroups(List.of(id)).all())
                .get(id)
                .members()
                .size();
    }

    /** As {@link #shareGroup}. */
    private int consumerGroup(String id, Map<TopicPartition, LongFunction<WaitingRecords.Waiting>> at)
            throws InterruptedException, ExecutionException, TimeoutException {
        await(admin.listConsumerGroupOffsets(id).partitionsToOffsetAndMetadata())
                .forEach((partition, offset) -> {
                    if (offset != null) {
                        at.put(partition, end -> records.at(id, partition, offset.offset(), end));
                    }
                });
        return await(admin.describeConsumerGroups(List.of(id)).all())
                .get(id)
                .members()
                .size();
    }

    private static <T> T await(KafkaFuture<T> future)
            throws InterruptedException, ExecutionException, TimeoutException {
        return future.get(ADMIN_LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        thread.stop();
        admin.close(Duration.ofSeconds(1));
        records.close();
    }
}
