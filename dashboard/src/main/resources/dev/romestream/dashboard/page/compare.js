// Experiments side by side, and the difference to one of them.
import { entries } from "./live.js";
import { aligned, chart, css, COLOURS } from "./chart.js";
import { doing, el, interval, link, look, number, save, show, svg } from "./dom.js";
import { attackTable } from "./attacks.js";
import { Outcomes } from "./outcomes.js";
import { difference, mean } from "./statistics.js";

const ids = view => (view.get("ids") ?? "").split(",").filter(Boolean);

export function open(page) {
  const chooser = el("form.tools", { onsubmit: event => event.preventDefault() });
  const table = el("div.scroll", { tabindex: "0", role: "group", "aria-label": "Comparison, scrollable" });
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
      el("button", { id: "csv", onclick: () => save("comparison.csv", "text/csv", csv(rows)) }, "CSV"),
      el("button", { id: "json", onclick: () => save("comparison.json", "application/json", JSON.stringify(rows.map(row => row.plain), null, 2)) }, "JSON"),
      el("button", { id: "png", onclick: doing(() => png(plane.querySelector("svg"))) }, "PNG")),
    chooser, table, plane, overlay.element,
    el("p.hint", {}, "Per cent, means over victims of the newest snapshot. Differences to the baseline are paired image by image where both were scored on the same images: the interval is that of McNemar's two kinds of discordant images, averaged over victims; elsewhere it is of two independent proportions."));
  let rows = [];
  const outcomes = new Outcomes();

  const outcome = figure => outcomes.of(figure);

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
      const of = id => {
        const mine = all.filter(figure => figure.experiment === id && figure.suite === suite && figure.mode === mode);
        // the newest snapshot, and of networks that have versions of their own the newest of each
        const newest = figure => Math.max(...mine.filter(other => !isNetwork(id) || other.victim === figure.victim).map(other => other.snapshot));
        return mine.filter(figure => figure.snapshot === newest(figure)).sort((a, b) => a.victim.localeCompare(b.victim, "en", { numeric: true }));
      };
      const victimsOf = new Map(wanted.map(id => [id, of(id)]));
      const base = victimsOf.get(baseline) ?? [];
      const attacksOf = attackTable([...victimsOf.values()].flat());
      const attacks = attacksOf.keys.map(attacksOf.name);
      rows = wanted.map(id => {
        const victims = victimsOf.get(id);
        const values = Object.fromEntries(attacksOf.keys.map(key => [attacksOf.name(key), mean(victims.map(figure => attacksOf.of(figure, key)?.attack.accuracy))]));
        const plain = { id, name: entries("experiment").get(id)?.name ?? id, victims: victims.length, complete: victims.length > 0 && victims.every(figure => figure.complete),
          ...values, "worst case": mean(victims.map(figure => figure.worstCase.accuracy)), "I-RR": mean(victims.map(figure => figure.irr)), RR: mean(victims.map(figure => figure.rr)), flags: [...new Set(victims.flatMap(figure => figure.flags))].join(" ") };
        const sameImages = entries("experiment").get(id)?.dataset === entries("experiment").get(baseline)?.dataset;
        const differences = id === baseline ? {} : Object.fromEntries(attacksOf.keys.map(key => [attacksOf.name(key), difference(victims, base, figure => attacksOf.of(figure, key), outcome, sameImages)]));
        return { plain, differences };
      });
      const columns = [...attacks, "worst case", "I-RR", "RR"];
      show(table, wanted.length ? el("table", {}, el("thead", {}, el("tr", {}, ["experiment", "victims", ...columns, "flags", ""].map(name => el("th", { scope: "col" }, name)))),
        el("tbody", {}, rows.map(({ plain, differences }, i) => el("tr", { "data-id": plain.id },
          el("th", { scope: "row" }, el("span.dot", { "data-colour": i % COLOURS.length }), el("a", { href: link("experiment", plain.id) }, plain.name), plain.id === baseline ? el("small", {}, " baseline") : ""),
          el("td", {}, plain.victims, plain.complete ? "" : " …"),
          columns.map(name => el("td", {}, number(plain[name]), differences[name] ? el("small.difference" + (differences[name].clear ? ".clear" : ""), { title: differences[name].how },
            ` ${differences[name].mean > 0 ? "+" : ""}${number(differences[name].mean)} ${interval(differences[name].interval)}`) : null)),
          el("td", {}, plain.flags),
          el("td", {}, el("button.plain", { id: "remove-" + plain.id, "aria-label": "Remove " + plain.name, onclick: () => look({ ids: wanted.filter(id => id !== plain.id).join(",") }) }, "×")))))) : null);
      drawPlane(plane, rows);
      overlay.element.hidden = !wanted.length;
      overlay.draw(...aligned(wanted.filter(id => !isNetwork(id)).map(id => {
        const mine = all.filter(figure => figure.experiment === id && figure.suite === suite && figure.mode === mode);
        return { label: entries("experiment").get(id)?.name ?? id, points: [...new Set(mine.map(figure => figure.iteration))].sort((a, b) => a - b)
          .map(iteration => [iteration, mean(mine.filter(figure => figure.iteration === iteration).map(figure => figure.worstCase.accuracy))]) };
      })), "iterations");
    },
    close() {
      overlay.close();
    },
  };
}

