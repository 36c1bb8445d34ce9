// A file, checked as it is written by what the command line checks it with, and its experiments.
import { call } from "./live.js";
import { doing, el, link, show } from "./dom.js";
import { completions, describe } from "./schema.js";
import { loadEditor } from "./editor.js";

const START = "name: my-experiment\ndataset: shapes10\ndistillation:\n  method: rome\n  imagesPerClass: 10\n  iterations: 100\nevaluation:\n  images: 500\n  suites: [pixel-2]\nseed: 1\n";
const KEPT = "rome-editor";

export function open(page) {
  const editor = el("textarea", { id: "editor", spellcheck: "false", autocapitalize: "off", "aria-label": "Experiment file (YAML)", "aria-describedby": "check", rows: 24 });
  editor.value = sessionStorage.getItem(KEPT) ?? START;
  const told = el("div", { id: "check", role: "status" });
  const presets = el("select", { id: "preset", "aria-label": "Preset", onchange: doing(async () => {
    if (presets.value) {
      editor.value = `# preset: ${presets.value}\nname: ${presets.value}\n` + (await call("api/presets/" + presets.value)).replace(/^name:.*\n/m, "");
      editor.dispatchEvent(new Event("input"));
    }
    presets.value = "";
  }) }, el("option", { value: "" }, "from a preset …"));
  const submit = el("button.main", { id: "submit", onclick: doing(async () => {
    const { ids } = await call("api/experiments", { file: editor.value });
    location.hash = ids.length === 1 ? link("experiment", ids[0]) : "#/experiments";
    return ids;
  }, ids => ids.length === 1 ? "Submitted." : `${ids.length} experiments submitted.`) }, "Submit");
  page.append(el("h1", {}, "Submit"), el("p.hint", {}, "An experiment file, as ./rome run and ./rome submit take it; with a sweep, several experiments. Ctrl-Space completes; a key under the pointer says what it is."),
    el("div.tools", {}, presets, submit), el("div.editing", {}, el("div", {}, editor), told));

  let schema = null, timer = 0, asked = 0, code = null;
  call("api/experiment.schema.json").then(answer => {
    schema = answer;
    presets.append(...(schema.properties.preset?.enum ?? []).map(name => el("option", { value: name }, name)));
  }).catch(() => {});

  function changed() {
    sessionStorage.setItem(KEPT, editor.value);
    // what was said is of the file before
    told.classList.add("stale");
    clearTimeout(timer);
    timer = setTimeout(check, 300);
  }

  async function check() {
    const mine = ++asked;
    try {
      const { experiments, cost } = await call("api/check", { file: editor.value });
      if (mine !== asked) return;
      told.classList.remove("stale");
      submit.disabled = false;
      code?.mark([]);
      show(told, el("p.good", {}, experiments.length === 1 ? "One experiment. Ready to submit:" : `${experiments.length} experiments. Ready to submit:`), cost ? el("p", {}, cost) : null,
        el("ul", {}, experiments.slice(0, 20).map(experiment => el("li", {}, el("code", {}, experiment.id)))), experiments.length > 20 ? el("p", {}, "…") : null);
    } catch (error) {
      if (mine !== asked) return;
      told.classList.remove("stale");
      submit.disabled = true;
      const errors = (error.errors?.length ? error.errors : [{ line: null, detail: error.message }]).sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
      code?.mark(errors);
      show(told, el("p", {}, errors.length === 1 ? "One error." : `${errors.length} errors.`), el("ol.errors", {}, errors.map((one, i) => el("li.bad", {},
        one.line ? el("button.plain", { id: "error-" + i, onclick: () => code ? code.go(one.line) : go(one.line) }, `line ${one.line}: `) : null, one.detail))));
    }
  }

  /** In the text area itself. */
  function go(line) {
    const at = editor.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    editor.setSelectionRange(at, at);
    editor.focus();
  }

  editor.addEventListener("input", changed);
  // without it, the text is edited as it is
  loadEditor(editor, { complete: (text, at) => schema ? completions(schema, text, at) : null, describe: (text, at) => schema ? describe(schema, text, at) : "" }).then(loaded => { code = loaded; check(); }).catch(() => {});
  check();
  return { draw() {}, close() { clearTimeout(timer); } };
}
