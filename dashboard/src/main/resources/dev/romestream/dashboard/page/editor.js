// CodeMirror in place of a text area, which stays its value: whoever changes either changes both.
import { el, groupBy } from "./dom.js";

const HOME = "codemirror/5.65.21/";

const script = path => new Promise((resolve, reject) => document.head.append(el("script", { src: HOME + path, onload: resolve, onerror: reject })));
const styles = path => document.head.append(el("link", { rel: "stylesheet", href: HOME + path }));
let loaded = null;

/** complete(text, at) gives {from, names: [{name, insert, description}]} or null; describe(text, at) what the key there is. */
export async function loadEditor(area, { complete, describe }) {
  loaded ??= (async () => {
    styles("lib/codemirror.css");
    styles("addon/hint/show-hint.css");
    await script("lib/codemirror.js");
    await Promise.all([script("mode/yaml/yaml.js"), script("addon/hint/show-hint.js")]);
  })();
  try {
    await loaded;
  } catch (error) {
    // the next visit tries again
    loaded = null;
    throw error;
  }
  const code = window.CodeMirror.fromTextArea(area, {
    mode: "yaml", lineNumbers: true, tabSize: 2, viewportMargin: Infinity, gutters: ["CodeMirror-linenumbers", "errors"], screenReaderLabel: area.getAttribute("aria-label"),
    // Tab leaves the editor, as it leaves every field
    extraKeys: { Tab: false, "Shift-Tab": false, "Ctrl-Space": () => offer() },
  });
  const hint = () => {
    const at = code.indexFromPos(code.getCursor());
    const offered = complete(code.getValue(), at);
    if (!offered?.names.length) return null;
    return { from: code.posFromIndex(offered.from), to: code.getCursor(), list: offered.names.map(({ name, insert, description }) => ({ text: insert, render: place => place.append(name, description ? el("small", {}, " " + description) : "") })) };
  };
  const offer = () => code.showHint({ hint, completeSingle: false });
  code.on("change", () => {
    if (area.value === code.getValue()) return;
    code.save();
    area.dispatchEvent(new Event("input"));
  });
  area.addEventListener("input", () => {
    if (area.value !== code.getValue()) code.setValue(area.value);
  });
  const wrapper = code.getWrapperElement();
  wrapper.addEventListener("mousemove", event => {
    const at = code.coordsChar({ left: event.clientX, top: event.clientY }, "window");
    wrapper.title = at.outside ? "" : describe(code.getValue(), code.indexFromPos(at));
  });
  return {
    mark(errors) {
      code.clearGutter("errors");
      for (const [line, own] of groupBy(errors.filter(error => error.line), error => error.line)) code.setGutterMarker(line - 1, "errors", el("span.mark", { title: own.map(error => error.detail).join("\n"), "aria-hidden": "true" }, "●"));
    },
    go(line) {
      code.setCursor(line - 1, 0);
      code.focus();
    },
  };
}
