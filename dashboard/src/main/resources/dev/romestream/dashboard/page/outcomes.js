// Which images each attack of a figure left right, fetched once the figure is complete.
import { call } from "./live.js";

export class Outcomes {
  #known = new Map();

  /** A string of 1 and 0 for each attack, or null while it is not known; when it comes, the page is drawn again. */
  of(figure) {
    const key = figure.key;
    if (!figure.complete) return null;
    if (!this.#known.has(key)) {
      this.#known.set(key, null);
      call(`api/experiments/${encodeURIComponent(figure.experiment)}/outcomes?figure=${encodeURIComponent(key)}`).then(bits => {
        this.#known.set(key, bits);
        dispatchEvent(new HashChangeEvent("hashchange"));
      }).catch(() => setTimeout(() => this.#known.delete(key), 3000));
    }
    return this.#known.get(key);
  }
}
