// The list: what each experiment is, how far it is, and what it shows so far.
import { raisedByExperiment } from "./alerts.js";
import { call, entries } from "./live.js";
import { leaves } from "./schema.js";
import { count, doing, duration, el, groupBy, interval, link, look, number, show, sparkline, time } from "./dom.js";

const CARD = matchMedia("(max-width: 520px)");
const NARROW = matchMedia("(max-width: 1100px)");
/** A card has its name in a line, and three columns in each of the others. */
const rowHeight = columns => CARD.matches ? 52 + 48 * Math.ceil(columns.length / 3) : 44;
const headlineCell = (row, name) => number(row.headline?.[name]);

/** Of the columns: key, heading, width, what they are sorted by, what stands in them, and whether it is a number. Those that are wide go first where there is little room. */
const COLUMNS = [
  { key: "phase", label: "phase", width: "104px", value: row => row.phase, cell: row => el("span.phase." + row.phase, {}, row.phase) },
  { key: "method", label: "method", width: "minmax(120px, 1.6fr)", wide: true, value: row => row.method + " " + (row.labels ?? ""),
    cell: row => [row.method, row.labels === "soft" ? " + soft labels" : "", row.imagesPerClass ? ` · ${row.imagesPerClass}/class` : ""] },
  { key: "progress", label: "progress", width: "minmax(200px, 3fr)", wide: true, value: row => share(row), cell: progressCell },
  { key: "clean", label: "clean", width: "64px", figure: true, value: row => row.headline?.clean ?? -1, cell: row => headlineCell(row, "clean") },
  { key: "worst", label: "worst case", width: "104px", figure: true, value: row => row.headline?.worst ?? -1, cell: row => [row.headline?.stability == null ? headlineCell(row, "worst") : `stability ${headlineCell(row, "stability")}`,
    row.headline && !row.headline.complete ? el("abbr", { title: "not complete yet" }, " …") : null] },
  { key: "irr", label: "I-RR", width: "minmax(180px, 1fr)", figure: true, value: row => row.headline?.irr ?? -1, title: row => row.headline ? `${row.headline.suite}, untargeted, ${row.headline.victims} victims` : "", cell: row => [headlineCell(row, "irr"), " ", el("small", {}, row.headline ? interval([row.headline.irrLow, row.headline.irrHigh]) : ""),
    row.headline?.flags.length ? el("abbr.flag", { title: "flags: " + row.headline.flags.join(", ") }, "⚑") : null, sparkline(row.headline?.overSnapshots ?? [], "I-RR over snapshots")] },
  { key: "submitted", label: "submitted", width: "144px", wide: true, value: row => row.submitted ?? 0, cell: row => row.submitted ? el("time", { datetime: new Date(row.submitted).toISOString(), title: time(row.submitted) + " UTC" }, time(row.submitted).slice(0, 16)) : "–" },
  { key: "duration", label: "duration", width: "84px", figure: true, more: true, value: row => took(row) ?? -1, cell: row => took(row) == null ? "–" : duration(took(row)) },
  { key: "dataset", label: "data set", width: "minmax(90px, 1fr)", more: true, value: row => row.dataset, cell: row => row.dataset },
  { key: "labels", label: "labels", width: "72px", more: true, value: row => row.labels ?? "", cell: row => row.labels ?? "–" },
  { key: "imagesPerClass", label: "images/class", width: "100px", figure: true, more: true, value: row => row.imagesPerClass ?? -1, cell: row => row.imagesPerClass ?? "–" },
  { key: "sweep", label: "sweep", width: "minmax(90px, 1fr)", more: true, value: row => row.sweep, cell: row => row.sweep || "–" },
  { key: "seed", label: "seed", width: "72px", figure: true, more: true, value: row => row.seed, cell: row => row.seed },
  { key: "run", label: "run", width: "56px", figure: true, more: true, value: row => row.run, cell: row => row.run },
];
const NAME = { key: "name", label: "experiment", value: row => row.name };
const USUAL = COLUMNS.filter(column => !column.more).map(column => column.key);
const KEPT = "rome-columns";

/** Seconds from its submission to its end, or to now. */
const took = row => row.submitted ? Math.max(0, ((row.ended ?? Date.now()) - row.submitted) / 1000) : null;

/** A parameter of the experiment files: its values by experiment, asked for when there are others. */
const parameters = new Map();
function parameter(path, rows) {
  const known = parameters.get(path) ?? { values: {}, of: "" };
  parameters.set(path, known);
  const version = rows.map(row => row.id).sort().join();
  if (version !== known.of) {
    known.of = version;
    call("api/parameters?name=" + encodeURIComponent(path)).then(values => {
      known.values = values;
      dispatchEvent(new HashChangeEvent("hashchange"));
    }).catch(() => {});
  }
  const value = row => known.values[row.id] ?? "";
  return { key: path, label: path.split(".").slice(-2).join("."), width: "minmax(120px, 1fr)", figure: Object.values(known.values).every(one => typeof one === "number"), value, cell: row => value(row) === "" ? "–" : String(value(row)) };
}

