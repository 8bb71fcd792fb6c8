// The middle: a conversation's head, its messages or its app's home, and the composer.

import { act } from "../core/api.js";
import { channelsOf, everythingIn, isTopLevel } from "../core/conversations.js";
import { h } from "../core/dom.js";
import { appOfBot, channel, nameOf, user } from "../core/people.js";
import { go } from "../core/routes.js";
import { changed, store } from "../core/store.js";
import { avatar } from "./avatar.js";
import { composer } from "./composer.js";
import { home } from "./home.js";
import { icon } from "./icon.js";
import { isAtEnd, jumpToEnd, messageList } from "./messages.js";

/** Draw the open conversation. */
export function conversation() {
  const { place } = store;
  const name = place.kind === "in" ? `#${channel(place.id)?.name}` : nameOf(place.id);
  const list = `${place.as}|${place.id}`;
  return h(
    "main",
    {
      class: "conversation",
      id: "conversation",
      tabindex: -1,
      "data-conversation": place.id,
      "aria-label": name,
    },
    head(place),
    store.lost && h("p", { class: "lost", role: "alert" }, `${store.lost} This is the nearest there is.`),
    place.tab === "home" ? home(place) : body(place, name, list),
  );
}

function body(place, name, list) {
  if (place.kind === "in" && !channelsOf(place.as).some((each) => each.id === place.id))
    return outside(place, name);
  const said = everythingIn(place).filter(isTopLevel);
  return [
    h(
      "div",
      { class: "list", key: `list-${list}` },
      messageList(said, {
        name: list,
        pane: "channel",
        label: `Messages in ${name}`,
        before: beginning(place, name),
      }),
      !isAtEnd(list) &&
        h("button", { type: "button", class: "to-end", onclick: () => jumpToEnd(list) }, "Newest messages ↓"),
    ),
    composer({ name: list, label: `Message ${name}`, place, thread: null }),
  ];
}

function head(place) {
  const channelHere = place.kind === "in" ? channel(place.id) : null;
  const other = place.kind === "with" ? user(place.id) : null;
  const app = other && appOfBot(other.id);
  return h(
    "header",
    { class: "head" },
    h(
      "button",
      {
        type: "button",
        class: "bare drawer-button",
        "aria-label": "Show channels",
        "aria-expanded": String(store.drawer),
        onclick: openDrawer,
      },
      icon("menu"),
    ),
    h(
      "div",
      { class: "head-words" },
      h(
        "h1",
        {},
        channelHere
          ? [
              channelHere.is_private
                ? icon("lock")
                : h("span", { class: "hash", "aria-hidden": "true" }, "#"),
              channelHere.name,
            ]
          : [avatar(place.id, "small"), nameOf(place.id)],
      ),
      h("p", { class: "purpose" }, channelHere ? channelHere.purpose : app ? "App" : other?.title),
    ),
    channelHere &&
      h(
        "span",
        { class: "members", title: channelHere.members.map(nameOf).join(", ") },
        h(
          "span",
          { class: "thread-faces", "aria-hidden": "true" },
          channelHere.members.slice(0, 3).map((id) => avatar(id, "tiny")),
        ),
        `${channelHere.members.length} members`,
      ),
    app && (app.home_tab !== false || store.workspace.homes[place.as]) && tabs(place, app),
  );
}

function openDrawer() {
  store.drawer = true;
  changed();
  setTimeout(() => document.querySelector("#sidebar .here, #sidebar .row")?.focus());
}

function tabs(place, app) {
  const tab = (name, words) =>
    h(
      "button",
      {
        key: name,
        id: `tab-${name}`,
        type: "button",
        role: "tab",
        class: "tab",
        "aria-selected": String(place.tab === name),
        tabindex: place.tab === name ? 0 : -1,
        onclick: () => show(name),
        onkeydown: (event) => {
          if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
          const next = name === "home" ? "messages" : "home";
          show(next);
          document.getElementById(`tab-${next}`)?.focus();
        },
      },
      words,
    );
  const show = (name) => {
    go({ tab: name });
    if (name === "home") openHome(place.as, app);
  };
  return h(
    "div",
    { class: "tabs", role: "tablist", "aria-label": app.name },
    tab("home", "Home"),
    tab("messages", "Messages"),
  );
}

/** Tell the app that its home is looked at, so that it can publish it. */
export async function openHome(as, app) {
  try {
    await act("home", { user: as, app: app.id });
  } catch {
    // A home that was published before is shown all the same; without one the pane says that there is none.
  }
}

function outside(place, name) {
  return h(
    "div",
    { class: "empty" },
    h("h2", {}, `${nameOf(place.as)} is not in ${name}`),
    h(
      "p",
      {},
      "Only its members see what is said here. Become one of them at the top, or choose another channel.",
    ),
  );
}

function beginning(place, name) {
  const other = place.kind === "with" ? user(place.id) : null;
  const app = other && appOfBot(other.id);
  const commands = app?.commands.map((each) => each.command).join(", ");
  return h(
    "div",
    { class: "beginning", key: "beginning" },
    other && avatar(other.id, "large"),
    h("h2", {}, name),
    h(
      "p",
      {},
      other
        ? app
          ? `This is where ${app.name} writes to you alone.${commands ? ` Type ${commands} below to talk to it.` : ""}`
          : `This is the very beginning of your direct messages with ${nameOf(other.id)}.`
        : channel(place.id)?.purpose
          ? `${channel(place.id).purpose}. This is where it begins.`
          : "This is the very beginning of the channel.",
    ),
  );
}
