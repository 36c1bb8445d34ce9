// Elements, numbers and the address.

/** An element: el("a.name", {href}, child, ...); text is text, never markup. */
export function el(tag, attributes, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  // no button sends the form that it stands in
  if (name === "button") element.type = "button";
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.flat(3).filter(child => child != null));
  return element;
}

export function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const shown = new WeakMap();

/** Replaces what an element holds, and leaves it alone where nothing changed; the focus stays where it is by id. */
export function show(element, ...children) {
  const fresh = el("div", {}, ...children), markup = fresh.innerHTML;
  if (markup === shown.get(element) && element.childNodes.length) return;
  shown.set(element, markup);
  const focused = element.contains(document.activeElement) ? document.activeElement.id : "";
  element.replaceChildren(...fresh.childNodes);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

export const number = (value, digits = 1) => value == null ? "–" : value.toFixed(digits).replace(/^-(?=[0.]+$)/, "");
export const interval = bounds => bounds == null || bounds[0] == null ? "" : `[${number(bounds[0])}, ${number(bounds[1])}]`;
export const count = value => value == null ? "–" : value.toLocaleString("en");

export function duration(seconds) {
  if (!isFinite(seconds)) return "";
  return seconds < 90 ? `${Math.round(seconds)} s` : seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

export const time = millis => new Date(millis).toISOString().replace("T", " ").slice(0, 19);

/** The address: a page, what it is of, and how it is looked at. */
export function route() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [page, ...rest] = path.split("/").map(decodeURIComponent);
  return { page: page || "experiments", of: rest.join("/"), view: new URLSearchParams(query ?? "") };
}

/** Changes how the page is looked at; every change is a step of the back button unless it says otherwise. */
export function look(changes, { replace = false } = {}) {
  const { page, of, view } = route();
  for (const [key, value] of Object.entries(changes)) {
    if (value == null || value === "") view.delete(key);
    else view.set(key, value);
  }
  const query = view.toString();
  const hash = "#/" + [page, ...(of ? [of] : [])].map(encodeURIComponent).join("/") + (query ? "?" + query : "");
  if (hash === location.hash) return;
  if (replace) {
    history.replaceState(null, "", hash);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = hash;
  }
}

/** Values by what key(value) gives, in the order in which they come. */
export function groupBy(values, key) {
  const groups = new Map();
  for (const value of values) groups.set(key(value), [...groups.get(key(value)) ?? [], value]);
  return groups;
}

export const link = (page, of) => "#/" + page + (of ? "/" + encodeURIComponent(of) : "");

/** A line in the size of a word. */
export function sparkline(values, label) {
  const known = values.filter(value => value != null);
  if (known.length < 2) return null;
  const low = Math.min(...known), high = Math.max(...known), span = high - low || 1;
  const points = values.map((value, i) => value == null ? null : `${(i * 58 / (values.length - 1) + 1).toFixed(1)},${(15 - (value - low) * 14 / span).toFixed(1)}`);
  return svg("svg", { class: "spark", viewBox: "0 0 60 16", role: "img", "aria-label": label },
    svg("polyline", { points: points.filter(Boolean).join(" ") }));
}

/** A table of headings and rows, whose first cells are headings; where it is too wide, it scrolls by itself. */
export const table = (label, headings, rows) => el("div.scroll", { tabindex: "0", role: "group", "aria-label": label },
  el("table", {}, el("thead", {}, el("tr", {}, headings.map(heading => el("th", { scope: "col" }, heading)))),
    el("tbody", {}, rows.map(([first, ...cells]) => el("tr", {}, el("th", { scope: "row" }, first), cells.map(cell => el("td", {}, cell)))))));

/** Says something for a few seconds. */
export function say(message, bad = false) {
  const note = el(bad ? "p.note.bad" : "p.note", { role: bad ? "alert" : "status" }, message);
  document.body.append(note);
  setTimeout(() => note.remove(), bad ? 12000 : 5000);
}

/** Does what a button is for, and says what came of it. */
export const doing = (work, done) => async event => {
  const button = event.currentTarget;
  button.disabled = true;
  try {
    const result = await work();
    if (done) say(done(result));
  } catch (error) {
    say(error.message, true);
  } finally {
    button.disabled = false;
  }
};

/** Gives the browser a file to keep. */
export function save(name, type, content) {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const anchor = el("a", { href: url, download: name });
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
