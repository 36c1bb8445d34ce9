// How attacks are called, and what controls and flags mean.
import { number } from "./dom.js";

export const short = name => name.slice(name.lastIndexOf("/") + 1);

/** An attack's name, with what tells it from others of the name. */
export function attackName(attacks, attack) {
  const same = attacks.filter(other => other.attack === attack.attack);
  const differs = property => same.some(other => other[property] !== attack[property]);
  return attack.attack + (differs("epsilon") ? ` ${number(attack.epsilon, 3)}` : "") + (differs("steps") ? ` ×${attack.steps}` : "")
    + (attack.source ? " from " + short(attack.source.network) : "");
}

export const FLAGS = {
  "chance-level": "The clean accuracy cannot be told from guessing: ratios mean nothing.",
  "clamp-differs": "Bringing the images into the range alone changes outcomes, before any attack is made.",
  "zero-gradient": "For more than 1 % of the images the input gradient vanishes at the start of a gradient attack.",
  "randomised": "Two forward passes over the clean images differ.",
  "black-box-wins": "An attack without gradients, or crafted elsewhere, does more than every gradient attack: gradients are masked.",
  "epsilon-not-monotone": "A smaller ball leaves less than a larger one.",
  "targeted-beats-untargeted": "A targeted attack leaves less than the same untargeted one.",
  "not-converged": "More steps of an attack take off over a point more.",
  "batch-dependent": "An image's logits depend on what else is in the batch.",
  "gradient-mismatch": "Logits move otherwise than their gradient says.",
  "optimises-in-forward": "The network differentiates on its own.",
  "softmax-output": "The network answers with probabilities in place of logits.",
};
export const CONTROLS = {
  none: "No attack: the clean accuracy.",
  clamp: "No attack, only the suite's range projection. In pixel space it must equal 'none'.",
  noise: "Random noise of the attack's size.",
};
