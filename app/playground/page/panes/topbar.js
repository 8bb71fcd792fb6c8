// The top: who one is, and the way to become somebody else.

import { waitingFor } from "../core/conversations.js";
import { h } from "../core/dom.js";
import { people } from "../core/people.js";
import { become } from "../core/routes.js";
import { store } from "../core/store.js";
import { avatar } from "./avatar.js";

/** Draw the people whom the reader can be. */
export function topbar() {
  return h(
    "header",
    { class: "topbar" },
    h("span", { class: "topbar-label", id: "you-are" }, "You are"),
    h("div", { class: "people", role: "radiogroup", "aria-labelledby": "you-are" }, people().map(person)),
  );
}

function person(each) {
  const me = each.id === store.place.as;
  const waiting = me ? 0 : waitingFor(each.id);
  const label = [each.real_name, each.title, waiting && `${waiting} unread`].filter(Boolean).join(", ");
  return h(
    "button",
    {
      key: each.id,
      id: `be-${each.id}`,
      type: "button",
      role: "radio",
      class: me ? "person me" : "person",
      "aria-checked": String(me),
      "aria-label": label,
      title: label,
      tabindex: me ? 0 : -1,
      "data-be": each.name,
      onclick: () => become(each.id),
      onkeydown: walk,
      patched: me ? (el) => keepInSight(el) : undefined,
      mounted: me ? keepInSight : undefined,
    },
    avatar(each.id, "small"),
    h(
      "span",
      { class: "person-words" },
      h("b", {}, each.real_name || each.name),
      h("small", {}, each.title || `@${each.name}`),
    ),
    waiting > 0 &&
      h("span", { class: "badge mentions", "aria-hidden": "true" }, waiting > 99 ? "99+" : waiting),
  );
}

let last = null;

function keepInSight(el) {
  if (last === el.id) return;
  last = el.id;
  el.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function walk(event) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const everyone = people();
  const at = everyone.findIndex((each) => `be-${each.id}` === event.currentTarget.id);
  const next = everyone[(at + step + everyone.length) % everyone.length];
  become(next.id);
  document.getElementById(`be-${next.id}`)?.focus();
}
