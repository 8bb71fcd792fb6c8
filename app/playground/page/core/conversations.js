// What a person sees where: conversations, their messages, and how many of them are unread.

import { readUpTo, readingsSoFar } from "./memory.js";
import { app } from "./people.js";
import { store } from "./store.js";

/** A conversation's name among a person's: a channel's id, or the other's user id. */
export const channelsOf = (as) =>
  store.workspace.channels.filter((each) => each.members.includes(as) && !each.is_archived);

/** Those whom a person can write to: apps first, then people; who left is listed while there is history. */
export function othersOf(as) {
  const talkedWith = new Set((store.workspace.direct[as] ?? []).flatMap((message) => message.with));
  const others = store.workspace.users.filter(
    (each) => each.id !== as && each.id !== "USLACKBOT" && (!each.deleted || talkedWith.has(each.id)),
  );
  return { apps: others.filter((each) => each.is_bot), people: others.filter((each) => !each.is_bot) };
}

/** The id of the direct message between two, if there is one yet. */
export function directChannel(as, other) {
  return store.workspace.direct_channels.find(
    ({ members }) => members.includes(as) && members.includes(other) && as !== other,
  )?.id;
}

/** Everything that the person sees in a conversation, oldest first: messages, replies, ephemerals. */
export function everythingIn({ as, kind, id }) {
  const said = kind === "in" ? channelMessages(as, id) : directMessages(as, id);
  const where = kind === "in" ? id : directChannel(as, id);
  const shownToMe = (store.workspace.ephemeral[as] ?? []).filter(
    (message) => message.channel === where && !store.dismissed.has(message.ts),
  );
  if (!shownToMe.length) return said;
  const mine = shownToMe.map(asEphemeral);
  return [...said, ...mine].sort((one, other) => (one.ts < other.ts ? -1 : 1));
}

const ephemerals = new WeakMap();

function asEphemeral(message) {
  if (!ephemerals.has(message)) ephemerals.set(message, { ...message, is_ephemeral: true });
  return ephemerals.get(message);
}

function channelMessages(as, id) {
  const channel = store.workspace.channels.find((each) => each.id === id);
  return channel?.members.includes(as) ? channel.messages : [];
}

function directMessages(as, other) {
  return (store.workspace.direct[as] ?? []).filter((message) => message.with.includes(other));
}

export const isTopLevel = (message) =>
  !message.thread_ts || message.thread_ts === message.ts || message.subtype === "thread_broadcast";

/** A thread's parent and replies, or null when there is no such message. */
export function threadIn(place) {
  const everything = everythingIn(place);
  const parent = everything.find((message) => message.ts === place.thread);
  if (!parent) return null;
  return {
    parent,
    replies: everything.filter((message) => message.thread_ts === parent.ts && message.ts !== parent.ts),
  };
}

let counted = { workspace: null, readings: -1, counts: new Map() };

/** `{messages, mentions}` that a person has not read in a conversation; in direct messages all are mentions. */
export function unread(as, kind, id) {
  const { workspace } = store;
  if (counted.workspace !== workspace || counted.readings !== readingsSoFar()) {
    counted = { workspace, readings: readingsSoFar(), counts: new Map() };
  }
  const key = `${as}|${id}`;
  if (!counted.counts.has(key)) counted.counts.set(key, count(as, kind, id));
  return counted.counts.get(key);
}

function count(as, kind, id) {
  const read = readUpTo(as, id);
  const everything = everythingIn({ as, kind, id });
  const fresh = [];
  for (let at = everything.length - 1; at >= 0 && everything[at].ts > read; at -= 1) {
    if (everything[at].user !== as) fresh.push(everything[at]);
  }
  const mine =
    fresh.length &&
    new Set(everything.filter((each) => each.user === as).flatMap((each) => [each.ts, each.thread_ts]));
  const told = fresh.filter(
    (message) =>
      isTopLevel(message) || kind === "with" || mine.has(message.thread_ts) || mentions(message, as),
  );
  const called =
    kind === "with" ? told : told.filter((message) => mentions(message, as) || message.is_ephemeral);
  return { messages: told.length, mentions: called.length };
}

const spoken = new WeakMap();

/** Whether a message names the person, or everybody. */
function mentions(message, as) {
  if (!spoken.has(message)) spoken.set(message, JSON.stringify([message.text, message.blocks]));
  const words = spoken.get(message);
  return (
    words.includes(`<@${as}`) ||
    words.includes(`"user_id":"${as}"`) ||
    /<!(here|channel|everyone)/.test(words)
  );
}

/** How many messages wait for a person in all. */
export function waitingFor(as) {
  const { apps, people } = othersOf(as);
  const channels = channelsOf(as).map((each) => unread(as, "in", each.id).messages);
  const directs = [...apps, ...people].map((each) => unread(as, "with", each.id).messages);
  return [...channels, ...directs].reduce((sum, each) => sum + each, 0);
}

/** An app's name, for sentences about it. */
export const appName = (id) => app(id)?.name ?? store.workspace.apps[0]?.name ?? "The app";