const GROUPS = { "": () => "", sweep: row => row.sweep || "of no sweep", method: row => row.method, labels: row => row.labels ?? "–", dataset: row => row.dataset, phase: row => row.phase,
  name: row => row.name.split(/[-_ ]/)[0] };

const busy = row => row.progress.filter(status => status.phase === "running" && status.total > 0);
function share(row) {
  if (row.phase === "completed") return 1;
  const all = busy(row);
  return all.length ? Math.min(...all.map(status => status.done / status.total)) : 0;
}

export function progress(status) {
  if (status.phase === "failed") return `failed: ${status.error}`;
  if (!(status.total > 0)) return status.activity || status.phase;
  const left = status.rate > 0 && status.done < status.total ? `, ${number(status.rate)}/s, ${duration((status.total - status.done) / status.rate)} left` : "";
  return `${status.activity}: ${count(status.done)} of ${count(status.total)} ${status.unit}${left}`;
}

function progressCell(row) {
  if (row.phase === "completed") return "";
  const told = row.progress.find(status => status.phase === "failed") ?? busy(row)[0] ?? row.progress.find(status => status.phase === "running");
  return el("span.activity", { title: told ? progress(told) : "" }, el("meter", { min: 0, max: 1, value: share(row), "aria-label": "progress" }), told ? el("small", {}, progress(told)) : null);
}

function cells(row, columns, alerts, picked, pick) {
  return [
    el("span", { role: "cell" }, el("input", { type: "checkbox", id: "pick-" + row.id, checked: picked, "aria-label": "select " + row.name, onchange: pick })),
    el("span.name", { role: "cell" }, el("a", { href: link("experiment", row.id), title: row.id }, row.name),
      alerts ? el("abbr.flag", { title: alerts === 1 ? "an alert is raised" : `${alerts} alerts are raised` }, " ⚠") : null),
    ...columns.map(column => el("span.in-" + column.key.replace(/[^a-zA-Z]/g, "-") + (column.figure ? ".figure" : ""), { role: "cell", "data-label": column.label, title: column.title?.(row) || null }, column.cell(row))),
  ];
}

/** A dialog before experiments are deleted: remove is given the event of its button, and whether results are to go, too. */
export function deletion(id, remove) {
  const question = el("p", {});
  const results = el("input", { type: "checkbox", id: "delete-results" });
  const dialog = el("dialog", { "aria-label": "Delete" }, question,
    el("p", {}, "Victims and checkpoints are removed. Results stay, unless you tick the box."),
    el("p", {}, el("label", {}, results, " Delete the results, too: metrics, snapshots and alerts")),
    el("div.tools", {}, el("button", { onclick: () => dialog.close() }, "Cancel"),
      el("button", { id, onclick: event => remove(event, results.checked) }, "Delete")));
  return { dialog, ask: words => { question.textContent = words; dialog.showModal(); } };
}

