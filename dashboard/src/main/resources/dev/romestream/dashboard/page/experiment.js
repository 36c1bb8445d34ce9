// One experiment: what came out at a glance, how far it is, attack by victim, its metrics as they form, its images, and its file.
import { call, entries, entry } from "./live.js";
import { aligned, chart } from "./chart.js";
import { alertList } from "./alerts.js";
import { attackTable, CONTROLS, FLAGS, short } from "./attacks.js";
import { deletion, progress } from "./experiments.js";
import { imagesSeen } from "./tables.js";
import { count, doing, duration, el, interval, link, look, number, show, time } from "./dom.js";

/** A victim's name; on a stream, with the window of the set that it was trained on. */
const named = figure => short(figure.victim) + (figure.window && figure.method !== "network" ? " of set " + figure.snapshot : "");

/** What a line over snapshots or windows is of; a set is scored on its own window, and on the next one. */
const line = figure => short(figure.victim) + (figure.window && figure.method !== "network" && figure.window.number !== figure.snapshot ? " on the next window" : "");

/** What an attack leaves, with its interval: accuracy, or where images have no labels, stability. */
const left = one => one?.stability ? [one.stability.percent, interval(one.stability.interval)] : [one?.accuracy, interval(one?.interval)];

/** Of a figure along its series: the window of a stream, the snapshot of a distillation, or the version of a network. */
const position = figure => figure.window?.number ?? figure.snapshot;

const STAGES = ["producer", "distiller", "evaluator"];

/** Whether nothing happens any more of itself. */
const ended = id => ["completed", "failed", "stopped"].includes(entry("experiment", id)?.phase);

/** How much of a stage is done, from 0 to 1. */
const part = status => status?.phase === "completed" ? 1 : status?.total > 0 ? status.done / status.total : 0;

/** A metric of some figures: of one, with its interval; of several, the mean, with the least and the greatest. */
function tile(label, values, bounds, title) {
  const known = values.filter(value => value != null);
  const mean = known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
  const whole = bounds.filter(one => one?.[0] != null);
  const middle = i => whole.reduce((sum, one) => sum + one[i], 0) / whole.length;
  const spread = [whole.length ? interval([middle(0), middle(1)]) : "", known.length > 1 ? `victims ${number(Math.min(...known))} to ${number(Math.max(...known))}` : ""].filter(Boolean).join(", ");
  return el("div.tile", { title }, el("dt", {}, label), el("dd", {}, el("b", {}, number(mean)), known.length ? el("small", {}, " %") : null, el("small.spread", {}, spread)));
}

