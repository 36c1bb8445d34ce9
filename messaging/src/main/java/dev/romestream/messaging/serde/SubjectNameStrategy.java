package dev.romestream.messaging.serde;

import java.util.Arrays;
import java.util.Map;
import org.apache.avro.Schema;

/** Under which subject a schema is registered; Confluent's three strategies, selected by their class names. */
public enum SubjectNameStrategy {
    TOPIC("TopicNameStrategy") {
        @Override
        public String subject(String topic, boolean key, Schema schema) {
            return topic + (key ? "-key" : "-value");
        }
    },
    RECORD("RecordNameStrategy") {
        @Override
        public String subject(String topic, boolean key, Schema schema) {
            return schema.getFullName();
        }
    },
    TOPIC_RECORD("TopicRecordNameStrategy") {
        @Override
        public String subject(String topic, boolean key, Schema schema) {
            return topic + "-" + schema.getFullName();
        }
    };

    private final String confluentName;

    SubjectNameStrategy(String confluentName) {
        this.confluentName = confluentName;
    }

    /** The simple name of Confluent's class. */
    public String confluentName() {
        return confluentName;
    }

    /** The subject of a topic's keys or values. */
    public abstract String subject(String topic, boolean key, Schema schema);

    /** The one that the serde's settings name by its class. */
    public static SubjectNameStrategy of(Map<String, ?> settings, boolean key) {
        String name = (key ? "key" : "value") + ".subject.name.strategy";
        Object wanted = settings.get(name);
        if (wanted == null) {
            return TOPIC;
        }
        String simple = wanted.toString().substring(wanted.toString().lastIndexOf('.') + 1);
        return Arrays.stream(values())
                .filter(strategy -> strategy.confluentName.equals(simple))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(name + " is " + wanted
                        + "; allowed are TopicNameStrategy, RecordNameStrategy and TopicRecordNameStrategy."));
    }
}