export function open(page) {
  const search = el("input", { id: "search", type: "search", placeholder: "name, method, phase …", "aria-label": "Filter experiments",
    oninput: () => look({ filter: search.value }, { replace: true }) });
  const group = el("select", { id: "group", onchange: () => look({ group: group.value }) },
    Object.keys(GROUPS).map(key => el("option", { value: key }, key || "nothing")));
  const told = el("p.told", { role: "status" });
  let chosen = USUAL;
  const choose = columns => {
    localStorage.setItem(KEPT, columns.join(","));
    look({ columns: columns.join(",") === USUAL.join(",") ? "" : columns.join(",") }, { replace: true });
  };
  const paths = el("datalist", { id: "parameters" });
  const more = el("input", { id: "parameter", list: "parameters", placeholder: "distillation.alpha …", "aria-label": "A parameter as a column", onchange: () => {
    if (more.value) choose([...new Set([...chosen, more.value.trim()])]);
    more.value = "";
  } });
  const boxes = el("span.columns");
  const columnMenu = el("details.menu", {}, el("summary.button", { id: "columns" }, "Columns"), el("div.sheet-menu", {}, boxes, el("label", {}, "any parameter ", more, paths), el("button", { onclick: () => choose(USUAL) }, "The usual ones")));
  const turn = el("button.narrow", { "aria-label": "The other way round", onclick: () => look({ down: new URLSearchParams(location.hash.split("?")[1]).get("down") ? "" : "1" }) }, "⇅");
  const chooseSort = el("select", { id: "sort", onchange: () => look({ sort: chooseSort.value, down: "" }) });
  call("api/experiment.schema.json").then(schema => paths.append(...leaves(schema).map(([path]) => path).filter(path => path.includes(".") && !path.startsWith("sweep")).map(path => el("option", { value: path })))).catch(() => {});
  const head = el("div.row.head", { role: "row" });
  const space = el("div.space", { role: "presentation" });
  const window_ = el("div.window", { tabindex: "0", role: "rowgroup", "aria-label": "Experiments, scrollable" }, space);
  const table = el("div.table", { role: "table", "aria-label": "Experiments" }, el("div", { role: "rowgroup" }, head), window_);
  const compare = el("a.button", { href: "#/compare" });
  const picked = new Set();
  const bulk = el("span.tools", { hidden: true });
  const clear = () => { picked.clear(); dispatchEvent(new HashChangeEvent("hashchange")); };
  const pick = id => event => {
    if (event.target.checked) picked.add(id);
    else picked.delete(id);
    dispatchEvent(new HashChangeEvent("hashchange"));
  };
  /** Does it to each that is selected; one that refuses does not keep the others from it. */
  const each = (work, words) => doing(async () => {
    const ids = [...picked], refused = [];
    for (const id of ids) {
      await work(encodeURIComponent(id)).then(() => picked.delete(id)).catch(error => refused.push(`${id}: ${error.message}`));
    }
    dispatchEvent(new HashChangeEvent("hashchange"));
    search.focus({ preventScroll: true });
    if (refused.length) throw new Error(`${ids.length - refused.length} of ${ids.length} ${words}; the others stay selected. ${refused[0]}`);
    return ids.length;
  }, done => `${done} ${words}`);
  const stop = el("button", { id: "stop-selected", onclick: each(id => call(`api/experiments/${id}/state`, { state: "stop" }), "asked to stop") }, "Stop");
  const deleting = deletion("delete-selected-now", (event, results) => {
    deleting.dialog.close();
    each(id => call(`api/experiments/${id}?results=${results}`, {}, "DELETE"), "deleted")(event);
  });
  const remove = el("button", { id: "delete-selected", onclick: () => deleting.ask(`Delete the selected experiments, ${picked.size} in all? ${[...picked].slice(0, 5).map(id => entries("experiment").get(id)?.name ?? id).join(", ")}${picked.size > 5 ? ", …" : ""}`) }, "Delete …");
  const selection = el("span.hint", {});
  bulk.append(selection, stop, remove, el("button", { onclick: clear }, "Clear"));
  page.append(el("h1", {}, "Experiments"), el("form.tools", { role: "search", onsubmit: event => event.preventDefault() },
    search, el("label", {}, "grouped by ", group), el("label.narrow", {}, "sorted by ", chooseSort), turn, columnMenu, compare, bulk), told, table, deleting.dialog,
    el("p.hint", {}, "Clean and worst case (right under every attack) in per cent, means over victims of the newest snapshot, untargeted, in pixel-2 where it was asked for. I-RR with the mean of its 95 % intervals; beside it, over snapshots."));
  let lines = [], columns = [];

  function paint() {
    const height = rowHeight(columns);
    table.style.setProperty("--height", height + "px");
    space.style.height = lines.length * height + "px";
    const from = Math.max(0, Math.floor(window_.scrollTop / height) - 5);
    const to = Math.min(lines.length, from + Math.ceil(window_.clientHeight / height) + 10);
    const alerts = raisedByExperiment();
    const kept = new Map([...space.children].map(element => [element.dataset.line, element]));
    const wanted = lines.slice(from, to).map((line, i) => {
      const element = line.heading != null
        ? el("div.row.heading", { role: "row" }, el("span", { role: "cell" }, `${line.heading} (${line.count})`))
        : el("div.row", { role: "row", "data-id": line.id }, cells(line, columns, alerts.get(line.id), picked.has(line.id), pick(line.id)));
      element.dataset.line = line.id ?? "heading " + line.heading;
      element.style.transform = `translateY(${(from + i) * height}px)`;
      const before = kept.get(element.dataset.line);
      // a click and the focus stay with what has not changed
      if (before?.innerHTML !== element.innerHTML) return element;
      before.style.transform = element.style.transform;
      return before;
    });
    if (wanted.length !== space.children.length || wanted.some((element, i) => element !== space.children[i])) {
      const place = element => element.id || element.getAttribute("href");
      const focused = space.contains(document.activeElement) ? place(document.activeElement) : null;
      wanted.forEach((element, i) => {
        if (space.children[i] !== element) space.insertBefore(element, space.children[i] ?? null);
      });
      while (space.children.length > wanted.length) space.lastChild.remove();
      if (focused && !space.contains(document.activeElement)) [...space.querySelectorAll("a, input")].find(element => place(element) === focused)?.focus({ preventScroll: true });
    }
  }

  window_.addEventListener("scroll", paint, { passive: true });
  const again = () => dispatchEvent(new HashChangeEvent("hashchange"));
  addEventListener("resize", paint);
  NARROW.addEventListener("change", again);
  CARD.addEventListener("change", again);

  return {
    draw(view) {
      const filter = view.get("filter") ?? "", sort = view.get("sort") ?? "", down = view.get("down") === "1", by = view.get("group") ?? "";
      if (document.activeElement !== search) search.value = filter;
      group.value = by;
      const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
      const all = [...entries("experiment").values()];
      let rows = all.filter(row => words.every(word => `${row.id} ${row.name} ${row.method} ${row.labels} ${row.dataset} ${row.phase}`.toLowerCase().includes(word)));
      chosen = (view.get("columns") ?? localStorage.getItem(KEPT) ?? USUAL.join(",")).split(",").filter(Boolean);
      const known = key => COLUMNS.find(column => column.key === key) ?? parameter(key, all);
      const sorted = sort === NAME.key ? NAME : sort ? known(sort) : null;
      // of the usual ones, those that are wide go where there is little room
      columns = chosen.map(known).filter(column => !NARROW.matches || !column.wide || chosen.join() !== USUAL.join());
      table.style.setProperty("--columns", columns.map(column => column.width).join(" ") || "0px");
      // where they are many, the table scrolls
      table.style.setProperty("--least", CARD.matches ? "0" : columns.reduce((sum, column) => sum + 12 + Number(/\d+/.exec(column.width)[0]), 220) + "px");
      show(boxes, [...COLUMNS, ...chosen.filter(key => !COLUMNS.some(column => column.key === key)).map(known)].map(column => el("label", {}, el("input", { type: "checkbox", id: "column-" + column.key, checked: chosen.includes(column.key),
        onchange: event => choose(event.target.checked ? [...chosen, column.key] : chosen.filter(key => key !== column.key)) }), " ", column.label)));
      show(chooseSort, [["", "newest"], ...[NAME, ...columns].map(column => [column.key, column.label])].map(([key, label]) => el("option", { value: key, selected: key === sort }, label)));
      const shownIds = rows.map(row => row.id);
      const sign = key => sort === key ? (down ? " ▾" : " ▴") : "";
      show(head, el("span", { role: "columnheader" }, el("input", { type: "checkbox", id: "pick-all", "aria-label": "select all that are shown", checked: shownIds.length > 0 && shownIds.every(id => picked.has(id)), onchange: event => { for (const id of shownIds) { if (event.target.checked) picked.add(id); else picked.delete(id); } again(); } })), [NAME, ...columns].map(column => el("span" + (column.figure ? ".figure" : ""), { role: "columnheader", "aria-sort": sort === column.key ? (down ? "descending" : "ascending") : "none" },
        el("button.plain", { id: "sort-" + column.key, title: column.key, onclick: () => look({ sort: column.key, down: (sort === column.key ? !down : column.figure) ? "1" : "" }) }, column.label, sign(column.key)))));
      if (sorted) rows.sort((a, b) => compareValues(sorted.value(a), sorted.value(b)) * (down ? -1 : 1));
      else rows.sort((a, b) => (b.submitted ?? 0) - (a.submitted ?? 0) || a.name.localeCompare(b.name, "en", { numeric: true }));
      const there = new Set(all.map(row => row.id));
      for (const id of picked) if (!there.has(id)) picked.delete(id);
      bulk.hidden = !picked.size;
      selection.textContent = `${picked.size} selected`;
      compare.textContent = picked.size ? `Compare ${picked.size} selected` : "Compare those shown";
      compare.href = "#/compare?ids=" + (picked.size ? [...picked] : rows.slice(0, 12).map(row => row.id)).map(encodeURIComponent).join(",");
      table.hidden = compare.hidden = all.length === 0;
      if (all.length) show(told, `${rows.length} of ${all.length} experiments`);
      else show(told, "No experiments yet. ", el("a", { href: "#/submit" }, "Submit one"), ", or run ", el("code", {}, "./rome submit FILE"), " in a terminal.");
      lines = by ? [...groupBy(rows, GROUPS[by])].sort(([a], [b]) => a.localeCompare(b)).flatMap(([heading, members]) => [{ heading, count: members.length }, ...members]) : rows;
      paint();
    },
    close() {
      removeEventListener("resize", paint);
      NARROW.removeEventListener("change", again);
      CARD.removeEventListener("change", again);
    },
  };
}

const compareValues = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
