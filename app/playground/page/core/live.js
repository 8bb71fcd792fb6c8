// Follows the workspace: whenever its stream tells of a change, the state is read again.

import { readState } from "./api.js";
import { changed, store, takeIn } from "./store.js";

let running = null;
let next = null;

/** Read the state; the promise is kept by a reading that began after the call. */
export function refresh() {
  if (running) {
    next ??= running.then(() => {
      next = null;
      return refresh();
    });
    return next;
  }
  running = read().finally(() => {
    running = null;
  });
  return running;
}

async function read() {
  try {
    takeIn(await readState());
  } catch {
    setOnline(false);
  }
}

/** Follow the stream of changes for as long as the page is open; the browser reconnects by itself. */
export function follow() {
  const stream = new EventSource("/workspace/events");
  stream.onopen = () => setOnline(true);
  stream.onmessage = () => {
    setOnline(true);
    refresh();
  };
  stream.onerror = () => {
    setOnline(false);
    if (stream.readyState === EventSource.CLOSED) setTimeout(follow, 2000);
  };
}

/** Look again every two seconds while an app is away: its coming is no change of the workspace, so none is told. */
export function awaitApps() {
  setInterval(() => {
    if (store.online && store.workspace?.apps.some((each) => !each.connected)) refresh();
  }, 2000);
}

function setOnline(online) {
  if (store.online === online) return;
  store.online = online;
  changed();
}
