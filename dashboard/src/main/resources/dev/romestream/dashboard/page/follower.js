// One stream of the server, for what several pages want. It knows what it was told last, for a page that comes later.

/** The server says something every four seconds. */
const SILENCE = 10000;

export class Follower {
  /** tell(message) gets {event: "state" | "changes", entries} and {connection}. */
  constructor(tell) {
    this.tell = tell;
    this.known = new Map();
    this.wanted = new Set();
    this.source = null;
    this.connection = "connecting";
    this.heard = 0;
    setInterval(() => {
      if (this.source && this.connection === "live" && Date.now() - this.heard > SILENCE) {
        this.say("lost");
        this.open();
      }
    }, 1000);
  }

  /** Everything that is known, as a message. */
  state() {
    return { event: "state", entries: [...this.known.values()] };
  }

  /** Follows what belongs to these experiments; what is followed already goes on as it is. Answers whether it does. */
  follow(experiments) {
    const fresh = experiments.filter(id => !this.wanted.has(id));
    if (this.source && this.source.readyState !== EventSource.CLOSED && !fresh.length) return true;
    for (const id of fresh) this.wanted.add(id);
    this.open();
    return false;
  }

  /** Forgets what only those that have left wanted, when there is reason to connect anew. */
  keep(experiments) {
    this.wanted = new Set(experiments);
  }

  open() {
    this.source?.close();
    // an address has its limits
    const ids = this.wanted.size > 50 ? ["*"] : [...this.wanted];
    const mine = this.source = new EventSource("api/stream" + (ids.length ? "?experiments=" + ids.map(encodeURIComponent).join(",") : ""));
    for (const event of ["state", "changes"]) {
      mine.addEventListener(event, message => {
        this.hear();
        const entries = JSON.parse(message.data);
        if (event === "state") this.known.clear();
        for (const entry of entries) {
          const id = entry.kind + " " + entry.key;
          if (entry.value === null) this.known.delete(id);
          else this.known.set(id, entry);
        }
        this.tell({ event, entries });
      });
    }
    mine.addEventListener("alive", () => this.hear());
    mine.onopen = () => this.hear();
    mine.onerror = () => {
      const refused = mine.readyState === EventSource.CLOSED;
      this.say(refused ? "refused" : "lost");
      if (refused) setTimeout(() => mine === this.source && this.open(), 3000);
    };
  }

  hear() {
    this.heard = Date.now();
    if (this.connection !== "live") this.say("live");
  }

  say(connection) {
    this.connection = connection;
    this.tell({ connection });
  }

  close() {
    this.source?.close();
    this.source = null;
    // a page that comes while the worker is still there is told when it is live again
    this.connection = "connecting";
    this.known.clear();
  }
}
