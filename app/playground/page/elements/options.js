// What a select offers and holds, as options: `{id, raw, words, about, leading}`; `raw` is what the calls take.

import { h } from "../core/dom.js";
import { channel, nameOf as personName, user } from "../core/people.js";
import { store } from "../core/store.js";
import { avatar } from "../panes/avatar.js";
import { spoken } from "../text/mrkdwn.js";

/** Where a select's options come from: static, external, users, conversations or channels. */
export const sourceOf = (element) => element.type.replace(/^multi_/, "").replace(/_select$/, "");

/** What is chosen, as a list of options. */
export function chosenIn(element, value) {
  const several = value === null || value === undefined || value === "" ? [] : [value].flat();
  return several.map((each) => asOption(element, each));
}

function asOption(element, value) {
  const source = sourceOf(element);
  if (source === "static" || source === "external") {
    return { id: value.value, raw: value, words: spoken(value.text), about: spoken(value.description) };
  }
  if (source === "users" || (source === "conversations" && user(value))) return person(value);
  return place(value);
}

const person = (id) => ({
  id,
  raw: id,
  words: personName(id),
  about: user(id)?.title,
  leading: avatar(id, "tiny"),
});
const place = (id) => ({
  id,
  raw: id,
  words: channel(id)?.name ?? id,
  leading: h("span", { class: "hash", "aria-hidden": "true" }, "#"),
});

/** The options that fit what is searched for, by group. */
export function found(element, query) {
  const groups = offered(element);
  if (sourceOf(element) === "external") return groups;
  const words = query.trim().toLowerCase();
  const fits = (option) => `${option.words} ${option.about ?? ""}`.toLowerCase().includes(words);
  return groups
    .map((group) => ({ ...group, options: group.options.filter(fits) }))
    .filter((group) => group.options.length);
}

function offered(element) {
  switch (sourceOf(element)) {
    case "static":
      return grouped(element);
    case "external":
      return grouped(store.popup.offered ?? {});
    case "users":
      return [{ options: someone().map((each) => person(each.id)) }];
    case "channels":
      return [{ options: channels(() => true) }];
    default:
      return conversations(element.filter ?? {});
  }
}

function grouped({ options, option_groups: groups }) {
  const option = (each) => ({
    id: each.value,
    raw: each,
    words: spoken(each.text),
    about: spoken(each.description),
  });
  if (groups?.length)
    return groups.map((group) => ({ label: spoken(group.label), options: group.options.map(option) }));
  return [{ options: (options ?? []).map(option) }];
}

const someone = () => store.workspace.users.filter((each) => !each.deleted && each.id !== "USLACKBOT");
const channels = (fits) =>
  store.workspace.channels.filter((each) => !each.is_archived && fits(each)).map((each) => place(each.id));

function conversations(filter) {
  const wanted = filter.include ?? ["im", "public", "private"];
  const kind = (each) => wanted.includes(each.is_private ? "private" : "public");
  const persons = wanted.includes("im")
    ? someone().filter((each) => !(filter.exclude_bot_users && each.is_bot))
    : [];
  const groups = [
    { label: "Channels", options: channels(kind) },
    { label: "People", options: persons.map((each) => person(each.id)) },
  ];
  return groups.filter((group) => group.options.length);
}
