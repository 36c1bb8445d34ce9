// Curves with their intervals, by uPlot; a table of the same numbers stands behind each.
import uPlot from "./uplot/1.6.30/dist/uPlot.esm.js";
import { doing, el, number, save } from "./dom.js";

export const COLOURS = ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7", "--c8"];
/** Steps of an axis that counts. */
const WHOLE = [...Array(9).keys()].flatMap(zeros => [1, 2, 5].map(digit => digit * 10 ** zeros));
/** Of two lines that overlap, both are seen. */
const DASHES = [[], [8, 4], [2, 3]];
export const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * A chart that is drawn again in place.
 * draw(x, [{label, values, low, high}], axis, [{at, label}]): low and high may be absent, values null where there is none; what
 * happened at a place of the axis is a line across. Its picture says what it is of, in its title and its file's name.
 */
export function chart(title, { height = 220, unit = "%", of = () => "" } = {}) {
  const place = el("div.plot");
  const table = el("table");
  const keep = el("button.plain", { title: "Keep this picture", "aria-label": title + ", as PNG", onclick: doing(picture) }, "PNG");
  const element = el("figure.chart", {}, el("figcaption", {}, title, " ", keep), place, el("details", {}, el("summary", {}, "as a table"), el("div.scroll", { tabindex: "0", role: "group", "aria-label": title + ", as a table" }, table)));
  let plot = null, shape = "", shown = "", named = [], happened = [];

  function across(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = css("--soft");
    ctx.font = `${11 * devicePixelRatio}px system-ui`;
    ctx.textAlign = "left";
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    happened.forEach(({ at, label }, i) => {
      const x = plot.valToPos(at, "x", true);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const wide = ctx.measureText(label).width + 4 * devicePixelRatio, high = 13 * devicePixelRatio;
      const left = x + wide > bbox.left + bbox.width ? x - wide - 2 * devicePixelRatio : x + 2 * devicePixelRatio;
      const top = bbox.top + high * (i % 4);
      ctx.fillStyle = css("--back");
      ctx.globalAlpha = 0.8;
      ctx.fillRect(left, top, wide, high);
      ctx.globalAlpha = 1;
      ctx.fillStyle = css("--soft");
      ctx.fillText(label, left + 2 * devicePixelRatio, top + 10 * devicePixelRatio);
    });
    ctx.restore();
  }

  function build(series, axis) {
    plot?.destroy();
    const text = css("--text"), grid = css("--line");
    const bands = [], lines = [{ label: axis, value: (u, value) => value == null ? "" : String(value) }];
    series.forEach((one, i) => {
      const colour = css(COLOURS[i % COLOURS.length]);
      lines.push({ label: one.label, stroke: colour, width: 2, dash: DASHES[i % DASHES.length], spanGaps: true, points: { size: 6, fill: colour }, value: (u, value) => value == null ? "" : number(value) + " " + unit });
      if (one.low) {
        lines.push({ show: true, label: one.label + " low", stroke: "transparent", points: { show: false }, spanGaps: true, class: "bound" });
        lines.push({ show: true, label: one.label + " high", stroke: "transparent", points: { show: false }, spanGaps: true, class: "bound" });
        bands.push({ series: [lines.length - 1, lines.length - 2], fill: colour + "30" });
      }
    });
    const side = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 }, font: "12px system-ui" };
    plot = new uPlot({
      width: place.clientWidth || 400, height, series: lines, bands, scales: { x: { time: false } },
      axes: [{ ...side, label: axis, labelSize: 20, labelFont: "12px system-ui", size: 36, incrs: WHOLE }, { ...side, size: 44, label: unit, labelSize: 16, labelFont: "12px system-ui" }],
      legend: { live: true }, hooks: { draw: [across] },
    }, [[]], place);
  }

  /** What is drawn, with its title and the names of its lines. */
  async function picture() {
    const drawn = place.querySelector("canvas");
    if (!drawn || !named.length) throw new Error("There is nothing to draw yet.");
    const line = 22 * devicePixelRatio;
    const canvas = el("canvas", { width: drawn.width, height: drawn.height + 2 * line });
    const context = canvas.getContext("2d");
    context.fillStyle = css("--back");
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.font = `${13 * devicePixelRatio}px system-ui`;
    context.fillStyle = css("--text");
    const words = [title, of(), new Date().toISOString().slice(0, 10)].filter(Boolean);
    context.fillText(words.join(" – "), 8, 0.7 * line, canvas.width - 16);
    let x = 8;
    named.forEach((name, i) => {
      context.fillStyle = css(COLOURS[i % COLOURS.length]);
      context.fillText("■ " + name, x, 1.6 * line);
      x += context.measureText("■ " + name + "   ").width;
    });
    context.drawImage(drawn, 0, 2 * line);
    save([of(), title, words.at(-1)].join(" ").trim().toLowerCase().replace(/[^a-z0-9]+/g, "-") + ".png", "image/png", await new Promise(resolve => canvas.toBlob(resolve, "image/png")));
  }

  const resized = new ResizeObserver(() => plot?.setSize({ width: place.clientWidth, height }));
  resized.observe(place);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const again = () => { shape = ""; shown = ""; };
  dark.addEventListener("change", again);

  return {
    element,
    draw(x, series, axis, notes = []) {
      // one point is no curve
      element.hidden = x.length < 2;
      const data = [x];
      for (const one of series) {
        data.push(one.values);
        if (one.low) data.push(one.low, one.high);
      }
      const now = JSON.stringify([data, series.map(one => one.label), axis, notes]);
      if (now === shown) return;
      shown = now;
      happened = notes;
      named = series.map(one => one.label);
      const fresh = JSON.stringify([series.map(one => [one.label, !!one.low]), axis]);
      if (fresh !== shape) {
        shape = fresh;
        build(series, axis);
      }
      plot.setData(data);
      table.replaceChildren(el("thead", {}, el("tr", {}, el("th", { scope: "col" }, axis), series.map(one => el("th", { scope: "col" }, one.label)))),
        el("tbody", {}, x.map((at, i) => el("tr", {}, el("th", { scope: "row" }, String(at)), series.map(one => el("td", {}, number(one.values[i]), one.low && one.low[i] != null ? ` [${number(one.low[i])}, ${number(one.high[i])}]` : ""))))));
    },
    close() {
      resized.disconnect();
      dark.removeEventListener("change", again);
      plot?.destroy();
    },
  };
}

/** Series over one axis from several lists of [x, value, low, high]. */
export function aligned(lists) {
  const x = [...new Set(lists.flatMap(list => list.points.map(point => point[0])))].sort((a, b) => a - b);
  const at = new Map(x.map((value, i) => [value, i]));
  return [x, lists.map(({ label, points, banded }) => {
    const column = k => {
      const values = x.map(() => null);
      for (const point of points) values[at.get(point[0])] = point[k] ?? null;
      return values;
    };
    return { label, values: column(1), ...(banded ? { low: column(2), high: column(3) } : {}) };
  })];
}
