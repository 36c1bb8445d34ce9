// Services, groups and dead letters.
import { call, entries, entry } from "./live.js";
import { progress } from "./experiments.js";
import { count, doing, el, link, show, time } from "./dom.js";

export function open(page) {
  const health = el("section");
  const work = el("section");
  const groups = el("section");
  const letters = el("section");
  const letter = el("section.detail", { "aria-live": "polite" });
  page.append(el("h1", {}, "System"), health, work, groups, letters, letter);

  const opened = one => doing(async () => {
    const { content } = await call("api/dead-letters/" + encodeURIComponent(one.id));
    let pretty = content;
    try { pretty = JSON.stringify(JSON.parse(content), null, 2); } catch { /* not decodable */ }
    show(letter, el("h3", {}, `Dead letter ${one.id}`), el("p", {}, one.reason), el("p", {}, `${one.topic}, partition ${one.partition}, offset ${one.offset}, key `, el("code", {}, one.key), `, ${count(one.bytes)} bytes`),
      el("button", { id: "replay", onclick: doing(() => call(`api/dead-letters/${encodeURIComponent(one.id)}/replay`, {}), answer => `It stands at ${answer.place} of ${one.topic} now.`) }, "Replay: write it to its topic again"),
      el("pre", { tabindex: "0" }, pretty));
    // the button's listener is lost where the same was shown before
    letter.querySelector("#replay").scrollIntoView({ block: "nearest" });
  });

  return {
    draw() {
      const system = entry("system", "");
      show(health, el("h2", {}, "Services"), system?.waitsFor ? el("p.bad", {}, "The dashboard waits for " + system.waitsFor) : null,
        system?.services.length ? el("table", {}, el("thead", {}, el("tr", {}, ["service", "ready", "reason"].map(name => el("th", { scope: "col" }, name)))),
          el("tbody", {}, system.services.map(one => el("tr", {}, el("th", { scope: "row" }, one.name), el("td", {}, el("span.phase." + (one.ready ? "completed" : "failed"), {}, one.ready ? "ready" : "not ready")), el("td", {}, one.reason)))))
          : el("p.hint", {}, "No health addresses are set (dashboard.services)."));
      const told = [...entries("experiment").values()].flatMap(row => row.progress.filter(status => status.phase === "running").map(status => ({ row, status })));
      show(work, el("h2", {}, "At work"), told.length ? el("table", {}, el("thead", {}, el("tr", {}, ["service", "instance", "experiment", "what"].map(name => el("th", { scope: "col" }, name)))),
        el("tbody", {}, told.slice(0, 100).map(({ row, status }) => el("tr", {}, el("th", { scope: "row" }, status.service), el("td", {}, status.instance), el("td", {}, el("a", { href: link("experiment", row.id) }, row.name)), el("td", {}, progress(status))))))
        : el("p.hint", {}, "Nothing is being done."));
      show(groups, el("h2", {}, "Work waiting"), system?.groups.length ? el("table", {}, el("thead", {}, el("tr", {}, ["group", "kind", "members", "records not yet done"].map(name => el("th", { scope: "col" }, name)))),
        el("tbody", {}, system.groups.map(group => el("tr", {}, el("th", { scope: "row" }, group.id), el("td", {}, group.type), el("td", {}, group.members), el("td", {}, count(group.waiting)))))) : el("p.hint", {}, "The brokers have told of no group yet."));
      const dead = entry("dead-letters", "");
      const counts = Object.entries(dead?.counts ?? {}).flatMap(([topic, causes]) => Object.entries(causes).map(([cause, number]) => ({ topic, cause, number }))).sort((a, b) => b.number - a.number);
      show(letters, el("h2", {}, "Dead letters"), counts.length ? [el("table", {}, el("thead", {}, el("tr", {}, ["topic", "cause", "letters"].map(name => el("th", { scope: "col" }, name)))),
          el("tbody", {}, counts.map(({ topic, cause, number }) => el("tr", {}, el("th", { scope: "row" }, topic), el("td", {}, cause), el("td", {}, count(number)))))),
        el("table", {}, el("thead", {}, el("tr", {}, ["letter", "time", "from", "reason", "bytes"].map(name => el("th", { scope: "col" }, name)))),
          el("tbody", {}, dead.newest.map(one => el("tr", {}, el("th", { scope: "row" }, el("button.plain", { id: "letter-" + one.id, onclick: opened(one) }, one.id)), el("td", {}, time(one.time)), el("td", {}, `${one.topic} ${one.partition}/${one.offset}`), el("td", {}, one.reason.slice(0, 200)), el("td", {}, count(one.bytes))))))]
        : el("p.hint", {}, "None."));
    },
  };
}
