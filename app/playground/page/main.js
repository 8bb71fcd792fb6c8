// Puts the page together: reads the workspace, follows its changes and the address bar, and draws.
//
// Automated tests may rely on these: addresses as in core/routes.js; [data-be] (a person's name, at the top),
// [data-conversation], [data-list=channel|thread], .message[data-ts][data-channel][data-user][data-ephemeral],
// .block[data-block-id], [data-action-id][data-block-id][data-value] on each control, dialog[data-view-id] with
// [data-callback-id] and [data-submit], [data-confirm] and [data-deny], [data-value] on options,
// #composer-channel and #composer-thread, [aria-busy] while an app has not acknowledged, [data-unknown].

import { everythingIn, threadIn, unread } from "./core/conversations.js";
import { h, render } from "./core/dom.js";
import { awaitApps, follow, refresh } from "./core/live.js";
import { keptDrafts, markRead, readUpTo } from "./core/memory.js";
import { appOfBot, channel, nameOf } from "./core/people.js";
import { followAddress } from "./core/routes.js";
import { changed, onChange, store } from "./core/store.js";
import { forgetClosed } from "./core/surfaces.js";
import { spokenName } from "./text/entities.js";
import { spoken } from "./text/mrkdwn.js";
import { banners } from "./panes/banners.js";
import { confirmation } from "./panes/confirmation.js";
import { conversation, openHome } from "./panes/conversation.js";
import { jump, openJump } from "./panes/jump.js";
import { forgetDrawn } from "./panes/message.js";
import { isAtEnd } from "./panes/messages.js";
import { modal } from "./panes/modal.js";
import { sidebar } from "./panes/sidebar.js";
import { thread } from "./panes/thread.js";
import { topbar } from "./panes/topbar.js";

const AGO_EVERY = 30_000; // milliseconds
const root = document.getElementById("workspace");
const announcer = document.getElementById("announcer");
let shown = [];
let announced = null;

function draw() {
  if (!store.workspace) return;
  if (!store.place) return void followAddress(arrived);
  announce();
  readHere();
  const { as, thread: open } = store.place;
  const nodes = [
    topbar(),
    banners(),
    h(
      "div",
      { class: open ? "columns with-thread" : "columns", key: "columns", "data-as": as },
      sidebar(),
      conversation(),
      thread(),
    ),
    modal(),
    confirmation(),
    jump(),
  ];
  if (!shown.length) root.replaceChildren();
  shown = render(root, nodes, shown);
  name();
}

/** What is in sight counts as read. */
function readHere() {
  const { place } = store;
  const everything = everythingIn(place);
  forgetClosed(
    new Set(
      [...Object.values(store.workspace.views).flat(), ...Object.values(store.workspace.homes)].map(
        (view) => view.id,
      ),
    ),
  );
  if (document.hidden || place.tab === "home" || !everything.length || !isAtEnd(`${place.as}|${place.id}`))
    return;
  markRead(place.as, place.id, everything.at(-1).ts);
}

/** Tell those who cannot see it what was said in the open conversation or thread. */
function announce() {
  const { place } = store;
  const where = `${place.as}|${place.id}`;
  const everything = everythingIn(place);
  const last = everything.at(-1)?.ts ?? "0";
  if (announced?.where === where && last > announced.ts) {
    const fresh = everything.filter((said) => said.ts > announced.ts && said.user !== place.as);
    announcer.textContent = fresh
      .map((said) => `${spokenName(said.user)}: ${spoken(said.text)}`)
      .join(". ")
      .slice(0, 400);
  }
  announced = { where, ts: last };
}

function name() {
  const { place, workspace } = store;
  const where = place.kind === "in" ? `#${channel(place.id)?.name}` : nameOf(place.id);
  const title = `${where} · ${nameOf(place.as)} · ${workspace.team.name}`;
  if (document.title !== title) document.title = title;
}

function arrived(place, before) {
  const elsewhere = !before || before.as !== place.as || before.id !== place.id;
  if (elsewhere) {
    forgetDrawn();
    store.focused = null;
    store.popup = null;
    store.unreadFrom = unread(place.as, place.kind, place.id).messages ? readUpTo(place.as, place.id) : null;
    store.focused = newest(place);
  }
  const app = place.kind === "with" && appOfBot(place.id);
  if (app && place.tab === "home" && (elsewhere || before.tab !== "home")) openHome(place.as, app);
  if (elsewhere || before?.thread !== place.thread) setTimeout(() => focusComposer(place, before));
}

/** The arrow keys begin at the newest message. */
function newest(place) {
  const last = everythingIn(place)
    .filter((said) => !said.thread_ts || said.thread_ts === said.ts)
    .at(-1);
  return last ? `channel|${last.ts}` : null;
}

function focusComposer(place, before) {
  const dialogs = document.querySelector("dialog[open]");
  const switching = document.activeElement?.closest(".topbar, .sidebar");
  const narrow = matchMedia("(max-width: 720px)").matches;
  if (dialogs || narrow || (switching && before && before.as !== place.as)) return;
  const id = place.thread && threadIn(place) ? "composer-thread" : "composer-channel";
  document.getElementById(id)?.focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  if (
    (event.metaKey || event.ctrlKey) &&
    event.key.toLowerCase() === "k" &&
    !document.querySelector("dialog[open]:not(.jump)")
  ) {
    event.preventDefault();
    openJump();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !store.drawer) return;
  store.drawer = false;
  changed();
  setTimeout(() => document.querySelector(".drawer-button")?.focus());
});
document.addEventListener("visibilitychange", () => changed());
setInterval(() => {
  store.tick += 1;
  changed();
  if (store.online) refresh();
}, AGO_EVERY);

store.drafts = keptDrafts();
onChange(draw);
await refresh();
if (!store.workspace)
  root.firstElementChild.textContent =
    "The workspace does not answer. Is it running? This page opens it as soon as it does.";
follow();
awaitApps();
