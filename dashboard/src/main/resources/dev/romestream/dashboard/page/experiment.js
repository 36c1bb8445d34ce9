// One experiment: its figures as they form, over snapshots, attack by victim, its images over time, and its file.
import { call, entries, entry } from "./live.js";
import { aligned, chart } from "./chart.js";
import { alertList } from "./alerts.js";
import { attackTable, CONTROLS, FLAGS, short } from "./attacks.js";
import { progress } from "./experiments.js";
import { imagesSeen } from "./tables.js";
import { count, doing, el, interval, link, look, number, show } from "./dom.js";


/** A victim's name; on a stream, with the window of the set that it was trained on. */
const named = figure => short(figure.victim) + (figure.window && figure.method !== "network" ? " of set " + figure.snapshot : "");

/** What a line over snapshots or windows is of; a set is scored on its own window, and on the next one. */
const line = figure => short(figure.victim) + (figure.window && figure.method !== "network" && figure.window.number !== figure.snapshot ? " on the next window" : "");

/** What an attack leaves, with its interval: accuracy, or where images have no labels, stability. */
const left = one => one?.stability ? [one.stability.percent, interval(one.stability.interval)] : [one?.accuracy, interval(one?.interval)];

/** Of a figure along its series: the window of a stream, the snapshot of a distillation, or the version of a network. */
const position = figure => figure.window?.number ?? figure.snapshot;

