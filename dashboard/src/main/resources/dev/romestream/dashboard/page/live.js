// The state as the server streams it: entries by kind and key. One stream a tab; the browser reconnects by itself.

const state = new Map();
const listeners = new Set();
let source = null;
let address = null;
let frame = 0;

export const entries = kind => state.get(kind) ?? new Map();
export const entry = (kind, key) => entries(kind).get(key);

export function onChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Follows what belongs to these experiments too; with the same ones as before, goes on. */
export function follow(experiments, connected) {
  const wanted = "api/stream" + (experiments.length ? "?experiments=" + experiments.map(encodeURIComponent).join(",") : "");
  if (wanted === address && source.readyState !== EventSource.CLOSED) return;
  address = wanted;
  source?.close();
  const mine = source = new EventSource(wanted);
  mine.addEventListener("state", message => {
    state.clear();
    take(message);
  });
  mine.addEventListener("changes", take);
  mine.onopen = () => connected("live");
  mine.onerror = () => {
    connected(mine.readyState === EventSource.CLOSED ? "refused" : "lost");
    if (mine.readyState === EventSource.CLOSED) {
      setTimeout(() => mine === source && (address = null, follow(experiments, connected)), 3000);
    }
  };
}

function take(message) {
  for (const { kind, key, value } of JSON.parse(message.data)) {
    if (!state.has(kind)) state.set(kind, new Map());
    if (value === null) state.get(kind).delete(key);
    else state.get(kind).set(key, value);
  }
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    for (const listener of listeners) listener();
  });
}

/** A request of the API; what it refuses is thrown in its own words. */
export async function call(path, body) {
  const answer = await fetch(path, body === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) {
    let reason = text;
    try { reason = JSON.parse(text).error; } catch { /* no words of ours */ }
    throw new Error(reason || answer.statusText);
  }
  return answer.headers.get("Content-Type")?.includes("json") ? JSON.parse(text) : text;
}
