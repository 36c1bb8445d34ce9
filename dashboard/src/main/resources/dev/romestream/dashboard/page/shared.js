// The stream that all tabs of a browser share: it allows a handful of connections to one server, and each stream takes one.
import { Follower } from "./follower.js";

const pages = new Map();
const follower = new Follower(message => {
  for (const page of pages.keys()) page.postMessage(message);
});

onconnect = event => {
  const page = event.ports[0];
  page.onmessage = ({ data }) => {
    if (data.leave) {
      pages.delete(page);
      if (!pages.size) follower.close();
      return;
    }
    pages.set(page, data.follow);
    const others = [...pages.values()].flat();
    if (data.follow.some(id => !follower.wanted.has(id))) follower.keep(others.filter(id => follower.wanted.has(id)));
    if (follower.follow(data.follow)) {
      page.postMessage(follower.state());
      page.postMessage({ connection: follower.connection });
    }
  };
};
