// Networks that users bring, by name: their versions along time, or along the windows of a stream.
import { entries } from "./live.js";
import { aligned, chart } from "./chart.js";
import { alertList } from "./alerts.js";
import { FLAGS } from "./attacks.js";
import { count, el, interval, link, look, number, show } from "./dom.js";
import { Outcomes } from "./outcomes.js";
import { Fetched, imagesSeen, signed, version } from "./tables.js";

const position = figure => figure.window?.number ?? figure.version;
const place = figure => figure.version + (figure.window ? "@" + figure.window.number : "");
const time = ms => new Date(ms).toISOString().slice(0, 19).replace("T", " ");
const span = window => window.firstTime == null ? "" : time(window.firstTime) + " to " + time(window.lastTime).slice(time(window.firstTime).slice(0, 10) === time(window.lastTime).slice(0, 10) ? 11 : 0) + " UTC";

/** What happened along a stream's windows: marks of its records, alerts, and new versions with their causes. */
function events(network, suite, mode, figures) {
  const marks = new Map();
  for (const { window } of figures) for (const mark of window.marks ?? []) marks.set(window.number + mark, { at: window.number, label: mark });
  const own = [...entries("alert").values()].filter(alert => alert.raisedOn != null && alert.suite === suite && alert.mode === mode && network === `${alert.experiment}/${alert.network}`);
  const raised = own.map(alert => ({ at: alert.raisedOn, label: `⚠ ${alert.rule}`, why: alert.state === "raised" ? alert.reason : `over on window ${alert.now?.window ?? "?"}: ${alert.reason}` }));
  const versions = figures.filter((figure, i) => i > 0 && figure.version !== figures[i - 1].version).map(figure => {
    const cause = own.find(alert => alert.action && network.endsWith("/" + alert.action.distil) && figure.window.number >= alert.action.window);
    return { at: figure.window.number, label: `version ${figure.version}`, why: cause ? `the victim of a set that the alert ${cause.rule} asked for on window ${cause.action.window}` : "" };
  });
  return [...marks.values(), ...raised, ...versions].sort((a, b) => a.at - b.at);
}

