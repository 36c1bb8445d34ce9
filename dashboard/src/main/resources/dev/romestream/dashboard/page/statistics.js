// Differences with their intervals. Source: Fagerland, Lydersen and Laake, Stat. Med. 33 (2014), the paired Wald interval with
// Bonett and Price's correction; for independent proportions Agresti and Caffo's. Checked by DashboardIT.
const Z = 1.959964;

export const mean = values => {
  const known = values.filter(value => value != null);
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
};

/** Of two strings of 1 and 0 of equal length: in points, a - b, with its 95 % interval. */
export function paired(a, b) {
  let gained = 0, lost = 0;
  for (let i = 0; i < a.length; i++) {
    gained += a[i] === "1" && b[i] === "0";
    lost += a[i] === "0" && b[i] === "1";
  }
  const n = a.length + 2, p = (gained + 1) / n, q = (lost + 1) / n;
  const half = Z * Math.sqrt((p + q - (p - q) ** 2) / n);
  return { mean: 100 * (gained - lost) / a.length, interval: [100 * (p - q - half), 100 * (p - q + half)], gained, lost };
}

/** Of two independent proportions. */
export function independent(a, n, b, m) {
  const p = (a + 1) / (n + 2), q = (b + 1) / (m + 2);
  const half = Z * Math.sqrt(p * (1 - p) / (n + 2) + q * (1 - q) / (m + 2));
  return { mean: 100 * (a / n - b / m), interval: [100 * (p - q - half), 100 * (p - q + half)] };
}

/** Victims against those of the baseline, in pairs as they come, under one attack, which attackOf finds in a figure. */
export function difference(victims, baseline, attackOf, outcome, sameImages) {
  const pairs = victims.slice(0, baseline.length).map((figure, i) => one(figure, baseline[i], attackOf, outcome, sameImages)).filter(Boolean);
  if (!pairs.length) return null;
  // the images are the same for all victims: their errors are taken to go together
  const bounds = [mean(pairs.map(pair => pair.interval[0])), mean(pairs.map(pair => pair.interval[1]))];
  return { mean: mean(pairs.map(pair => pair.mean)), interval: bounds, clear: bounds[0] > 0 || bounds[1] < 0,
    how: pairs.every(pair => pair.gained != null) ? `paired: ${pairs.map(pair => `+${pair.gained} −${pair.lost}`).join(", ")} images` : "two independent proportions" };
}

function one(figure, base, attackOf, outcome, sameImages) {
  const here = attackOf(figure), there = attackOf(base);
  if (!here || !there) return null;
  const a = here.attack, b = there.attack;
  const mine = outcome(figure)?.[here.position], theirs = outcome(base)?.[there.position];
  if (sameImages && mine && theirs && mine.length === theirs.length) return paired(mine, theirs);
  return a.count && b.count ? independent(a.correct, a.count, b.correct, b.count) : null;
}
