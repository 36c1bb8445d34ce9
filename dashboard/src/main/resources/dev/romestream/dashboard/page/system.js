// Services, groups and dead letters.
import { call, entries, entry } from "./live.js";
import { progress } from "./experiments.js";
import { count, doing, duration, el, link, show, table, time } from "./dom.js";

export function open(page) {
  const health = el("section");
  const work = el("section");
  const groups = el("section");
  const requests = el("section");
  const letters = el("section");
  const letter = el("section.detail", { "aria-live": "polite" });
  page.append(el("h1", {}, "System"), health, work, groups, requests, letters, letter);

  const opened = one => doing(async () => {
    const { content } = await call("api/dead-letters/" + encodeURIComponent(one.id));
    let pretty = content;
    try { pretty = JSON.stringify(JSON.parse(content), null, 2); } catch { /* not decodable */ }
    show(letter, el("h3", {}, `Dead letter ${one.id}`), el("p", {}, one.reason), el("p", {}, `${one.topic}, partition ${one.partition}, offset ${one.offset}, key `, el("code", {}, one.key), `, ${count(one.bytes)} bytes`),
      el("button", { id: "replay", onclick: doing(() => call(`api/dead-letters/${encodeURIComponent(one.id)}/replay`, {}), answer => `It stands at ${answer.place} of ${one.topic} now.`) }, "Replay: write it to its topic again"),
      el("pre", { tabindex: "0" }, pretty));
    letter.scrollIntoView({ block: "nearest" });
  });

  return {
    draw() {
      const system = entry("system", "");
      show(health, el("h2", {}, "Services"), system?.waitsFor ? el("p.bad", {}, "The dashboard waits for " + system.waitsFor) : null,
        system?.services.length ? table("Services", ["service", "ready", "reason"],
          system.services.map(one => [one.name, el("span.phase." + (one.ready ? "completed" : "failed"), {}, one.ready ? "ready" : "not ready"), one.reason]))
          : el("p.hint", {}, "No health addresses are set (dashboard.services)."));
      const told = [...entries("experiment").values()].flatMap(row => row.progress.filter(status => status.phase === "running").map(status => ({ row, status })));
      show(work, el("h2", {}, "At work"), told.length ? table("At work", ["service", "instance", "experiment", "what"],
        told.slice(0, 100).map(({ row, status }) => [status.service, status.instance, el("a", { href: link("experiment", row.id) }, row.name), progress(status)])) : el("p.hint", {}, "Nothing is being done."));
      show(groups, el("h2", {}, "Work waiting"), system?.groups.length ? table("Work waiting", ["group", "kind", "members", "records not yet done", "oldest"],
        system.groups.map(group => [group.id, group.type, group.members, count(group.waiting), group.oldestSeconds ? duration(group.oldestSeconds) : ""])) : el("p.hint", {}, "The brokers have told of no group yet."));
      const asked = Object.entries(system?.requests ?? {}).sort((a, b) => b[1] - a[1]);
      show(requests, ...asked.length ? [el("h2", {}, "Attacks asked for"), table("Attacks asked for", ["evaluation", "requests out"], asked.slice(0, 100).map(([key, number]) => [key, count(number)]))] : []);
      const dead = entry("dead-letters", "");
      const counts = Object.entries(dead?.counts ?? {}).flatMap(([topic, causes]) => Object.entries(causes).map(([cause, number]) => [topic, cause, number])).sort((a, b) => b[2] - a[2]);
      show(letters, el("h2", {}, "Dead letters"), counts.length ? [table("Dead letters by cause", ["topic", "cause", "letters"], counts.map(([topic, cause, number]) => [topic, cause, count(number)])),
        table("The newest dead letters", ["letter", "time", "from", "reason", "bytes"], dead.newest.map(one => [
          el("button.plain", { id: "letter-" + one.id, "aria-label": "Open letter " + one.id, onclick: opened(one) }, one.id), time(one.time), `${one.topic} ${one.partition}/${one.offset}`, one.reason.slice(0, 200), count(one.bytes)]))]
        : el("p.hint", {}, "None."));
    },
  };
}
