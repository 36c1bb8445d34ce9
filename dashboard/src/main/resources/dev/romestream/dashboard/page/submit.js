// A file, checked as it is written by what the command line checks it with, and its experiments.
import { call } from "./live.js";
import { doing, el, link, show } from "./dom.js";

const START = "name: my-experiment\ndataset: shapes10\ndistillation:\n  method: rome\n  imagesPerClass: 10\n  iterations: 100\nevaluation:\n  images: 500\n  suites: [pixel-2]\nseed: 1\n";
const KEPT = "rome-editor";

export function open(page) {
  const editor = el("textarea", { id: "editor", spellcheck: "false", autocapitalize: "off", "aria-label": "Experiment file (YAML)", "aria-describedby": "check", rows: 24 });
  editor.value = sessionStorage.getItem(KEPT) ?? START;
  const told = el("div", { id: "check", role: "status" });
  const offered = el("ul.offered", { hidden: true });
  const presets = el("select", { id: "preset", "aria-label": "Preset", onchange: doing(async () => {
    if (presets.value) {
      editor.value = `# preset: ${presets.value}\nname: ${presets.value}\n` + (await call("api/presets/" + presets.value)).replace(/^name:.*\n/m, "");
      changed();
    }
    presets.value = "";
  }) }, el("option", { value: "" }, "from a preset …"));
  const submit = el("button.main", { id: "submit", onclick: doing(async () => {
    const { ids } = await call("api/experiments", { file: editor.value });
    location.hash = ids.length === 1 ? link("experiment", ids[0]) : "#/experiments";
    return ids;
  }, ids => ids.length === 1 ? "Submitted." : `${ids.length} experiments submitted.`) }, "Submit");
  page.append(el("h1", {}, "Submit"), el("p.hint", {}, "An experiment file as ./rome run and submit take it; with a sweep, several experiments. Ctrl-Space offers what fits."),
    el("div.tools", {}, presets, submit), el("div.editing", {}, el("div", {}, editor, offered), told));

  let schema = null, timer = 0, asked = 0;
  call("api/experiment.schema.json").then(answer => {
    schema = answer;
    presets.append(...(schema.properties.preset?.enum ?? []).map(name => el("option", { value: name }, name)));
  }).catch(() => {});

  function changed() {
    sessionStorage.setItem(KEPT, editor.value);
    clearTimeout(timer);
    timer = setTimeout(check, 300);
  }

  async function check() {
    const mine = ++asked;
    try {
      const { experiments, cost } = await call("api/check", { file: editor.value });
      if (mine !== asked) return;
      submit.disabled = false;
      show(told, el("p.good", {}, experiments.length === 1 ? "One experiment." : `${experiments.length} experiments.`), cost ? el("p", {}, cost) : null,
        el("ul", {}, experiments.slice(0, 20).map(experiment => el("li", {}, el("code", {}, experiment.id)))), experiments.length > 20 ? el("p", {}, "…") : null);
    } catch (error) {
      if (mine !== asked) return;
      submit.disabled = true;
      show(told, el("p.bad", {}, error.message));
    }
  }

  /** Where the cursor is in the schema: by indentation. */
  function place() {
    const before = editor.value.slice(0, editor.selectionStart).split("\n");
    const line = before.pop();
    const [, indent, written] = /^(\s*)(?:- )?([\w.]*)$/.exec(line) ?? [null, null, null];
    const value = /^(\s*)(?:- )?([\w.]+):\s+(\w*)$/.exec(line);
    const path = [];
    let depth = (value?.[1] ?? indent ?? line).length;
    for (const above of before.reverse()) {
      const match = /^(\s*)(?:- )?([\w.]+):\s*$/.exec(above);
      if (match && match[1].length < depth) {
        path.unshift(match[2]);
        depth = match[1].length;
      }
    }
    return { path, written: value ? value[3] : written, key: value?.[2] ?? null };
  }

  function resolve(node) {
    if (!node) return null;
    const any = node.anyOf?.find(one => one.properties || one.items || one.enum);
    return any ? resolve(any) : node.items ? resolve(node.items) : node;
  }

  function offer() {
    const { path, written, key } = place();
    let node = resolve(schema);
    for (const step of path) node = resolve(node?.properties?.[step]);
    const names = written == null || !node ? [] : key ? (resolve(node.properties?.[key])?.enum ?? []) : Object.keys(node.properties ?? {});
    const fitting = names.filter(name => String(name).startsWith(written)).slice(0, 40);
    offered.hidden = !fitting.length;
    offered.replaceChildren(...fitting.map((name, i) => el("li", {}, el("button.plain", { title: node.properties?.[name]?.description, onclick: () => insert(String(name), written, !key),
      onkeydown: event => {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (step) (offered.querySelectorAll("button")[i + step] ?? editor).focus();
        if (event.key === "Escape") { offered.hidden = true; editor.focus(); }
      } }, String(name), node.properties?.[name]?.description ? el("small", {}, " " + node.properties[name].description) : null))));
    offered.querySelector("button")?.focus();
    if (!fitting.length) editor.focus();
  }

  function insert(name, written, isKey) {
    const at = editor.selectionStart;
    editor.setRangeText(name.slice(written.length) + (isKey ? ": " : ""), at, at, "end");
    offered.hidden = true;
    editor.focus();
    changed();
  }

  editor.addEventListener("input", changed);
  editor.addEventListener("keydown", event => {
    if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      offer();
    }
  });
  check();
  return { draw() {}, close() { clearTimeout(timer); } };
}
