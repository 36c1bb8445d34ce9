package dev.romestream.schemas;

import java.util.ArrayList;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.generic.IndexedRecord;

/** Checks numbers against the {@code minimum} and {@code maximum} that the schemas state. */
public final class Ranges {
    private Ranges() {}

    /** One sentence for each number out of its range, naming the field's path, the value and what is allowed. */
    public static List<String> violations(IndexedRecord record) {
        List<String> found = new ArrayList<>();
        collect("", record, found);
        return found;
    }

    private static void collect(String path, IndexedRecord record, List<String> found) {
        for (Schema.Field field : record.getSchema().getFields()) {
            String name = path + field.name();
            Object value = record.get(field.pos());
            if (value instanceof IndexedRecord nested) {
                collect(name + ".", nested, found);
            } else if (value instanceof List<?> items) {
                for (int i = 0; i < items.size(); i++) {
                    if (items.get(i) instanceof IndexedRecord item) {
                        collect(name + "[" + i + "].", item, found);
                    }
                }
            } else if (value instanceof Number number) {
                check(name, number, field, found);
            }
        }
    }

    private static void check(String name, Number number, Schema.Field field, List<String> found) {
        double value = number.doubleValue();
        Object minimum = field.getObjectProp("minimum");
        Object maximum = field.getObjectProp("maximum");
        if (!Double.isFinite(value)) {
            found.add(name + " is " + number + "; give a finite number.");
        } else if (minimum instanceof Number least && value < least.doubleValue()) {
            found.add(name + " is " + number + "; the least allowed is " + least + ".");
        } else if (maximum instanceof Number most && value > most.doubleValue()) {
            found.add(name + " is " + number + "; the most allowed is " + most + ".");
        }
    }
}