export function open(page, id) {
  const title = el("h1", {}, id);
  const state = el("div.state");
  const tiles = el("dl.tiles", { "aria-label": "Headline metrics" });
  const stages = el("div.stages");
  const services = el("details", { open: true }, el("summary", {}, "Services"), el("ul.progress"));
  const alerts = el("section", { "aria-live": "polite", "aria-label": "Alerts" });
  const actions = el("div.tools");
  const choosing = el("span.tools");
  let what = id;
  const of = () => what;
  const forming = chart("Images left standing, over the images seen so far", { of });
  const ratio = chart("I-RR over the images seen so far, with its 95 % interval", { of });
  const over = chart("I-RR over snapshots", { of });
  const heat = el("div.scroll", { tabindex: "0", role: "group", "aria-label": "Attack by victim, scrollable" });
  const detail = el("section.detail", { "aria-live": "polite" });
  const gallery = el("section.gallery");
  const images = el("section.images", { "aria-label": "Synthetic images" });
  const file = el("details", {}, el("summary", {}, "The file, as run"), el("pre", { tabindex: "0" }, "…"));
  page.append(el("p.back", {}, el("a", { href: "#/experiments" }, "Experiments")), title, state, tiles, stages, services, alerts, actions);
  let places = [];
  const slider = el("input", { id: "snapshot-slider", type: "range", min: 0, "aria-label": "Snapshot", onchange: () => look({ snapshot: places[slider.value], image: "" }, { replace: true }) });
  const place = el("output", {});
  const sliding = el("label.sliding", {}, slider, place);
  let folded = false;
  const chooser = el("form.tools", { onsubmit: event => event.preventDefault() }, choosing, sliding);
  const figuresAndImages = el("div", {}, el("h2", {}, "Attack by victim"), chooser, heat, detail, gallery,
    el("div.beside", {}, el("section", {}, el("h2", {}, "Metrics"), el("div.charts", {}, over.element, ratio.element, forming.element)), el("section", {}, el("h2", {}, "Synthetic images"), images)),
    el("h2", {}, "File"), file);
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
    again: el("button", { id: "again", title: "Starts the next run. What is complete stays as it is; what failed, or was stopped, goes on.", onclick: doing(() => call(`api/experiments/${encodeURIComponent(id)}/run`, {}), answer => `run ${answer.run} started`) }, "Run again"),
    clone: el("button", { id: "clone", onclick: doing(async () => {
      if (!await load()) throw new Error("The file could not be read.");
      sessionStorage.setItem("rome-editor", text);
      location.hash = "#/submit";
    }) }, "Clone into the editor"),
  };
  const deleting = deletion("delete-now", (event, results) => doing(async () => {
    await call(`api/experiments/${encodeURIComponent(id)}?results=${results}`, {}, "DELETE");
    deleting.dialog.close();
    location.hash = "#/experiments";
  }, () => "deleted")(event));
  page.append(deleting.dialog);
  buttons.remove = el("button", { id: "delete", onclick: () => deleting.ask("Delete this experiment?") }, "Delete …");
  actions.append(...Object.values(buttons), el("a.button", { href: "#/compare?ids=" + encodeURIComponent(id) }, "Compare"));

  const caption = el("p", {});
  const sheet = el("img", { alt: "" });
  const names = el("ol.names", { "aria-hidden": "true" });
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
    const scored = all.filter(figure => figure.suite === suite && figure.mode === mode);
    const made = [...entries("snapshot").values()].filter(snapshot => snapshot.experiment === id).map(snapshot => snapshot.snapshot);
    const snapshots = [...new Set([...scored.map(position), ...made])].sort((a, b) => a - b);
    const asked = Number(view.get("snapshot") ?? view.get("image"));
    const newest = scored.length ? Math.max(...scored.map(position)) : snapshots.at(-1);
    const snapshot = (view.has("snapshot") || view.has("image")) && snapshots.includes(asked) ? asked : newest;
    const stream = all.some(figure => figure.window);
    // of networks that are monitored, the newest version of each, until one is chosen
    const newestOfEach = !stream && scored.some(figure => figure.method === "network") && !view.has("snapshot");
    const at = scored.filter(figure => newestOfEach ? scored.every(other => other.victim !== figure.victim || other.version <= figure.version) : position(figure) === snapshot);
    const word = stream ? "window" : scored.some(figure => figure.method === "network") ? "version" : "snapshot";
    return { all, scored, at, newestOfEach, suites, suite, modes, mode, snapshots, snapshot, stream, word };
  }

  const choice = (name, label, values, value, words = String) => el("label", {}, label, " ",
    el("select", { id: "choose-" + name, onchange: event => look({ [name]: event.target.value }) }, values.map(one => el("option", { value: one, selected: one === value }, words(one)))));

  function drawHeat(view, now) {
    const victims = [...now.at].sort((a, b) => a.victim.localeCompare(b.victim, "en", { numeric: true }));
    if (!victims.length) {
      show(heat, el("p.hint", {}, now.scored.length ? `This ${now.word} is not scored yet.` : ended(id) ? "No metrics." : "No metrics yet: they appear while the first images are attacked."));
      show(detail);
      drawGallery();
      return;
    }
    const attacks = attackTable(victims);
    // of its own predictions, a network leaves all where nothing attacks
    const keys = attacks.keys.filter(key => attacks.attack(key).attack !== "none" || !attacks.attack(key).stability);
    const stable = victims.some(figure => figure.stability);
    const labelled = stable && victims.some(figure => figure.clean.count);
    const cell = (figure, name, value, more) => {
      const picked = view.get("cell") === named(figure) + "|" + name;
      return el("td.heat" + (picked ? ".picked" : ""), { "data-level": value == null ? "" : Math.round(value / 10) },
        el("button.plain", { id: `cell-${named(figure)}-${name}`, title: more, "aria-pressed": String(picked), onclick: () => look({ cell: named(figure) + "|" + name }) }, number(value)));
    };
    show(heat, el("table.heatmap", {},
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "victim"), keys.map(key => el("th", { scope: "col", title: CONTROLS[attacks.attack(key).attack] }, attacks.name(key), attacks.attack(key).control && attacks.attack(key).attack !== "none" ? el("small", {}, " control") : "")),
        [...stable ? ["stability"] : [], ...labelled ? ["clean"] : [], ...labelled || !stable ? ["worst case", "I-RR"] : []].map(name => el("th", { scope: "col" }, name)), el("th", { scope: "col" }, "images"))),
      el("tbody", {}, victims.map(figure => el("tr", {}, el("th", { scope: "row", title: figure.architecture }, named(figure)),
        keys.map(key => {
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
    const attack = attacks.of(figure, keys.find(key => attacks.name(key) === name))?.attack;
    drawGallery(figure, attack);
    show(detail,
      el("h3", {}, named(figure), attack ? " under " + name : ""),
      el("p", {}, figure.architecture, figure.complete ? "" : " – not complete yet"),
      attack ? el("p", {}, `${attack.stability ? `${count(attack.stability.stable)} of ${count(attack.stability.count)} predictions left` : `${count(attack.correct)} of ${count(attack.count)} images still right`}: ${number(left(attack)[0])} % ${left(attack)[1]}; ε ${number(attack.epsilon, 4)}, ${attack.steps} steps, ${count(attack.gradientEvaluations)} gradient evaluations in ${number(attack.seconds)} s. `, CONTROLS[attack.attack] ?? "") : labelled && name === "clean" ? el("p", {}, `${count(figure.clean.correct)} of ${count(figure.clean.count)} images whose labels have come are right: ${number(figure.clean.accuracy)} % ${interval(figure.clean.interval)}.`) : el("p.hint", {}, "Click a cell to see its details."),
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

  /** What came out, of the newest snapshot that is scored, or of the one that is looked at. */
  function drawTiles(now) {
    const figures = now.at;
    tiles.hidden = !figures.length;
    if (!figures.length) return;
    const stable = figures.filter(figure => figure.stability), right = figures.filter(figure => figure.clean.count);
    const flags = [...new Set(figures.flatMap(figure => figure.flags))];
    const of = figures.length > 1 ? `mean of ${figures.length} networks; beside it, the least and the greatest` : "with its 95 % interval";
    show(tiles,
      stable.length ? tile("stability", stable.map(figure => figure.stability.percent), stable.map(figure => figure.stability.interval), "Predictions that no attack changes, " + of) : null,
      right.length || !stable.length ? [
        tile("clean", right.map(figure => figure.clean.accuracy), right.map(figure => figure.clean.interval), "Right without an attack, " + of),
        tile("worst case", right.map(figure => figure.worstCase.accuracy), right.map(figure => figure.worstCase.interval), "Right clean and under every attack, " + of),
        tile("I-RR", right.map(figure => figure.irr), right.map(figure => figure.irrInterval), "Improved robustness ratio, " + of)] : null,
      el("div.tile", { title: flags.map(flag => `${flag}: ${FLAGS[flag] ?? ""}`).join("\n") }, el("dt", {}, "flags"), el("dd", {}, el("b", {}, String(flags.length)), el("small.spread", {}, flags.join(", ")))),
      el("div.tile", {}, el("dt", {}, "scored on"), el("dd", {}, el("b", {}, count(Math.min(...figures.map(imagesSeen)))), el("small", {}, " images"), el("small.spread", {},
        [now.suite, now.mode, figures.length > 1 ? `mean of ${figures.length} networks` : "", figures.every(figure => figure.complete) ? "" : "not complete yet"].filter(Boolean).join(", ")))));
  }

  let furthest = [0, 0];
  /** One bar over all stages, which never goes back within a run; of a stream, which has no end, the stages alone. */
  function drawStages(row) {
    const told = STAGES.map(service => row.progress.find(status => status.service === service)).filter(Boolean);
    const running = row.phase === "running" || row.phase === "waiting";
    const endless = row.progress.some(status => status.service === "producer" && status.activity.startsWith("window "));
    stages.hidden = !running || endless || !told.length;
    if (stages.hidden) return;
    const wanted = STAGES.filter(service => service !== "distiller" || row.method !== "network");
    // what a stage knows of is no more than what the one before it has made
    let before = 1;
    const parts = wanted.map(service => before = Math.min(before, part(told.find(status => status.service === service))));
    const share = parts.reduce((sum, one) => sum + one, 0) / wanted.length;
    furthest = [row.run, furthest[0] === row.run ? Math.max(furthest[1], share) : share];
    const stage = wanted.find((service, i) => parts[i] < 1) ?? wanted.at(-1);
    const now = told.find(status => status.service === stage);
    const left = now?.rate > 0 && now.done < now.total ? `, ${duration((now.total - now.done) / now.rate)} left in it` : "";
    show(stages, el("meter", { min: 0, max: 1, value: furthest[1].toFixed(3), "aria-label": "progress over all stages" }),
      el("p", {}, `${Math.floor(100 * furthest[1])} %, stage ${wanted.indexOf(stage) + 1} of ${wanted.length} (${stage})`, left));
  }

  function drawImages(now) {
    const snapshots = [...entries("snapshot").values()].filter(snapshot => snapshot.experiment === id).sort((a, b) => a.snapshot - b.snapshot);
    if (!snapshots.length || snapshots[0].method === "full") {
      none.textContent = snapshots.length ? "This method keeps the whole training set." : entry("experiment", id)?.method === "network" ? "Networks that are brought have none." : ended(id) ? "No snapshot." : "No snapshot yet.";
      images.replaceChildren(none);
      return;
    }
    const numbers = snapshots.map(snapshot => snapshot.snapshot);
    const wanted = numbers.findLast(one => one <= now.snapshot) ?? numbers.at(-1);
    const snapshot = snapshots[numbers.indexOf(wanted)];
    caption.textContent = `Snapshot ${wanted} of ${numbers.at(-1)}, after ${count(snapshot.iteration)} iterations${snapshot.final ? " (the last one)" : ""}: ${snapshot.classes} classes, ${snapshot.imagesPerClass} a class${snapshot.multiFormation ? ", each a mosaic of four" : ""}; ${count(snapshot.imageBytes)} bytes of images, ${count(snapshot.labelBytes)} of labels.`;
    const source = `api/experiments/${encodeURIComponent(id)}/snapshots/${wanted}/images.png`;
    sheet.hidden = snapshot.imageBytes > 16 * 1024 * 1024;
    if (sheet.hidden) caption.textContent += " Too many to be drawn here: ./rome export writes them.";
    else if (sheet.getAttribute("src") !== source) {
      sheet.src = source;
      sheet.alt = `The synthetic images of snapshot ${wanted}, a row a class: ${(snapshot.classNames ?? []).join(", ")}`;
    }
    names.hidden = sheet.hidden;
    show(names, (snapshot.classNames ?? []).map(name => el("li", {}, name)));
    if (!sheet.isConnected) images.replaceChildren(caption, el("div.scroll", { tabindex: "0", role: "group", "aria-label": "Images, scrollable" }, el("div.sheet", {}, names, sheet)));
  }

  return {
    follows: () => [id],
    draw(view) {
      const row = entry("experiment", id);
      const failed = row?.progress.find(status => status.phase === "failed");
      figuresAndImages.hidden = actions.hidden = services.hidden = !row;
      if (!row) {
        tiles.hidden = stages.hidden = true;
        show(state, el("p", {}, "There is no experiment of this id here. It may be on its way, or deleted. "), el("p", {}, el("a", { href: "#/experiments" }, "All experiments")));
        return;
      }
      const isOver = ended(id);
      title.textContent = row.name;
      document.title = row.name + " – ROME Stream";
      show(state, failed ? el("p.error", { role: "alert" }, el("b", {}, `${failed.service} failed: `), failed.error) : null, el("p", {}, el("span.phase." + row.phase, {}, row.phase), ` run ${row.run}, `, row.method, row.labels === "soft" ? " + soft labels" : "", ` on ${row.dataset}, seed ${row.seed}, id `, el("code", {}, row.id), row.submitted ? `, submitted ${time(row.submitted).slice(0, 16)} UTC, ${isOver ? "took" : "running for"} ${duration(Math.max(0, ((row.ended ?? Date.now()) - row.submitted) / 1000))}` : ""));
      show(services.lastChild, row.progress.map(status => el("li", {}, el("b", {}, status.service), " ", el("span.phase." + status.phase, {}, status.phase), " ", progress(status),
        status.total > 0 ? el("meter", { min: 0, max: status.total, value: status.done, "aria-label": status.service + " progress" }) : null)));
      show(alerts, alertList(alert => alert.experiment === id));
      // they fold away when they are done
      if (folded !== isOver) services.open = !(folded = isOver);
      buttons.pause.hidden = isOver || row.desiredState !== "run";
      buttons.resume.hidden = isOver || row.desiredState !== "pause";
      buttons.stop.hidden = isOver;
      buttons.again.hidden = !isOver;
      const now = chosen(view);
      what = [row.name, now.suite, now.mode].filter(Boolean).join(" ");
      drawTiles(now);
      drawStages(row);
      show(choosing, now.suites.length ? [choice("suite", "suite", now.suites, now.suite), choice("mode", "mode", now.modes, now.mode)] : null);
      places = now.snapshots;
      sliding.hidden = places.length < 2;
      // not under the hand that moves it
      if (!slider.matches(":active")) {
        slider.max = places.length - 1;
        slider.value = places.indexOf(now.snapshot);
      }
      slider.setAttribute("aria-valuetext", `${now.word} ${now.snapshot}`);
      place.textContent = now.newestOfEach ? "the newest version of each" : `${now.word} ${now.snapshot}, ${places.indexOf(now.snapshot) + 1} of ${places.length}`;
      const at = [...now.at].sort((a, b) => a.key.localeCompare(b.key));
      const seen = figure => figure.history.filter(point => point[0] > 0);
      forming.draw(...aligned(at.slice(0, 4).flatMap(figure => figure.stability ? [
        { label: named(figure) + " stability", points: seen(figure).map(point => [point[0], point[6]]) },
      ] : [
        { label: named(figure) + " clean", points: seen(figure).map(point => [point[0], point[1]]) },
        { label: named(figure) + " worst case", points: seen(figure).map(point => [point[0], point[2]]) },
      ])), "images");
      ratio.draw(...aligned(at.slice(0, 8).map(figure => ({ label: named(figure), banded: true, points: seen(figure).map(point => [point[0], point[3], point[4], point[5]]) }))), "images");
      const victims = [...new Set(now.scored.map(figure => line(figure)))].sort();
      over.draw(...aligned(victims.slice(0, 8).map(victim => ({ label: victim, banded: true, points: now.scored.filter(figure => line(figure) === victim)
        .map(figure => [figure.window ? figure.window.number : row.method === "network" ? figure.version : figure.iteration, figure.irr, figure.irrInterval?.[0], figure.irrInterval?.[1]]) }))), now.stream ? "window" : row.method === "network" ? "version" : "iterations");
      // of stability there are no ratios, and the page Monitor draws it along windows
      if (now.all.some(figure => figure.stability)) ratio.element.hidden = over.element.hidden = true;
      drawHeat(view, now);
      drawImages(now);
    },
    close() {
      forming.close();
      ratio.close();
      over.close();
    },
  };
}
