// Services, groups and dead letters.
import { call, entries, entry } from "./live.js";
import { progress } from "./experiments.js";
import { count, doing, duration, el, link, show, sparkline, table, time } from "./dom.js";

/** What each group's members do, by the end of its name. */
const GROUPS = {
  attackers: "Attacks images and makes priors: requests that no attacker has finished.",
  "pool-trainers": "Trains networks of pools, experts and teachers.",
  distillers: "Distils, a segment at a time.",
  "victim-trainers": "Trains victims on snapshots, and looks at networks that are brought.",
  scorers: "Judges perturbed batches.",
  producers: "Shares out the data sets among producers.",
  evaluator: "Plans evaluations, tallies outcomes, judges alerts.",
  distiller: "Plans distillations.",
  inspectors: "Looks for records that make no sense.",
  "alert-webhook": "Posts alerts to your webhook.",
};
const meaning = id => Object.entries(GROUPS).find(([name]) => id.endsWith(name))?.[1] ?? "";

export function open(page, id) {
  const health = el("section");
  const work = el("section");
  const groups = el("section");
  const requests = el("section");
  const letters = el("section");
  const letter = el("section.detail", { "aria-live": "polite" });
  page.append(el("h1", {}, id ? "Dead letter " + id : "System"), ...id ? [el("p.back", {}, el("a", { href: "#/system" }, "System")), letter] : [health, work, groups, requests, letters]);
  if (id) {
    letterOf(id).catch(error => [el("p.error", {}, error.message)]).then(shown => show(letter, shown));
    return { draw() {} };
  }
  const question = el("p", {}), dialog = el("dialog", { "aria-label": "Replay" });
  let asked = null;
  dialog.append(question, el("p", {}, "Each record is written as it came. Letters stay listed; none is written again twice, and of a compacted topic the newest of each key alone."),
    el("div.tools", {}, el("button", { onclick: () => dialog.close() }, "Cancel"),
      el("button", { id: "replay-now", onclick: event => { dialog.close(); doing(() => call("api/dead-letters/replay", asked),
        answer => `${count(answer.replayed)} written again` + (answer.left ? `, ${count(answer.left)} are left` : "") + (answer.refused.length ? `, ${count(answer.refused.length)} refused: ${answer.refused[0].reason}` : ""))(event); } }, "Replay")));
  page.append(dialog);
  const all = (topic, cause, number) => el("button", { id: `replay-${topic}-${cause}`, onclick: () => {
    asked = { topic, cause };
    question.textContent = `Replay the letters of ${topic} with the cause ${cause}? There are ${count(number)}.`;
    dialog.showModal();
  } }, "Replay all …");

  return {
    draw() {
      const system = entry("system", "");
      show(health, el("h2", {}, "Services"), system?.waitsFor ? el("p.bad", {}, "The dashboard waits for " + system.waitsFor) : null,
        system?.services.length ? table("Services", ["service", "ready", "reason"],
          system.services.map(one => [one.name, el("span.phase." + (one.ready ? "completed" : "failed"), {}, one.ready ? "ready" : "not ready"), one.reason]))
          : el("p.hint", {}, "The dashboard has no addresses of services: set ", el("code", {}, "dashboard.services"), "."));
      const told = [...entries("experiment").values()].flatMap(row => row.progress.filter(status => status.phase === "running").map(status => ({ row, status })));
      show(work, el("h2", {}, "At work"), told.length ? table("At work", ["service", "instance", "experiment", "what"],
        told.slice(0, 100).map(({ row, status }) => [status.service, status.instance, el("a", { href: link("experiment", row.id) }, row.name), progress(status)])) : el("p.hint", {}, "Nothing is being done."));
      show(groups, el("h2", {}, "Work waiting"), system?.groups.length ? table("Work waiting", ["group", "members", "records pending", "three minutes", "oldest", "what it does"],
        system.groups.map(group => [group.id, group.members, count(group.waiting), sparkline(group.trend ?? [], "records pending, three minutes"), group.oldestSeconds ? duration(group.oldestSeconds) : "", meaning(group.id)])) : el("p.hint", {}, "The brokers have told of no group yet."));
      const asked = Object.entries(system?.requests ?? {}).sort((a, b) => b[1] - a[1]);
      show(requests, ...asked.length ? [el("h2", {}, "Attacks asked for"), table("Attacks asked for", ["evaluation", "requests out"], asked.slice(0, 100).map(([key, number]) => [key, count(number)]))] : []);
      const dead = entry("dead-letters", "");
      const counts = Object.entries(dead?.counts ?? {}).flatMap(([topic, causes]) => Object.entries(causes).map(([cause, number]) => [topic, cause, number])).sort((a, b) => b[2] - a[2]);
      show(letters, el("h2", {}, "Dead letters"), counts.length ? [table("Dead letters by cause", ["topic", "cause", "letters", ""], counts.map(([topic, cause, number]) => [topic, cause, count(number), topic ? all(topic, cause, number) : ""])),
        table("The newest dead letters", ["letter", "time", "from", "reason", "bytes"], dead.newest.map(one => [
          el("a", { id: "letter-" + one.id, href: link("system", one.id), "aria-label": "Open letter " + one.id }, one.id), time(one.time), `${one.topic} ${one.partition}/${one.offset}`, one.reason.slice(0, 200), count(one.bytes)]))]
        : el("p.hint", {}, "None."));
    },
  };
}

/** A dead letter by itself: where it came from, why it is dead, and what is in it. */
async function letterOf(id) {
  const one = await call("api/dead-letters/" + encodeURIComponent(id));
  let pretty = one.content;
  try { pretty = JSON.stringify(JSON.parse(pretty), null, 2); } catch { /* not decodable */ }
  return [el("p.error", {}, one.reason), el("p", {}, `${one.topic}, partition ${one.partition}, offset ${one.offset}, key `, el("code", {}, one.key), `, ${count(one.bytes)} bytes, ${time(one.time)} UTC, ${one.cause}`),
    el("button", { id: "replay", onclick: doing(() => call(`api/dead-letters/${encodeURIComponent(id)}/replay`, {}), answer => `It stands at ${answer.place} of ${one.topic} now.`) }, "Replay: write it to its topic again"),
    el("pre", { tabindex: "0" }, pretty)];
}