export function open(page, id) {
  const title = el("h1", {}, id);
  const state = el("div.state");
  const alerts = el("section", { "aria-live": "polite", "aria-label": "Alerts" });
  const actions = el("div.tools");
  const chooser = el("form.tools", { onsubmit: event => event.preventDefault() });
  const forming = chart("Images left standing, over the images seen so far");
  const ratio = chart("I-RR over the images seen so far, with its 95 % interval");
  const over = chart("I-RR over snapshots");
  const heat = el("div.scroll", { tabindex: "0", role: "group", "aria-label": "Attack by victim, scrollable" });
  const detail = el("section.detail", { "aria-live": "polite" });
  const gallery = el("section.gallery");
  const images = el("section.images");
  const file = el("details", {}, el("summary", {}, "The file, as run"), el("pre", { tabindex: "0" }, "…"));
  page.append(el("p.back", {}, el("a", { href: "#/experiments" }, "Experiments")), title, state, alerts, actions);
  const figuresAndImages = el("div", {}, el("h2", {}, "Metrics"), chooser, el("div.charts", {}, forming.element, ratio.element, over.element),
    el("h2", {}, "Attack by victim"), heat, detail, gallery, el("h2", {}, "Synthetic images"), images, el("h2", {}, "File"), file);
  page.append(figuresAndImages);

  let text = "";
  const load = () => call("api/experiments/" + encodeURIComponent(id)).then(answer => {
    text = answer.file;
    file.querySelector("pre").textContent = text;
    return true;
  }).catch(() => false);
  load();

  const state_ = wanted => doing(() => call(`api/experiments/${encodeURIComponent(id)}/state`, { state: wanted }), () => `asked for: ${wanted}`);
  const buttons = {
    pause: el("button", { id: "pause", onclick: state_("pause") }, "Pause"),
    resume: el("button", { id: "resume", onclick: state_("run") }, "Resume"),
    stop: el("button", { id: "stop", onclick: state_("stop") }, "Stop"),
    again: el("button", { id: "again", onclick: doing(() => call(`api/experiments/${encodeURIComponent(id)}/run`, {}), answer => `run ${answer.run} started`) }, "Run again"),
    clone: el("button", { id: "clone", onclick: doing(async () => {
      if (!await load()) throw new Error("The file could not be read.");
      sessionStorage.setItem("rome-editor", text);
      location.hash = "#/submit";
    }) }, "Clone into the editor"),
  };
  const results = el("input", { type: "checkbox", id: "delete-results" });
  const asking = el("dialog", { "aria-label": "Delete the experiment" },
    el("p", {}, "Delete this experiment? Its victims and checkpoints are removed. Its results stay, unless you tick the box."),
    el("p", {}, el("label", {}, results, " Delete its results, too: metrics, snapshots and alerts")),
    el("div.tools", {}, el("button", { onclick: () => asking.close() }, "Keep it"),
      el("button", { id: "delete-now", onclick: doing(async () => {
        await call(`api/experiments/${encodeURIComponent(id)}?results=${results.checked}`, {}, "DELETE");
        asking.close();
        location.hash = "#/experiments";
      }, () => "deleted") }, "Delete")));
  page.append(asking);
  buttons.remove = el("button", { id: "delete", onclick: () => asking.showModal() }, "Delete …");
  actions.append(...Object.values(buttons), el("a.button", { href: "#/compare?ids=" + encodeURIComponent(id) }, "Compare"));

  const slider = el("input", { id: "snapshot-slider", type: "range", min: 0, "aria-label": "Snapshot", onchange: () => look({ image: slider.value }, { replace: true }) });
  const caption = el("p", {});
  const sheet = el("img", { alt: "" });
  const none = el("p.hint", {}, "No snapshot yet.");
  images.append(none);

  function figures(filter) {
    return [...entries("figure").values()].filter(figure => figure.experiment === id && filter(figure));
  }

  function chosen(view) {
    const all = figures(() => true);
    const suites = [...new Set(all.map(figure => figure.suite))].sort();
    const suite = suites.includes(view.get("suite")) ? view.get("suite") : suites.find(name => name === "pixel-2") ?? suites.find(name => name.startsWith("pixel")) ?? suites[0];
    const modes = [...new Set(all.filter(figure => figure.suite === suite).map(figure => figure.mode))].sort().reverse();
    const mode = modes.includes(view.get("mode")) ? view.get("mode") : modes[0];
    const snapshots = [...new Set(all.filter(figure => figure.suite === suite && figure.mode === mode).map(position))].sort((a, b) => a - b);
    const asked = Number(view.get("snapshot"));
    const snapshot = view.has("snapshot") && snapshots.includes(asked) ? asked : snapshots.at(-1);
    return { all, suites, suite, modes, mode, snapshots, snapshot, stream: all.some(figure => figure.window) };
  }

  const choice = (name, label, values, value, words = String) => el("label", {}, label, " ",
    el("select", { id: "choose-" + name, onchange: event => look({ [name]: event.target.value }) }, values.map(one => el("option", { value: one, selected: one === value }, words(one)))));

  function drawHeat(view, now) {
    const victims = now.all.filter(figure => figure.suite === now.suite && figure.mode === now.mode && position(figure) === now.snapshot).sort((a, b) => a.victim.localeCompare(b.victim, "en", { numeric: true }));
    if (!victims.length) {
      show(heat, el("p.hint", {}, "No figures yet: they appear while the first images are attacked."));
      show(detail);
      drawGallery();
      return;
    }
    const attacks = attackTable(victims);
    const stable = victims.some(figure => figure.stability);
    const labelled = stable && victims.some(figure => figure.clean.count);
    const cell = (figure, name, value, more) => {
      const picked = view.get("cell") === named(figure) + "|" + name;
      return el("td.heat" + (picked ? ".picked" : ""), { "data-level": value == null ? "" : Math.round(value / 10) },
        el("button.plain", { id: `cell-${named(figure)}-${name}`, title: more, "aria-pressed": String(picked), onclick: () => look({ cell: named(figure) + "|" + name }) }, number(value)));
    };
    show(heat, el("table.heatmap", {},
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "victim"), attacks.keys.map(key => el("th", { scope: "col", title: CONTROLS[attacks.attack(key).attack] }, attacks.name(key), attacks.attack(key).control ? el("small", {}, " control") : "")),
        [...stable ? ["stability"] : [], ...labelled ? ["clean"] : [], ...labelled || !stable ? ["worst case", "I-RR"] : []].map(name => el("th", { scope: "col" }, name)), el("th", { scope: "col" }, "images"))),
      el("tbody", {}, victims.map(figure => el("tr", {}, el("th", { scope: "row", title: figure.architecture }, named(figure)),
        attacks.keys.map(key => {
          const attack = attacks.of(figure, key)?.attack;
          return cell(figure, attacks.name(key), ...left(attack));
        }),
        stable ? cell(figure, "stability", ...left(figure)) : null,
        labelled ? cell(figure, "clean", ...left(figure.clean)) : null,
        labelled || !stable ? [cell(figure, "worst case", ...left(figure.worstCase)),
          el("td", {}, number(figure.irr), " ", el("small", {}, interval(figure.irrInterval)))] : null,
        el("td", {}, count(imagesSeen(figure)), figure.complete ? "" : " …", labelled ? `, ${count(figure.clean.count)} with labels` : ""))))));
    const [victim, name] = (view.get("cell") ?? "").split("|");
    const figure = victims.find(one => named(one) === victim) ?? victims[0];
    const attack = attacks.of(figure, attacks.keys.find(key => attacks.name(key) === name))?.attack;
    drawGallery(figure, attack);
    show(detail,
      el("h3", {}, named(figure), attack ? " under " + name : ""),
      el("p", {}, figure.architecture, figure.complete ? "" : " – not complete yet"),
      attack ? el("p", {}, `${attack.stability ? `${count(attack.stability.stable)} of ${count(attack.stability.count)} predictions left` : `${count(attack.correct)} of ${count(attack.count)} images still right`}: ${number(left(attack)[0])} % ${left(attack)[1]}; ε ${number(attack.epsilon, 4)}, ${attack.steps} steps, ${count(attack.gradientEvaluations)} gradient evaluations in ${number(attack.seconds)} s. `, CONTROLS[attack.attack] ?? "") : el("p.hint", {}, "Click a cell to see its details."),
      figure.flags.length ? el("dl.flags", {}, figure.flags.map(flag => [el("dt", {}, "⚑ ", flag), el("dd", {}, FLAGS[flag] ?? "")])) : el("p", {}, "No flags."),
      figure.attacks.filter(one => one.failure).map(one => el("p.error", {}, `The attack ${one.attack} failed: ${one.failure}`)),
      Object.keys(figure.undefined).length ? el("p.hint", {}, "Undefined: ", Object.entries(figure.undefined).map(([key, why]) => `${key} (${why})`).join("; ")) : null);
  }

  /** Images before and after the attack of the open cell, fetched when their place is known or has changed. */
  let shown = "";
  async function drawGallery(figure, attack) {
    const key = attack?.sample ? [figure.key, figure.attacks.indexOf(attack), attack.sample.partition, attack.sample.offset].join(" ") : "";
    if (key === shown) return;
    shown = key;
    gallery.replaceChildren();
    if (!key) return;
    try {
      const list = await call(`api/experiments/${encodeURIComponent(id)}/gallery?figure=${encodeURIComponent(figure.key)}&attack=${figure.attacks.indexOf(attack)}`);
      if (key !== shown) return;
      const picture = (source, words) => el("img", { src: source, alt: words, width: 96, height: 96 });
      gallery.replaceChildren(...list.length ? [el("h3", {}, "Clean, perturbed, and the difference × 10"), el("div.strip", {}, list.map(one => el("figure", {},
        picture(one.clean, `image ${one.image}, clean`), picture(one.perturbed, `image ${one.image}, perturbed`), picture(one.difference, "difference, ten times"),
        el("figcaption" + (one.right ? ".good" : ".bad"), {}, el("b", {}, one.label), el("br"), `clean: ${one.predicted}`, el("br"), `attacked: ${one.attacked} ${one.right ? "✓" : "✗"}`))))]
        : [el("p.hint", {}, "The perturbed images are no longer on their topic.")]);
    } catch (error) {
      gallery.replaceChildren(el("p.hint", {}, error.message));
    }
  }

  function drawImages(view) {
    const snapshots = [...entries("snapshot").values()].filter(snapshot => snapshot.experiment === id).sort((a, b) => a.snapshot - b.snapshot);
    if (!snapshots.length || snapshots[0].method === "full") {
      none.textContent = snapshots.length ? "This method keeps the whole training set." : "No snapshot yet.";
      images.replaceChildren(none);
      return;
    }
    const numbers = snapshots.map(snapshot => snapshot.snapshot);
    const wanted = view.has("image") && numbers.includes(Number(view.get("image"))) ? Number(view.get("image")) : numbers.at(-1);
    const snapshot = snapshots[numbers.indexOf(wanted)];
    slider.max = numbers.at(-1);
    slider.value = wanted;
    slider.disabled = numbers.length < 2;
    caption.textContent = `Snapshot ${wanted} of ${numbers.at(-1)}, after ${count(snapshot.iteration)} iterations${snapshot.final ? " (the last one)" : ""}: ${snapshot.classes} classes, ${snapshot.imagesPerClass} a class${snapshot.multiFormation ? ", each a mosaic of four" : ""}; ${count(snapshot.imageBytes)} bytes of images, ${count(snapshot.labelBytes)} of labels.`;
    const source = `api/experiments/${encodeURIComponent(id)}/snapshots/${wanted}/images.png`;
    sheet.hidden = snapshot.imageBytes > 16 * 1024 * 1024;
    if (sheet.hidden) caption.textContent += " Too many to be drawn here: ./rome export writes them.";
    else if (sheet.getAttribute("src") !== source) {
      sheet.src = source;
      sheet.alt = `The synthetic images of snapshot ${wanted}, a row a class`;
    }
    if (!slider.isConnected) images.replaceChildren(slider, caption, el("div.scroll", { tabindex: "0", role: "group", "aria-label": "Images, scrollable" }, sheet));
  }

  return {
    follows: () => [id],
    draw(view) {
      const row = entry("experiment", id);
      const failed = row?.progress.find(status => status.phase === "failed");
      figuresAndImages.hidden = actions.hidden = !row;
      if (!row) {
        show(state, el("p", {}, "There is no experiment of this id here. It may be on its way, or deleted. "), el("p", {}, el("a", { href: "#/experiments" }, "All experiments")));
        return;
      }
      title.textContent = row.name;
      document.title = row.name + " – ROME Stream";
      show(state, failed ? el("p.error", { role: "alert" }, el("b", {}, `${failed.service} failed: `), failed.error) : null, el("p", {}, el("span.phase." + row.phase, {}, row.phase), ` run ${row.run}, `, row.method, row.labels === "soft" ? " + soft labels" : "", ` on ${row.dataset}, seed ${row.seed}, id `, el("code", {}, row.id)),
        el("ul.progress", {}, row.progress.map(status => el("li", {}, el("b", {}, status.service), " ", el("span.phase." + status.phase, {}, status.phase), " ", progress(status),
          status.total > 0 ? el("meter", { min: 0, max: status.total, value: status.done, "aria-label": status.service + " progress" }) : null))));
      show(alerts, alertList(alert => alert.experiment === id));
      const ended = ["completed", "failed", "stopped"].includes(row.phase);
      buttons.pause.hidden = ended || row.desiredState !== "run";
      buttons.resume.hidden = ended || row.desiredState !== "pause";
      buttons.stop.hidden = ended;
      buttons.again.hidden = !ended;
      const now = chosen(view);
      show(chooser, now.suites.length ? [choice("suite", "suite", now.suites, now.suite), choice("mode", "mode", now.modes, now.mode), choice("snapshot", now.stream ? "window" : "snapshot", now.snapshots, now.snapshot)] : el("span.hint", {}, "No figures yet."));
      const at = now.all.filter(figure => figure.suite === now.suite && figure.mode === now.mode && position(figure) === now.snapshot).sort((a, b) => a.key.localeCompare(b.key));
      const seen = figure => figure.history.filter(point => point[0] > 0);
      forming.draw(...aligned(at.slice(0, 4).flatMap(figure => figure.stability ? [
        { label: named(figure) + " stability", points: seen(figure).map(point => [point[0], point[6]]) },
      ] : [
        { label: named(figure) + " clean", points: seen(figure).map(point => [point[0], point[1]]) },
        { label: named(figure) + " worst case", points: seen(figure).map(point => [point[0], point[2]]) },
      ])), "images");
      ratio.draw(...aligned(at.slice(0, 8).map(figure => ({ label: named(figure), banded: true, points: seen(figure).map(point => [point[0], point[3], point[4], point[5]]) }))), "images");
      const victims = [...new Set(now.all.filter(figure => figure.suite === now.suite && figure.mode === now.mode).map(figure => line(figure)))].sort();
      over.draw(...aligned(victims.slice(0, 8).map(victim => ({ label: victim, banded: true, points: now.all.filter(figure => figure.suite === now.suite && figure.mode === now.mode && line(figure) === victim)
        .map(figure => [figure.window ? figure.window.number : row.method === "network" ? figure.version : figure.iteration, figure.irr, figure.irrInterval?.[0], figure.irrInterval?.[1]]) }))), now.stream ? "window" : row.method === "network" ? "version" : "iterations");
      // of stability there are no ratios, and the page Monitor draws it along windows
      if (now.all.some(figure => figure.stability)) ratio.element.hidden = over.element.hidden = true;
      drawHeat(view, now);
      drawImages(view);
    },
    close() {
      forming.close();
      ratio.close();
      over.close();
    },
  };
}
