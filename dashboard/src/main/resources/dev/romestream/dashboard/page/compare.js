// Experiments side by side, and the difference to one of them.
import { entries } from "./live.js";
import { aligned, chart, css, COLOURS } from "./chart.js";
import { doing, el, link, look, number, save, show, svg, table as makeTable } from "./dom.js";
import { Fetched, metricCell, verdicts, version } from "./tables.js";

const mean = values => values.some(value => value == null) || !values.length ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
const ids = view => (view.get("ids") ?? "").split(",").filter(Boolean);

export function open(page) {
  const chooser = el("form.tools", { onsubmit: event => event.preventDefault() });
  const table = el("div.scroll", { tabindex: "0", role: "group", "aria-label": "Comparison, scrollable" });
  const differing = el("section", { "aria-label": "What differs" });
  const plane = el("div.plane");
  const overlay = chart("Worst case over iterations, means over victims");
  const add = el("input", { id: "add", list: "known", placeholder: "an experiment's id …", "aria-label": "Add an experiment", onchange: () => {
    if (entries("experiment").has(add.value)) {
      look({ ids: [...new Set([...ids(new URLSearchParams(location.hash.split("?")[1])), add.value])].join(",") });
      add.value = "";
    }
  } });
  const known = el("datalist", { id: "known" });
  page.append(el("h1", {}, "Compare"), el("div.tools", {}, add, known,
      el("button", { id: "csv", onclick: doing(async () => save("comparison.csv", "text/csv", await (await fetch(query + "&format=csv")).text())) }, "CSV"),
      el("button", { id: "json", onclick: () => save("comparison.json", "application/json", JSON.stringify(result, null, 2)) }, "JSON"),
      el("button", { id: "png", onclick: doing(() => png(plane.querySelector("svg"))) }, "PNG")),
    chooser, table, differing, plane, overlay.element,
    el("p.hint", {}, "Per cent, means over victims of the newest snapshot, with 95 % intervals. Differences are to the baseline: in pairs of images where both were scored on the same ones."));
  let query = "", result = null;
  const fetched = new Fetched(), differences = new Fetched();

  return {
    follows: ids,
    draw(view) {
      const wanted = ids(view);
      show(known, [...entries("experiment").keys()].slice(0, 500).map(id => el("option", { value: id })));
      const all = [...entries("figure").values()].filter(figure => wanted.includes(figure.experiment));
      const suites = [...new Set(all.map(figure => figure.suite))].sort();
      const suite = suites.includes(view.get("suite")) ? view.get("suite") : suites.find(name => name === "pixel-2") ?? suites.find(name => name.startsWith("pixel")) ?? suites[0];
      const mode = view.get("mode") === "targeted" ? "targeted" : "untargeted";
      const baseline = wanted.includes(view.get("baseline")) ? view.get("baseline") : wanted[0];
      const option = (value, now) => el("option", { value, selected: value === now }, value);
      show(chooser, !wanted.length ? el("p.hint", {}, "Choose experiments: here, or by the list's “Compare those shown”.") : [
        el("label", {}, "suite ", el("select", { id: "choose-suite", onchange: event => look({ suite: event.target.value }) }, suites.map(name => option(name, suite)))),
        el("label", {}, "mode ", el("select", { id: "choose-mode", onchange: event => look({ mode: event.target.value }) }, ["untargeted", "targeted"].map(name => option(name, mode)))),
        el("label", {}, "baseline ", el("select", { id: "choose-baseline", onchange: event => look({ baseline: event.target.value }) }, wanted.map(name => option(name, baseline))))]);
      const isNetwork = id => entries("experiment").get(id)?.method === "network";
      query = `api/compare?${new URLSearchParams({ ids: wanted.join(","), suite: suite ?? "", mode, baseline: baseline ?? "" })}`;
      const { value, error } = suite ? fetched.of(query, version(all.filter(figure => figure.suite === suite))) : { value: null };
      result = value;
      const name = id => entries("experiment").get(id)?.name ?? id;
      const remove = id => el("button.plain", { id: "remove-" + id, "aria-label": "Remove " + name(id), onclick: () => look({ ids: wanted.filter(other => other !== id).join(",") }) }, "×");
      const row = id => result?.rows.find(one => one.id === id);
      show(table, !wanted.length ? null : error ? el("p.error", {}, error) : [el("table", {}, el("thead", {}, el("tr", {}, [...result?.labels ?? ["experiment"], ...(result?.columns ?? []).map(column => column.name), ...result?.notes ?? [], ""].map(heading => el("th", { scope: "col" }, heading)))),
        el("tbody", {}, wanted.map((id, i) => el("tr", { "data-id": id },
          el("th", { scope: "row" }, el("span.dot", { "data-colour": i % COLOURS.length }), el("a", { href: link("experiment", id) }, name(id)), id === baseline ? el("small", {}, " baseline") : ""),
          ...row(id) ? [...row(id).labels.slice(1).map(label => el("td", {}, label)), ...Object.values(row(id).metrics).map(metricCell), ...row(id).notes.map(note => el("td", {}, note))]
            : [el("td", { colspan: Math.max(1, (result?.labels.length ?? 1) - 1 + (result?.columns.length ?? 0) + (result?.notes.length ?? 0)) }, "no metrics yet")],
          el("td", {}, remove(id)))))), result ? verdicts(result) : null]);
      const asked = wanted.filter(id => entries("experiment").has(id));
      const { value: differ } = asked.length > 1 ? differences.of("api/differences?" + new URLSearchParams({ ids: asked.join(",") }), asked.join()) : { value: null };
      const plain = value => value == null ? "–" : Array.isArray(value) ? value.join(", ") : String(value);
      show(differing, !differ ? null : [el("h2", {}, "What differs in the configuration"), !differ.length ? el("p.hint", {}, "Nothing: they differ in their names alone.") :
        makeTable("What differs", ["parameter", ...asked.map(name)], differ.map(one => [one.name, ...asked.map(id => plain(one.values[id]))]))]);
      drawPlane(plane, wanted.map(id => ({ name: name(id), clean: row(id)?.metrics.clean, worst: row(id)?.metrics["worst case"] })));
      overlay.element.hidden = !wanted.length;
      overlay.draw(...aligned(wanted.filter(id => !isNetwork(id)).map(id => {
        const mine = all.filter(figure => figure.experiment === id && figure.suite === suite && figure.mode === mode);
        return { label: name(id), banded: true, points: [...new Set(mine.map(figure => figure.iteration))].sort((a, b) => a - b).map(iteration => {
          const victims = mine.filter(figure => figure.iteration === iteration).map(figure => figure.worstCase);
          return [iteration, mean(victims.map(worst => worst.accuracy)), mean(victims.map(worst => worst.interval?.[0])), mean(victims.map(worst => worst.interval?.[1]))];
        }) };
      })), "iterations");
    },
    close() {
      overlay.close();
    },
  };
}

