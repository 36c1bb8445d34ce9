package dev.romestream.messaging.serde;

import java.util.Map;
import org.apache.avro.Schema;

/** Under which subject a schema is registered; Confluent's three strategies, selected by their class names. */
enum SubjectNameStrategy {
    TOPIC {
        @Override
        String subject(String topic, boolean key, Schema schema) {
            return topic + (key ? "-key" : "-value");
        }
    },
    RECORD {
        @Override
        String subject(String topic, boolean key, Schema schema) {
            return schema.getFullName();
        }
    },
    TOPIC_RECORD {
        @Override
        String subject(String topic, boolean key, Schema schema) {
            return topic + "-" + schema.getFullName();
        }
    };

    abstract String subject(String topic, boolean key, Schema schema);

    static SubjectNameStrategy of(Map<String, ?> settings, boolean key) {
        String name = (key ? "key" : "value") + ".subject.name.strategy";
        Object given = settings.get(name);
        if (given == null) {
            return TOPIC;
        }
        String simple = given.toString().substring(given.toString().lastIndexOf('.') + 1);
        return switch (simple) {
            case "TopicNameStrategy" -> TOPIC;
            case "RecordNameStrategy" -> RECORD;
            case "TopicRecordNameStrategy" -> TOPIC_RECORD;
            default ->
                throw new IllegalArgumentException(name + " is " + given
                        + "; allowed are TopicNameStrategy, RecordNameStrategy and TopicRecordNameStrategy.");
        };
    }
}
