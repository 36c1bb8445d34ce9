package dev.romestream.client.gate;

import dev.romestream.client.table.TableText;
import java.io.StringWriter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/** The checks of a gate, for people and for what builds. */
public final class GateReport {
    private GateReport() {}

    private static String number(Optional<Double> value) {
        return value.map(number -> String.format(Locale.ROOT, "%.1f", number)).orElse("undefined");
    }

    /** What failed, a line each. */
    public static List<String> failures(List<GateCheck> checks) {
        return checks.stream()
                .filter(GateCheck::failed)
                .map(check -> "%s, %s %s, %s: %s"
                        .formatted(
                                check.network(),
                                check.suite(),
                                check.mode(),
                                check.metric(),
                                check.failure().orElseThrow()))
                .toList();
    }

    /** A table of all. */
    public static String markdown(List<GateCheck> checks) {
        long failed = checks.stream().filter(GateCheck::failed).count();
        StringBuilder page = new StringBuilder("## Robustness: %s\n\n"
                .formatted(
                        failed == 0
                                ? "all %d checks hold".formatted(checks.size())
                                : "%d of %d checks fail".formatted(failed, checks.size())));
        page.append(
                "| | network | suite | mode | metric | value, % | baseline, % | asked | |\n|---|---|---|---|---|---|---|---|---|\n");
        for (GateCheck check : checks) {
            page.append("| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n"
                    .formatted(
                            check.failed() ? "❌" : "✅",
                            TableText.escaped(check.network()),
                            TableText.escaped(check.suite()),
                            check.mode(),
                            TableText.escaped(check.metric()),
                            number(check.value()),
                            check.baseline().isPresent() ? number(check.baseline()) : "",
                            check.asked(),
                            TableText.escaped(check.failure().orElse(""))));
        }
        return page.toString();
    }

    /** The file that continuous integration reads: a test case for each check. */
    public static String junit(List<GateCheck> checks) {
        StringWriter text = new StringWriter();
        try {
            XMLStreamWriter xml = XMLOutputFactory.newFactory().createXMLStreamWriter(text);
            xml.writeStartDocument("UTF-8", "1.0");
            xml.writeStartElement("testsuite");
            xml.writeAttribute("name", "rome evaluate");
            xml.writeAttribute("tests", Integer.toString(checks.size()));
            xml.writeAttribute(
                    "failures",
                    Long.toString(checks.stream().filter(GateCheck::failed).count()));
            for (GateCheck check : checks) {
                xml.writeStartElement("testcase");
                xml.writeAttribute("classname", check.network() + "." + check.suite() + "." + check.mode());
                xml.writeAttribute("name", check.metric() + " " + check.asked());
                if (check.failed()) {
                    xml.writeStartElement("failure");
                    xml.writeAttribute("message", check.failure().orElseThrow());
                    xml.writeEndElement();
                }
                xml.writeEndElement();
            }
            xml.writeEndElement();
            xml.writeEndDocument();
            xml.close();
            return text + "\n";
        } catch (XMLStreamException e) {
            throw new IllegalStateException("A string takes every text.", e);
        }
    }
}
