// The things in angle brackets: mentions, links, dates. docs: messaging/formatting-message-text

import { h } from "../core/dom.js";
import { channel, firstName, nameOf, user, usergroup } from "../core/people.js";
import { hashOf } from "../core/routes.js";
import { store } from "../core/store.js";
import { slackDate } from "./dates.js";
import { link } from "./links.js";

/** Undo Slack's three escapes. */
export const decoded = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

/** Somebody's name as a mention; it leads to the direct message with them. */
export function userMention(id, label) {
  const found = user(id);
  const words = `@${found ? found.real_name || found.name : label || id}`;
  const place = store.place;
  if (!found || !place || id === place.as)
    return h("span", { class: id === place?.as ? "mention me" : "mention", "data-user": id }, words);
  const href = hashOf({ as: place.as, kind: "with", id });
  return h("a", { class: "mention", href, "data-user": id, title: found.title || undefined }, words);
}

/** A channel's name as a link to it. */
export function channelMention(id, label) {
  const found = channel(id);
  const words = `#${found?.name ?? (label || "private channel")}`;
  if (!found || !store.place) return h("span", { class: "mention" }, words);
  return h("a", { class: "mention", href: hashOf({ as: store.place.as, kind: "in", id }) }, words);
}

/** A user group's handle, marked when the reader is in it. */
export function groupMention(id, label) {
  const found = usergroup(id);
  const words = found ? `@${found.handle}` : label || `@${id}`;
  const mine = found?.users.includes(store.place?.as);
  const title = found ? `${found.name}: ${found.users.map(nameOf).join(", ")}` : undefined;
  return h("span", { class: mine ? "mention me" : "mention", title }, words);
}

export const broadcast = (range) => h("span", { class: "mention me" }, `@${range}`);

/** A time in the reader's zone, or the words that the sender gave for want of it. */
export function date(seconds, pattern, fallback, address) {
  const words = slackDate(seconds, pattern);
  const instant = new Date(Number(seconds) * 1000);
  const time =
    words === null
      ? h("span", {}, fallback || String(seconds))
      : h("time", { datetime: instant.toISOString(), title: instant.toLocaleString() }, words);
  return address ? link(address, [time]) : time;
}

/** What stands between `<` and `>`, as a node. */
export function entity(inside) {
  const [target, ...rest] = inside.split("|");
  const label = rest.length ? decoded(rest.join("|")) : "";
  if (target.startsWith("@")) return userMention(target.slice(1), label);
  if (target.startsWith("#")) return channelMention(target.slice(1), label);
  if (!target.startsWith("!")) return link(decoded(target), label || decoded(target).replace(/^mailto:/, ""));
  const [command, ...parts] = target.slice(1).split("^");
  if (command === "subteam") return groupMention(parts[0], label);
  if (command === "date")
    return date(parts[0], decoded(parts[1] ?? ""), label, parts[2] && decoded(parts[2]));
  if (["here", "channel", "everyone", "group"].includes(command)) return broadcast(command);
  return h("span", {}, label || decoded(`<${inside}>`));
}

/** Whom a sentence is about, for those who only hear it. */
export const spokenName = (id) => (id === store.place?.as ? "You" : firstName(id));
