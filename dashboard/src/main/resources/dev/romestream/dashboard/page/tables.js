// Tables of metrics, which the server makes: values, intervals, differences and verdicts.
import { call } from "./live.js";
import { el, interval, number } from "./dom.js";

const PAUSE = 1000;

/** What the server says to a query, asked again when what it is of has changed, once a second at most; the page is drawn again then. */
export class Fetched {
  #query = "";
  #version = "";
  #asked = 0;
  #value = null;
  #error = null;
  #timer = 0;

  of(query, version) {
    if (query !== this.#query) [this.#query, this.#value, this.#error, this.#version] = [query, null, null, ""];
    if (version !== this.#version && Date.now() - this.#asked >= PAUSE) {
      this.#version = version;
      this.#asked = Date.now();
      call(query).then(value => {
        if (query === this.#query) [this.#value, this.#error] = [value, null];
      }).catch(error => { [this.#error, this.#version] = [error.message, ""]; }).finally(() => dispatchEvent(new HashChangeEvent("hashchange")));
    } else if (version !== this.#version) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => dispatchEvent(new HashChangeEvent("hashchange")), PAUSE);
    }
    return { value: this.#value, error: this.#error };
  }
}

/** Images that every attack has seen. */
export const imagesSeen = figure => (figure.stability ?? figure.worstCase).count;

/** What the tables of these records are of: another one where one of them has changed. */
export const version = figures => figures.map(figure => [figure.key, imagesSeen(figure), figure.complete, figure.plan].join()).sort().join();

export const signed = value => (value > 0 ? "+" : "") + number(value);
const bounds = metric => metric.low == null ? "" : interval([metric.low, metric.high]);

/** A metric with its interval, and its difference to the baseline. */
export function metricCell(metric) {
  const difference = metric.difference;
  return el("td", {}, number(metric.value), " ", el("small", {}, bounds(metric)), difference?.value == null ? null :
    el("small.difference" + (difference.clear ? ".clear" : ""), { title: difference.pairs ? `paired: ${difference.pairs} images` : "not in pairs of images" }, ` ${signed(difference.value)} ${bounds(difference)}`));
}

export const verdicts = table => table.verdicts.length ? el("ul.verdicts", {}, table.verdicts.map(verdict => el("li", {}, verdict))) : null;