/** Clean against worst case, with lines of equal I-RR for an attack that takes all that is taken. */
function drawPlane(place, rows) {
  const known = rows.filter(row => row.plain.none != null && row.plain["worst case"] != null);
  if (!known.length) {
    show(place);
    return;
  }
  const W = 460, H = 380, left = 44, bottom = 40, top = 10, right = 10;
  const round = value => Math.min(100, Math.ceil((value + 2) / 10) * 10);
  const most = round(Math.max(...known.map(row => row.plain.none))), highest = round(Math.max(...known.map(row => row.plain["worst case"])));
  const x = value => left + (W - left - right) * value / most, y = value => H - bottom - (H - top - bottom) * value / highest;
  const lines = [20, 40, 60, 80, 95].map(irr => {
    // 100 (1 - drop^2 / clean^2) = irr, where every attack takes the same
    const slope = 1 - Math.sqrt(1 - irr / 100);
    const end = Math.min(most, highest / slope);
    return svg("g", { class: "contour" }, svg("line", { x1: x(0), y1: y(0), x2: x(end), y2: y(end * slope) }), label(x(end) - 4, y(end * slope) + (end < most ? 12 : -4), "I-RR " + irr, "end"));
  });
  // names stand beside their points, and below one another where they would touch
  let free = -Infinity;
  const places = new Map([...known].sort((a, b) => b.plain["worst case"] - a.plain["worst case"]).map(row => {
    free = Math.max(free + 13, y(row.plain["worst case"]) + 4);
    return [row, free];
  }));
  show(place, el("h2", {}, "Clean against worst case"), svg("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": "Clean accuracy against worst-case accuracy; the table above has the numbers" },
    svg("rect", { class: "frame", x: left, y: top, width: W - left - right, height: H - top - bottom }),
    ...lines,
    ...[0, most / 2, most].map(value => label(x(value), H - bottom + 16, number(value, 0), "middle")), ...[0, highest / 2, highest].map(value => label(left - 6, y(value) + 4, number(value, 0), "end")),
    label((W + left) / 2, H - 6, "clean, %", "middle"), label(left + 6, top + 14, "worst case, %", "start"),
    ...rows.map((row, i) => known.includes(row) ? svg("g", {}, svg("circle", { cx: x(row.plain.none), cy: y(row.plain["worst case"]), r: 6, class: "point", "data-colour": i % COLOURS.length }),
      label(x(row.plain.none) + 9, places.get(row), row.plain.name.slice(0, 28), row.plain.none > most * 0.7 ? "end" : "start", row.plain.none > most * 0.7 ? -18 : 0)) : null).filter(Boolean)),
  el("p.hint", {}, "On one line the ratio is the same, whatever the accuracies: a set low on the left has a high I-RR for little. (Drawn for attacks that all take as much as the worst case does.)"));
}

function label(x, y, text, anchor, dx = 0) {
  return svg("text", { x: x + dx, y, "text-anchor": anchor }, text);
}

function csv(rows) {
  const columns = [...new Set(rows.flatMap(row => Object.keys(row.plain)))];
  const quoted = value => /[",\n]|^[=+@-]/.test(String(value ?? "")) && typeof value !== "number" ? `"${String(value).replaceAll('"', '""')}"` : value ?? "";
  return [columns, ...rows.map(row => columns.map(name => row.plain[name]))].map(line => line.map(quoted).join(",")).join("\n") + "\n";
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
