// The state as the server streams it: entries by kind and key, by way of the stream that all tabs share.
import { Follower } from "./follower.js";

const state = new Map();
const listeners = new Set();
let told = () => {};
let wanted = null;
let frame = 0;

export const entries = kind => state.get(kind) ?? new Map();
export const entry = (kind, key) => entries(kind).get(key);

export const onChange = listener => listeners.add(listener);

function take(message) {
  if (message.connection) {
    told(message.connection);
    return;
  }
  if (message.event === "state") state.clear();
  for (const { kind, key, value } of message.entries) {
    if (!state.has(kind)) state.set(kind, new Map());
    if (value === null) state.get(kind).delete(key);
    else state.get(kind).set(key, Object.assign(value, { key }));
  }
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    for (const listener of listeners) listener();
  });
}

/** What follows for this page: the worker of all tabs, or, where browsers have none, a stream of its own. */
const stream = (() => {
  if (window.SharedWorker) {
    const { port } = new SharedWorker("shared.js", { type: "module" });
    port.onmessage = ({ data }) => take(data);
    return { follow: experiments => port.postMessage({ follow: experiments }), leave: () => port.postMessage({ leave: true }) };
  }
  const own = new Follower(take);
  return { follow: experiments => own.follow(experiments), leave: () => own.close() };
})();

/** Follows what belongs to these experiments too; with the same ones as before, goes on. */
export function follow(experiments, connected) {
  told = connected;
  const now = JSON.stringify(experiments);
  if (now === wanted) return;
  wanted = now;
  stream.follow(experiments);
}

// a page that the browser keeps for the back button holds no connection
addEventListener("pagehide", () => stream.leave());
addEventListener("pageshow", event => {
  if (event.persisted && wanted !== null) stream.follow(JSON.parse(wanted));
});

/** A request of the API; what it refuses is thrown in its own words. */
export async function call(path, body, method = "POST") {
  const answer = await fetch(path, body === undefined ? {} : {
    method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) {
    let problem = {};
    try { problem = JSON.parse(text); } catch { /* no words of ours */ }
    throw Object.assign(new Error(problem.error || text || answer.statusText), { errors: problem.errors ?? [] });
  }
  return answer.headers.get("Content-Type")?.includes("json") ? JSON.parse(text) : text;
}
