// Ctrl or Cmd+K: type a few letters to go to a channel, or to somebody.

import { channelsOf, othersOf } from "../core/conversations.js";
import { h } from "../core/dom.js";
import { become, go } from "../core/routes.js";
import { nameOf, people } from "../core/people.js";
import { changed, store } from "../core/store.js";
import { listbox, moved } from "../elements/popup.js";
import { avatar } from "./avatar.js";

export function openJump() {
  store.jump = { query: "", active: 0 };
  store.drawer = false;
  changed();
}

function shut() {
  store.jump = null;
  changed();
}

/** Draw the open dialog, if it is open. */
export function jump() {
  if (!store.jump) return null;
  const groups = found(store.jump.query.trim().toLowerCase().replace(/^[#@]/, ""));
  const options = groups.flatMap((group) => group.options);
  const active = Math.min(store.jump.active, Math.max(0, options.length - 1));
  const pick = (option) => {
    shut();
    option?.take();
  };
  const hover = (at) => {
    store.jump.active = at;
    changed();
  };
  const onkeydown = (event) => {
    const next = ["Home", "End"].includes(event.key) ? undefined : moved(event.key, active, options.length);
    if (next !== undefined) hover(next);
    else if (event.key === "Enter") pick(options[active]);
    else return;
    event.preventDefault();
  };
  return h(
    "dialog",
    {
      key: "jump",
      class: "modal jump",
      "aria-label": "Jump to",
      mounted: (el) => el.showModal(),
      removed: (el) => el.close(),
      oncancel: (event) => {
        event.preventDefault();
        shut();
      },
      onclick: ({ target, currentTarget }) => target === currentTarget && shut(),
    },
    h(
      "div",
      { class: "modal-form" },
      h("input", {
        class: "jump-search",
        type: "text",
        role: "combobox",
        "aria-label": "Jump to a channel or person",
        "aria-expanded": "true",
        "aria-controls": "jump-list",
        "aria-activedescendant": options.length ? `jump-list-${active}` : undefined,
        placeholder: "Jump to a channel or person",
        autocomplete: "off",
        spellcheck: "false",
        value: store.jump.query,
        onkeydown,
        oninput: ({ target }) => {
          Object.assign(store.jump, { query: target.value, active: 0 });
          changed();
        },
      }),
      options.length
        ? listbox("jump-list", groups, { active, label: "Places", pick, hover })
        : h("p", { class: "nothing" }, "No channel and nobody is called that."),
    ),
  );
}

function found(query) {
  const { as } = store.place;
  const { apps, people: others } = othersOf(as);
  const channels = channelsOf(as).map((each) => ({
    id: `in-${each.id}`,
    words: each.name,
    about: each.purpose,
    leading: h("span", { class: "hash" }, "#"),
    take: () => go({ kind: "in", id: each.id }),
  }));
  const writing = [...apps, ...others].map((each) => ({
    id: `with-${each.id}`,
    words: nameOf(each.id),
    about: each.title,
    leading: avatar(each.id, "tiny"),
    take: () => go({ kind: "with", id: each.id }),
  }));
  const being = people()
    .filter((each) => each.id !== as)
    .map((each) => ({
      id: `as-${each.id}`,
      words: `Become ${nameOf(each.id)}`,
      about: each.title,
      leading: avatar(each.id, "tiny"),
      take: () => become(each.id),
    }));
  const fits = (option) => option.words.toLowerCase().includes(query);
  return [
    { label: "Channels", options: channels },
    { label: "Direct messages", options: writing },
    { label: "Be somebody else", options: being },
  ]
    .map((group) => ({ ...group, options: group.options.filter(fits) }))
    .filter((group) => group.options.length);
}
