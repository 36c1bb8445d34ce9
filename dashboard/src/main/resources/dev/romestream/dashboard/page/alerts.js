// Alerts: rules of experiments that figures cross, or crossed once.
import { entries, entry } from "./live.js";
import { el, link, time } from "./dom.js";

const newest = (a, b) => b.changedAt - a.changedAt;

/** Those that are raised, the newest first. */
export const raised = () => [...entries("alert").values()].filter(alert => alert.state === "raised").sort(newest);

/** How many are raised, by experiment. */
export function raisedByExperiment() {
  const counts = new Map();
  for (const alert of raised()) counts.set(alert.experiment, (counts.get(alert.experiment) ?? 0) + 1);
  return counts;
}

/** Where the figures of an alert are shown. */
function place(alert) {
  if (entry("experiment", alert.experiment)?.method !== "network") return link("experiment", alert.experiment) + `?suite=${encodeURIComponent(alert.suite)}&mode=${alert.mode}`;
  return "#/monitor?" + new URLSearchParams({ network: alert.now?.victim ?? `${alert.experiment}/${alert.network}`, suite: alert.suite, mode: alert.mode });
}

/** A list of some alerts: those that are raised, and the newest of those that are over. */
export function alertList(wanted) {
  const all = [...entries("alert").values()].filter(wanted);
  const over = all.filter(alert => alert.state !== "raised").sort(newest).slice(0, 10);
  const line = alert => el("li." + alert.state, {},
    el("b", {}, alert.state === "raised" ? "⚠ raised" : "over"), " ", el("time", { datetime: new Date(alert.changedAt).toISOString() }, time(alert.changedAt)), " ",
    el("a", { href: place(alert) }, `${alert.name}: ${alert.network}`), `, ${alert.suite}${alert.mode === "targeted" ? " targeted" : ""}, `, el("b", {}, alert.rule), `: ${alert.reason}`,
    alert.before && alert.now && alert.now.window == null ? el("small", {}, ` (${alert.now.position} against ${alert.before.position})`) : "");
  return all.length ? el("ul.alerts", {}, all.filter(alert => alert.state === "raised").sort(newest).map(line), over.map(line)) : null;
}
