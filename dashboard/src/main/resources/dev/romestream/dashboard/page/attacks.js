// How attacks are called, and what controls and flags mean.
import { call } from "./live.js";
import { number, say } from "./dom.js";

export const short = name => name.slice(name.lastIndexOf("/") + 1);

/**
 * The attacks of several figures, by what they are: keys in their order, a name for each that tells it from the others, and the attack
 * of a figure by its key, with its position.
 */
export function attackTable(figures) {
  const known = new Map(), of = new Map();
  for (const figure of figures) {
    const seen = new Map();
    of.set(figure, new Map(figure.attacks.map((attack, position) => {
      const what = [attack.attack, attack.epsilon, attack.steps, attack.norm, attack.source ? short(attack.source.network) : "", attack.precision].join("|");
      seen.set(what, (seen.get(what) ?? 0) + 1);
      const key = what + "|" + seen.get(what);
      if (!known.has(key)) known.set(key, attack);
      return [key, { attack, position }];
    })));
  }
  const names = new Map();
  for (const [key, attack] of known) {
    const same = [...known.values()].filter(other => other.attack === attack.attack);
    const differs = property => same.some(other => other[property] !== attack[property]);
    const digits = [3, 4, 6].find(n => same.every(a => same.every(b => a.epsilon === b.epsilon || a.epsilon.toFixed(n) !== b.epsilon.toFixed(n)))) ?? 6;
    let name = (attack.attack === "none" ? "clean" : attack.attack) + (differs("epsilon") ? " " + number(attack.epsilon, digits) : "") + (differs("steps") ? ` ×${attack.steps}` : "")
      + (differs("norm") && attack.norm ? " " + attack.norm : "") + (attack.source ? " from " + short(attack.source.network) : "")
      + (attack.precision === "bfloat16" ? " in bfloat16" : "");
    const taken = [...names.values()].filter(other => other === name || other.startsWith(name + " #")).length;
    if (taken) name += ` #${taken + 1}`;
    names.set(key, name);
  }
  return { keys: [...known.keys()], name: key => names.get(key), attack: key => known.get(key), of: (figure, key) => of.get(figure)?.get(key) };
}

/** What a flag says, by its name. */
export const FLAGS = await call("api/flags").catch(error => {
  say("What flags say could not be fetched: " + error.message, true);
  return {};
});
export const CONTROLS = {
  none: "No attack: the images as they are.",
  clamp: "No attack, only the suite's range projection. In pixel space it must equal 'none'.",
  noise: "Random noise of the attack's size.",
};
