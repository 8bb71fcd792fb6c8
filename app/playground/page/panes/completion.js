// What the composer offers while one types: commands, people, channels.

import { othersOf } from "../core/conversations.js";
import { h } from "../core/dom.js";
import { store } from "../core/store.js";
import { avatar } from "./avatar.js";

const MOST = 8;

const commands = () => store.workspace.apps.flatMap((app) => app.commands.map((each) => ({ ...each, app })));

/** `{kind, title, from, to, options}`: what fits the word at the caret, and which part of the text it replaces. */
export function completionOf(text, caret, inThread) {
  const before = text.slice(0, caret);
  if (/^\/\S*$/.test(before) && caret === text.length && !inThread) return commandsFor(before);
  const word = /(?:^|\s)([@#])([\w.-]*)$/.exec(before);
  if (!word) return null;
  const [, sign, part] = word;
  const options = (sign === "@" ? peopleFor(part) : channelsFor(part)).slice(0, MOST);
  if (!options.length || options.some((each) => each.inserts === sign + part)) return null;
  return {
    kind: sign,
    title: sign === "@" ? "People" : "Channels",
    from: caret - part.length - 1,
    to: caret,
    options,
  };
}

function commandsFor(typed) {
  const fits = commands().filter(
    (each) => each.command.startsWith(typed.toLowerCase()) && each.command !== typed,
  );
  const options = fits.slice(0, MOST).map((each) => ({
    id: each.command,
    inserts: each.command,
    leading: avatar(each.app.bot_user_id, "tiny"),
    words: h("span", {}, h("b", {}, each.command), " ", h("span", { class: "usage-hint" }, each.usage_hint)),
    about: each.description,
  }));
  return options.length ? { kind: "/", title: "Commands", from: 0, to: typed.length, options } : null;
}

function peopleFor(part) {
  const { apps, people } = othersOf(store.place.as);
  const fits = [...people, ...apps].filter((each) =>
    `${each.name} ${each.real_name}`.toLowerCase().includes(part.toLowerCase()),
  );
  return fits.map((each) => ({
    id: each.id,
    inserts: `@${each.name}`,
    words: each.real_name || each.name,
    about: each.title,
    leading: avatar(each.id, "tiny"),
  }));
}

function channelsFor(part) {
  const fits = store.workspace.channels.filter((each) => each.name.includes(part.toLowerCase()));
  return fits.map((each) => ({
    id: each.id,
    inserts: `#${each.name}`,
    words: `#${each.name}`,
    about: each.purpose,
  }));
}

/** The command that is being typed, for its hint. */
export function usageOf(text) {
  const found = /^(\/\S+)/.exec(text);
  return (
    found && commands().find((each) => each.command === found[1] && (each.usage_hint || each.description))
  );
}