export function open(page) {
  const chooser = el("form.tools", { onsubmit: event => event.preventDefault() });
  const curve = chart("Robustness along versions or windows");
  const table = el("div.scroll", { tabindex: "0", role: "group", "aria-label": "Versions, scrollable" });
  const lost = el("section.detail", { "aria-live": "polite" });
  const told = el("section", { "aria-live": "polite", "aria-label": "What happened, by window" });
  const alerts = el("section", { "aria-live": "polite", "aria-label": "Alerts" });
  page.append(el("h1", {}, "Monitor"), alerts, chooser, curve.element, told, table, lost);
  const outcomes = new Outcomes();
  const fetched = new Fetched();

  const experiments = () => [...entries("experiment").values()].filter(row => row.method === "network").map(row => row.id);

  return {
    follows: experiments,
    draw(view) {
      const list = alertList(() => true);
      show(alerts, list ? [el("h2", {}, "Alerts"), list, el("h2", {}, "Networks")] : null);
      const ids = experiments();
      const figures = [...entries("figure").values()].filter(figure => ids.includes(figure.experiment));
      if (!figures.length) {
        show(chooser, el("p.hint", {}, "No network is monitored yet: ./rome monitor DIR, or a record on the topic networks; see docs/networks.md."));
        curve.element.hidden = true;
        show(table);
        show(told);
        show(lost);
        return;
      }
      curve.element.hidden = false;
      const pick = (values, asked, usual) => values.includes(asked) ? asked : usual(values);
      const networks = [...new Set(figures.map(figure => figure.victim))].sort();
      const network = pick(networks, view.get("network"), values => values[0]);
      const suites = [...new Set(figures.filter(figure => figure.victim === network).map(figure => figure.suite))].sort();
      const suite = pick(suites, view.get("suite"), values => values.find(name => name === "pixel-2") ?? values[0]);
      const mode = view.get("mode") === "targeted" ? "targeted" : "untargeted";
      const select = (name, values, value) => el("label", {}, name, " ", el("select", { id: "choose-" + name, onchange: event => look({ [name]: event.target.value }) }, values.map(one => el("option", { value: one, selected: one === value }, one))));
      show(chooser, select("network", networks, network), select("suite", suites, suite), select("mode", ["untargeted", "targeted"], mode));
      const versions = figures.filter(figure => figure.victim === network && figure.suite === suite && figure.mode === mode).sort((a, b) => (a.window?.number ?? 0) - (b.window?.number ?? 0) || a.version - b.version);
      const stream = versions.some(figure => figure.window);
      const stable = versions.some(figure => figure.stability);
      const accuracies = !stable || versions.some(figure => figure.clean.count);
      const [x, series] = aligned([...stable ? [
        { label: "stability", banded: true, points: versions.map(figure => [position(figure), figure.stability?.percent, ...figure.stability?.interval ?? []]) },
      ] : [], ...accuracies ? [
        { label: "clean", banded: true, points: versions.map(figure => [position(figure), figure.clean.accuracy, ...figure.clean.interval ?? []]) },
        { label: "worst case", banded: true, points: versions.map(figure => [position(figure), figure.worstCase.accuracy, ...figure.worstCase.interval ?? []]) },
        { label: "I-RR", banded: true, points: versions.map(figure => [position(figure), figure.irr, ...figure.irrInterval ?? []]) },
      ] : []]);
      const happened = stream ? events(network, suite, mode, versions) : [];
      curve.draw(x, series, stream ? "window" : "version", happened);
      show(told, happened.length ? [el("h3", {}, "What happened"), el("ul", {}, happened.map(one => el("li", {}, el("b", {}, `window ${one.at}`), ` ${one.label}`, one.why ? `: ${one.why}` : "")))] : null);
      const { value } = fetched.of(`api/versions?${new URLSearchParams({ network, suite, mode })}`, version(versions));
      show(table, el("table", {}, el("thead", {}, el("tr", {}, [...stream ? ["window", "record time"] : [], "version", "experiment", ...stable ? ["stability"] : [], ...accuracies ? ["clean", "worst case", "I-RR"] : [], "images", "flags", stream ? "against the row before" : "against the version before"].map(name => el("th", { scope: "col" }, name)))),
        el("tbody", {}, versions.map(figure => {
          const changes = Object.entries(value?.rows.find(row => row.id === place(figure))?.metrics ?? {}).filter(([, metric]) => metric.difference?.value != null);
          return el("tr", { "data-version": place(figure) }, stream ? [el("th", { scope: "row" }, String(figure.window.number)), el("td", {}, span(figure.window))] : null,
            el(stream ? "td" : "th", { scope: stream ? null : "row" }, String(figure.version)), el("td", {}, el("a", { href: link("experiment", figure.experiment) }, figure.experiment)),
            [...stable ? [[figure.stability?.percent, figure.stability?.interval]] : [], ...accuracies ? [[figure.clean.accuracy, figure.clean.interval], [figure.worstCase.accuracy, figure.worstCase.interval], [figure.irr, figure.irrInterval]] : []]
              .map(([value, bounds]) => el("td", {}, number(value), " ", el("small", {}, interval(bounds)))),
            el("td", {}, count(imagesSeen(figure)), figure.complete ? "" : " …", stable && figure.clean.count ? `, ${count(figure.clean.count)} with labels` : ""),
            el("td", {}, figure.flags.map(flag => el("abbr", { title: FLAGS[flag] }, flag + " "))),
            el("td", {}, changes.length ? el("button.plain", { id: "lost-" + place(figure), onclick: () => look({ version: place(figure) }) },
              changes.map(([name, { difference }]) => `${name} ${signed(difference.value)} ${difference.low == null ? "" : interval([difference.low, difference.high])}`).join("; ")) : "–"));
        }))));
      const at = versions.findIndex(figure => place(figure) === view.get("version"));
      const same = at > 0 && versions[at].imagesDigest === versions[at - 1].imagesDigest;
      const now = same ? outcomes.of(versions[at]) : null, before = same ? outcomes.of(versions[at - 1]) : null;
      show(lost, now && before ? [el("h3", {}, `Version ${versions[at].version} against ${versions[at - 1].version}, by image`), el("dl", {}, versions[at].attacks.map((attack, k) => {
        const list = (from, to) => [...Array((attack.stability ?? attack).count).keys()].filter(i => from[k]?.[i] === "1" && to[k]?.[i] !== "1");
        const words = images => `${images.length}${images.length ? ": " + images.slice(0, 60).join(", ") + (images.length > 60 ? ", …" : "") : ""}`;
        return [el("dt", {}, attack.attack), el("dd", {}, "lost ", words(list(before, now)), "; won ", words(list(now, before)))];
      })), el("p.hint", {}, "Numbers are positions among the images that are scored, in their order.")] : null);
    },
    close() {
      curve.close();
    },
  };
}
