// Where the reader is, as an address: #/as/ana/in/general, #/as/ana/with/jit[/home], …/thread/1700000000.000100

import { lastPlace, keepPlace } from "./memory.js";
import { people, user } from "./people.js";
import { changed, store } from "./store.js";

/**
 * A place is `{as, kind, id, tab, thread}`: the person's user id; `in` a channel or `with` somebody; the
 * channel's id or the other's user id; `messages` or `home`; the ts of the open thread or null.
 */
export function hashOf(place) {
  const channels = store.workspace.channels;
  const name =
    place.kind === "in" ? channels.find((each) => each.id === place.id)?.name : user(place.id)?.name;
  const parts = ["as", user(place.as)?.name, place.kind, name ?? place.id];
  if (place.tab === "home") parts.push("home");
  if (place.thread) parts.push("thread", place.thread);
  return `#/${parts.map((part) => encodeURIComponent(part ?? "")).join("/")}`;
}

/** Read an address. `lost` says in words what in it leads nowhere. */
export function placeAt(hash) {
  const [, , who, kind, name, ...rest] = hash.split("/").map(decode);
  const anyone = people()[0];
  const person = people().find((each) => each.name === who || each.id === who);
  const as = (person ?? anyone)?.id;
  const lost = who && !person ? `There is nobody called “${who}” here.` : "";
  const found = kind === "with" ? withSomebody(name) : kind === "in" ? inChannel(name) : null;
  if (!found) {
    const place = { ...home(as), thread: null };
    return { place, lost: lost || (name ? `There is no conversation “${name}” here.` : "") };
  }
  const thread = rest[rest.indexOf("thread") + 1];
  const tab = rest[0] === "home" ? "home" : "messages";
  return { place: { as, ...found, tab, thread: rest.includes("thread") ? thread : null }, lost };
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function withSomebody(name) {
  const other = store.workspace.users.find((each) => each.name === name || each.id === name);
  return other && { kind: "with", id: other.id };
}

function inChannel(name) {
  const channel = store.workspace.channels.find((each) => each.name === name || each.id === name);
  return channel && { kind: "in", id: channel.id };
}

/** Where somebody begins: the first channel they are in. */
export function home(as) {
  const channel = store.workspace.channels.find((each) => each.members.includes(as));
  return {
    as,
    kind: "in",
    id: channel?.id ?? store.workspace.channels[0]?.id,
    tab: "messages",
    thread: null,
  };
}

/** Go somewhere; what is not named stays as it is, save the thread, which closes. */
export function go(where) {
  const place = { ...store.place, tab: "messages", thread: null, ...where };
  store.drawer = false;
  const hash = hashOf(place);
  if (hash === location.hash) changed();
  else location.hash = hash;
}

/** Become somebody else: in the same place if they can be there, else where they begin. */
export function become(as) {
  const { kind, id } = store.place;
  const channel = kind === "in" && store.workspace.channels.find((each) => each.id === id);
  const stays = channel ? channel.members.includes(as) : id !== as;
  go(stays ? { as } : home(as));
}

/** Follow the address bar, beginning now. */
export function followAddress(arrived) {
  const follow = () => {
    const { place, lost } = placeAt(location.hash || lastPlace());
    const before = store.place;
    store.place = place;
    store.lost = lost;
    const hash = hashOf(place);
    if (location.hash !== hash) history.replaceState(null, "", hash);
    keepPlace(hash);
    arrived(place, before);
    changed();
  };
  window.addEventListener("hashchange", follow);
  follow();
}
