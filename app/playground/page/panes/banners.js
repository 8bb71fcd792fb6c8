// What stands above everything: a hint for newcomers, and what is out of order.

import { h } from "../core/dom.js";
import { dismissHint, hintIsDismissed } from "../core/memory.js";
import { firstName, people } from "../core/people.js";
import { changed, store } from "../core/store.js";
import { icon } from "./icon.js";

/** Draw what has to be said to this reader now. */
export function banners() {
  const away = store.workspace.apps.filter((each) => !each.connected).map((each) => each.name);
  return h(
    "div",
    { class: "banners", key: "banners" },
    !store.online &&
      h(
        "p",
        { class: "banner wrong", role: "alert", key: "offline" },
        "The workspace does not answer. Is it still running? This page tries again by itself; what you typed is kept.",
      ),
    store.online &&
      away.length > 0 &&
      h(
        "p",
        { class: "banner wrong", role: "status", key: "away" },
        `${away.join(" and ")} ${away.length > 1 ? "are" : "is"} not connected: commands and buttons fail until the bot runs and reaches this workspace.`,
      ),
    !hintIsDismissed() &&
      h(
        "p",
        { class: "banner hint", key: "hint" },
        h("span", {}, hint()),
        h(
          "button",
          { type: "button", class: "bare", "aria-label": "Dismiss the hint", onclick: dismiss },
          icon("close"),
        ),
      ),
  );
}

function dismiss() {
  dismissHint();
  changed();
}

function hint() {
  const [first, second] = people();
  const me = store.place.as;
  const command = store.workspace.apps.flatMap((each) => each.commands)[0]?.command ?? "/jit";
  const example = h("code", { class: "code" }, command === "/jit" ? "/jit request" : command);
  const name = h("b", {}, firstName(me));
  if (me === first?.id && second)
    return [
      "You are ",
      name,
      ". Type ",
      example,
      " in the box below, then become ",
      h("b", {}, firstName(second.id)),
      " at the top and approve.",
    ];
  return [
    "You are ",
    name,
    ". What waits for you has a number; become ",
    h("b", {}, firstName(first?.id)),
    " again at the top.",
  ];
}
