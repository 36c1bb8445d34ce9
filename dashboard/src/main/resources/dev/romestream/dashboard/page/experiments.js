// The list: what each experiment is, how far it is, and what it shows so far.
import { raisedByExperiment } from "./alerts.js";
import { call, entries } from "./live.js";
import { count, doing, duration, el, interval, link, look, number, show, sparkline } from "./dom.js";

const ROW = 44;
const COLUMNS = [
  ["name", "experiment", row => row.name],
  ["phase", "phase", row => row.phase],
  ["method", "method", row => row.method + " " + (row.labels ?? "")],
  ["progress", "progress", row => share(row)],
  ["clean", "clean", row => row.headline?.clean ?? -1],
  ["worst", "worst case", row => row.headline?.worst ?? -1],
  ["irr", "I-RR", row => row.headline?.irr ?? -1],
];
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

function cells(row, alerts, picked, pick) {
  const told = row.progress.find(status => status.phase === "failed") ?? busy(row)[0] ?? row.progress.find(status => status.phase === "running");
  const head = row.headline;
  return [
    el("span", { role: "cell" }, el("input", { type: "checkbox", id: "pick-" + row.id, checked: picked, "aria-label": "select " + row.name, onchange: pick })),
    el("span.name", { role: "cell" }, el("a", { href: link("experiment", row.id), title: row.id }, row.name),
      alerts ? el("abbr.flag", { title: alerts === 1 ? "an alert is raised" : `${alerts} alerts are raised` }, " ⚠") : null),
    el("span", { role: "cell" }, el("span.phase." + row.phase, {}, row.phase)),
    el("span.wide", { role: "cell" }, row.method, row.labels === "soft" ? " + soft labels" : "", row.imagesPerClass ? ` · ${row.imagesPerClass}/class` : ""),
    el("span.wide.activity", { role: "cell", title: told ? progress(told) : "" },
      row.phase === "completed" ? "" : el("meter", { min: 0, max: 1, value: share(row), "aria-label": "progress" }),
      told && row.phase !== "completed" ? el("small", {}, progress(told)) : null),
    el("span.figure", { role: "cell" }, number(head?.clean)),
    el("span.figure", { role: "cell" }, head?.stability == null ? number(head?.worst) : `stability ${number(head.stability)}`, head && !head.complete ? el("abbr", { title: "not complete yet" }, " …") : null),
    el("span.figure.irr", { role: "cell", title: head ? `${head.suite}, untargeted, ${head.victims} victims` : "" },
      number(head?.irr), " ", el("small", {}, head ? interval([head.irrLow, head.irrHigh]) : ""),
      head?.flags.length ? el("abbr.flag", { title: "flags: " + head.flags.join(", ") }, "⚑") : null,
      sparkline(head?.overSnapshots ?? [], "I-RR over snapshots")),
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
  const remove = el("button", { id: "delete-selected", onclick: () => deleting.ask(`Delete the selected experiments, ${picked.size} in all?`) }, "Delete …");
  const selection = el("span.hint", {});
  bulk.append(selection, stop, remove, el("button", { onclick: clear }, "Clear"));
  page.append(el("h1", {}, "Experiments"), el("form.tools", { role: "search", onsubmit: event => event.preventDefault() },
    search, el("label", {}, "grouped by ", group), compare, bulk), told, table, deleting.dialog,
    el("p.hint", {}, "Clean and worst case (right under every attack) in per cent, means over victims of the newest snapshot, untargeted, in pixel-2 where it was asked for. I-RR with the mean of its 95 % intervals; beside it, over snapshots."));
  let lines = [];

  function paint() {
    space.style.height = lines.length * ROW + "px";
    const from = Math.max(0, Math.floor(window_.scrollTop / ROW) - 5);
    const to = Math.min(lines.length, from + Math.ceil(window_.clientHeight / ROW) + 10);
    const alerts = raisedByExperiment();
    const kept = new Map([...space.children].map(element => [element.dataset.line, element]));
    const wanted = lines.slice(from, to).map((line, i) => {
      const element = line.heading != null
        ? el("div.row.heading", { role: "row" }, el("span", { role: "cell" }, `${line.heading} (${line.count})`))
        : el("div.row", { role: "row", "data-id": line.id }, cells(line, alerts.get(line.id), picked.has(line.id), pick(line.id)));
      element.dataset.line = line.id ?? "heading " + line.heading;
      element.style.transform = `translateY(${(from + i) * ROW}px)`;
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
  addEventListener("resize", paint);

  return {
    draw(view) {
      const filter = view.get("filter") ?? "", sort = view.get("sort") ?? "", down = view.get("down") === "1", by = view.get("group") ?? "";
      if (document.activeElement !== search) search.value = filter;
      group.value = by;
      if (head.dataset.sort !== sort + down) head.replaceChildren(el("span", { role: "columnheader" }, el("abbr", { title: "selected" }, "✓")), ...COLUMNS.map(([key, label], i) => el("span" + (i > 3 ? ".figure" : i > 1 ? ".wide" : ""), { role: "columnheader", "aria-sort": sort === key ? (down ? "descending" : "ascending") : "none" },
        el("button.plain", { id: "sort-" + key, onclick: () => look({ sort: key, down: sort === key && !down ? "1" : "" }) }, label, sort === key ? (down ? " ▾" : " ▴") : ""))));
      head.dataset.sort = sort + down;
      const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
      const all = [...entries("experiment").values()];
      let rows = all.filter(row => words.every(word => `${row.id} ${row.name} ${row.method} ${row.labels} ${row.dataset} ${row.phase}`.toLowerCase().includes(word)));
      const column = COLUMNS.find(([key]) => key === sort);
      if (column) rows.sort((a, b) => compareValues(column[2](a), column[2](b)) * (down ? -1 : 1));
      else rows.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name, "en", { numeric: true }));
      const there = new Set(all.map(row => row.id));
      for (const id of picked) if (!there.has(id)) picked.delete(id);
      bulk.hidden = !picked.size;
      selection.textContent = `${picked.size} selected`;
      compare.textContent = picked.size ? `Compare ${picked.size} selected` : "Compare those shown";
      compare.href = "#/compare?ids=" + (picked.size ? [...picked] : rows.slice(0, 12).map(row => row.id)).map(encodeURIComponent).join(",");
      table.hidden = compare.hidden = all.length === 0;
      if (all.length) show(told, `${rows.length} of ${all.length} experiments`);
      else show(told, "No experiments yet. ", el("a", { href: "#/submit" }, "Submit one"), ", or run ", el("code", {}, "./rome submit FILE"), " in a terminal.");
      lines = by ? [...Map.groupBy?.(rows, GROUPS[by]) ?? groups(rows, GROUPS[by])].sort(([a], [b]) => a.localeCompare(b)).flatMap(([heading, members]) => [{ heading, count: members.length }, ...members]) : rows;
      paint();
    },
    close() {
      removeEventListener("resize", paint);
    },
  };
}

const rank = row => ["running", "waiting", "failed", "paused", "completed", "stopped"].indexOf(row.phase);
const compareValues = (a, b) => typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
function groups(rows, key) {
  const map = new Map();
  for (const row of rows) map.set(key(row), [...map.get(key(row)) ?? [], row]);
  return map;
}