/** Clean against worst case, with 95 % intervals. */
function drawPlane(place, rows) {
  const known = rows.filter(row => row.clean?.value != null && row.worst?.value != null);
  if (!known.length) {
    show(place);
    return;
  }
  const W = 680, H = 380, left = 44, bottom = 40, top = 10, right = 10;
  const round = value => Math.min(100, Math.ceil((value + 2) / 10) * 10);
  const most = round(Math.max(...known.map(row => row.clean.high ?? row.clean.value))), highest = round(Math.max(...known.map(row => row.worst.high ?? row.worst.value)));
  const x = value => left + (W - left - right) * value / most, y = value => H - bottom - (H - top - bottom) * value / highest;
  const bar = (fromX, fromY, toX, toY, colour) => fromX == null || fromY == null ? null : svg("line", { class: "bar", x1: x(fromX), y1: y(fromY), x2: x(toX), y2: y(toY), "data-colour": colour });
  // names stand beside their points, and below one another where they would touch
  let free = -Infinity;
  const places = new Map([...known].sort((a, b) => b.worst.value - a.worst.value).map(row => {
    free = Math.max(free + 13, y(row.worst.value) + 4);
    return [row, free];
  }));
  show(place, el("h2", {}, "Clean against worst case"), svg("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": "Clean accuracy against worst-case accuracy; the table above has the numbers" },
    svg("rect", { class: "frame", x: left, y: top, width: W - left - right, height: H - top - bottom }),
    ...[0, most / 2, most].map(value => label(x(value), H - bottom + 16, number(value, 0), "middle")), ...[0, highest / 2, highest].map(value => label(left - 6, y(value) + 4, number(value, 0), "end")),
    label((W + left) / 2, H - 6, "clean, %", "middle"), label(left + 6, top + 14, "worst case, %", "start"),
    ...rows.map(({ name, clean, worst }, i) => !known.includes(rows[i]) ? null : svg("g", {},
      ...[bar(clean.low, worst.value, clean.high, worst.value, i % COLOURS.length), bar(clean.value, worst.low, clean.value, worst.high, i % COLOURS.length)].filter(Boolean),
      svg("circle", { cx: x(clean.value), cy: y(worst.value), r: 6, class: "point", "data-colour": i % COLOURS.length }),
      label(x(clean.value) + 9, places.get(rows[i]), name.slice(0, 28), clean.value > most * 0.7 ? "end" : "start", clean.value > most * 0.7 ? -18 : 0))).filter(Boolean)),
  el("p.hint", {}, "The higher and the further to the right, the better. Lines are 95 % intervals."));
}

function label(x, y, text, anchor, dx = 0) {
  return svg("text", { x: x + dx, y, "text-anchor": anchor }, text);
}

/** The picture as the page shows it, styles and all. */
async function png(picture) {
  if (!picture) throw new Error("There is nothing to draw yet.");
  const copy = picture.cloneNode(true);
  const from = [picture, ...picture.querySelectorAll("*")], to = [copy, ...copy.querySelectorAll("*")];
  from.forEach((element, i) => {
    const style = getComputedStyle(element);
    for (const name of ["fill", "stroke", "stroke-width", "stroke-dasharray", "font-size", "font-family"]) to[i].style.setProperty(name, style.getPropertyValue(name));
  });
  const { width, height } = picture.viewBox.baseVal;
  copy.setAttribute("width", width * 2);
  copy.setAttribute("height", height * 2);
  const url = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    await new Promise((resolve, reject) => {
      image.onload = resolve;
      image.onerror = () => reject(new Error("The picture could not be drawn."));
      image.src = url;
    });
    const canvas = el("canvas", { width: width * 2, height: height * 2 });
    const context = canvas.getContext("2d");
    context.fillStyle = css("--back");
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0);
    save("comparison.png", "image/png", await new Promise(resolve => canvas.toBlob(resolve, "image/png")));
  } finally {
    URL.revokeObjectURL(url);
  }
}
