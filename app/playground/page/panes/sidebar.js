// The side bar: channels, apps and people, with what is unread.

import { channelsOf, othersOf, unread } from "../core/conversations.js";
import { h } from "../core/dom.js";
import { nameOf } from "../core/people.js";
import { hashOf } from "../core/routes.js";
import { changed, store } from "../core/store.js";
import { avatar } from "./avatar.js";
import { icon } from "./icon.js";
import { openJump } from "./jump.js";

/** Draw the side bar; on a narrow page it is a drawer. */
export function sidebar() {
  const { as } = store.place;
  const { apps, people } = othersOf(as);
  return [
    store.drawer && h("div", { class: "shade", key: "shade", onclick: shut }),
    h(
      "nav",
      {
        id: "sidebar",
        tabindex: -1,
        class: store.drawer ? "sidebar open" : "sidebar",
        key: "sidebar",
        "aria-label": "Conversations",
        onkeydown: keys,
      },
      h(
        "div",
        { class: "team" },
        h("h2", {}, store.workspace.team.name),
        h(
          "button",
          { type: "button", class: "bare drawer-close", "aria-label": "Close side bar", onclick: shut },
          icon("close"),
        ),
      ),
      h(
        "button",
        { type: "button", class: "jump-button", onclick: openJump },
        icon("search"),
        h("span", {}, "Jump to…"),
        h("kbd", {}, /Mac/.test(navigator.platform) ? "⌘K" : "Ctrl K"),
      ),
      group(
        "Channels",
        channelsOf(as).map((each) =>
          row(
            "in",
            each.id,
            each.name,
            each.is_private ? icon("lock") : h("span", { class: "hash", "aria-hidden": "true" }, "#"),
          ),
        ),
      ),
      group(
        "Apps",
        apps.map((each) => row("with", each.id, nameOf(each.id), avatar(each.id, "tiny"))),
      ),
      group(
        "Direct messages",
        people.map((each) =>
          row("with", each.id, nameOf(each.id), avatar(each.id, "tiny"), each.deleted && "deactivated"),
        ),
      ),
    ),
  ];
}

function group(name, rows) {
  if (!rows.length) return null;
  const id = `group-${name.replace(/\W/g, "-")}`;
  return h(
    "section",
    { class: "group", key: id, "aria-labelledby": id },
    h("h3", { id }, name),
    h("ul", {}, rows),
  );
}

function row(kind, id, name, leading, note) {
  const { place } = store;
  const here = place.kind === kind && place.id === id;
  const { messages, mentions } = unread(place.as, kind, id);
  const href = hashOf({ as: place.as, kind, id });
  const words = messages ? `${name}, ${messages} unread` : name;
  return h(
    "li",
    { key: id },
    h(
      "a",
      {
        href,
        class: ["row", here && "here", messages && "unread"].filter(Boolean).join(" "),
        "aria-current": here ? "page" : undefined,
        "aria-label": words,
        "data-conversation": id,
        onclick: shut,
      },
      leading,
      h("span", { class: "row-name" }, name),
      note && h("small", {}, note),
      messages > 0 &&
        h(
          "span",
          { class: mentions ? "badge mentions" : "badge", "aria-hidden": "true" },
          messages > 99 ? "99+" : messages,
        ),
    ),
  );
}

function shut() {
  if (!store.drawer) return;
  store.drawer = false;
  changed();
}

/** Arrow keys walk through the rows. */
function keys(event) {
  if (!["ArrowDown", "ArrowUp"].includes(event.key) || !event.target.matches(".row")) return;
  const rows = [...event.currentTarget.querySelectorAll(".row")];
  const at = rows.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1);
  event.preventDefault();
  rows[Math.min(Math.max(at, 0), rows.length - 1)]?.focus();
}
