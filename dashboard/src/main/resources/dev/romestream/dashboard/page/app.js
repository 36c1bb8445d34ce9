// Which page is shown, and when it is drawn again.
import { follow, onChange } from "./live.js";
import { raised } from "./alerts.js";
import { el, route } from "./dom.js";

const PAGES = {
  experiments: () => import("./experiments.js"),
  experiment: () => import("./experiment.js"),
  compare: () => import("./compare.js"),
  monitor: () => import("./monitor.js"),
  submit: () => import("./submit.js"),
  system: () => import("./system.js"),
};
const page = document.getElementById("page");
const connection = document.getElementById("connection");
let shown = null;
let again = null;

function connected(how) {
  connection.textContent = { live: "live", lost: "connection lost, trying again …", refused: "refused, trying again …" }[how];
  connection.className = how;
}

async function open() {
  const at = route();
  const key = at.page + "/" + at.of;
  for (const anchor of document.querySelectorAll("nav a")) {
    if (anchor.hash === "#/" + at.page || (at.page === "experiment" && anchor.hash === "#/experiments")) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
  if (shown?.key !== key) {
    if (!PAGES[at.page]) {
      shown?.page.close?.();
      shown = null;
      page.replaceChildren(el("h1", {}, "There is no such page"));
      return;
    }
    let module;
    try {
      module = await PAGES[at.page]();
    } catch {
      shown?.page.close?.();
      shown = null;
      page.replaceChildren(el("h1", {}, "The server does not answer"), el("p", {}, "This page could not be loaded. It is loaded when the server is back."));
      // browsers remember that a module failed: only a document that is loaded anew asks again
      again ??= setInterval(() => fetch("icon.svg", { cache: "no-store" }).then(answer => answer.ok && location.reload()).catch(() => {}), 3000);
      return;
    }
    if (route().page + "/" + route().of !== key) return;
    shown?.page.close?.();
    page.replaceChildren();
    const first = shown === null;
    shown = { key, page: module.open(page, at.of) };
    document.title = (page.querySelector("h1")?.textContent ?? "") + " – ROME Stream";
    if (!first) page.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  follow(shown.page.follows?.(route().view) ?? [], connected);
  shown.page.draw(route().view);
}

const badge = document.getElementById("raised");

onChange(() => {
  const count = raised().length;
  badge.hidden = count === 0;
  badge.textContent = count;
  badge.title = count === 1 ? "an alert is raised" : `${count} alerts are raised`;
  if (!shown) return;
  // what is known now may be more than was known when the page was opened
  follow(shown.page.follows?.(route().view) ?? [], connected);
  shown.page.draw(route().view);
});
document.getElementById("skip").addEventListener("click", event => {
  event.preventDefault();
  page.focus();
});
addEventListener("hashchange", open);
open();
