// A list of messages: by day and author, the newest hundred, held at its end while the reader is there.

import { h } from "../core/dom.js";
import { changed, store } from "../core/store.js";
import { dayName, dayOf } from "../text/dates.js";
import { message } from "./message.js";

const SHOWN = 100;
const MORE = 200;
const GROUPED_WITHIN = 5 * 60; // seconds
const NEAR = 60; // pixels from the end that still count as being there

const atEnd = new Map();

/** Whether the reader of this list is at its end (as they are before they scroll). */
export const isAtEnd = (name) => atEnd.get(name) ?? true;

/** Draw the newest of `said`. `name` identifies the list, `before` is what stands above its first message. */
export function messageList(said, { name, pane, label, before = null, inThread = false }) {
  const from = isAtEnd(name) ? Math.max(0, said.length - SHOWN) : firstShown(said, name);
  const shown = said.slice(from);
  if (shown.length) store.shownFrom.set(name, shown[0].ts);
  return h(
    "div",
    {
      class: "scroll",
      key: name,
      "data-list": pane,
      "data-name": name,
      tabindex: -1,
      onscroll: ({ target }) => scrolled(target, name),
      mounted: (el) => follow(el, name),
      removed: (el) => el.growth.disconnect(),
      patched: (el) => stay(el, name),
    },
    h("div", { class: "scroll-fill" }),
    from > 0
      ? h(
          "div",
          { class: "earlier", key: "earlier" },
          h(
            "button",
            { type: "button", class: "button", onclick: (event) => showEarlier(event, said, from, name) },
            `Show earlier messages (${from.toLocaleString("en-US")} more)`,
          ),
        )
      : before,
    h(
      "ol",
      { class: "messages", key: "messages", "aria-label": label, onkeydown: walk },
      rows(shown, { pane, inThread }),
    ),
  );
}

function firstShown(said, name) {
  const first = store.shownFrom.get(name) ?? "0";
  const at = said.findIndex((each) => each.ts >= first);
  return at < 0 ? Math.max(0, said.length - SHOWN) : at;
}

function rows(shown, { pane, inThread }) {
  const nodes = [];
  let last = null;
  let fresh = false;
  for (const said of shown) {
    const newDay = !last || dayOf(last.ts) !== dayOf(said.ts);
    const first =
      pane === "channel" &&
      !fresh &&
      store.unreadFrom &&
      said.ts > store.unreadFrom &&
      said.user !== store.place.as;
    if (newDay && pane === "channel")
      nodes.push(
        h(
          "li",
          { class: "day", key: `day-${dayOf(said.ts)}`, role: "separator" },
          h("span", {}, dayName(said.ts)),
        ),
      );
    if (first)
      nodes.push(
        h(
          "li",
          { class: "new-line", key: "new", role: "separator", "aria-label": "New messages" },
          h("span", {}, "New"),
        ),
      );
    fresh ||= first;
    const grouped = !newDay && !first && follows(last, said);
    nodes.push(message(said, { pane, grouped, inThread }));
    last = said;
  }
  return nodes;
}

const follows = (last, said) =>
  last.user === said.user &&
  last.app_id === said.app_id &&
  !last.is_ephemeral &&
  !said.is_ephemeral &&
  last.subtype === said.subtype &&
  Number(said.ts) - Number(last.ts) < GROUPED_WITHIN;

/** Go to the end now, and again whenever the list or what is in it grows, for as long as the reader is there. */
function follow(el, name) {
  toEnd(el);
  el.growth = new ResizeObserver(() => stay(el, name));
  el.growth.observe(el);
  el.growth.observe(el.lastElementChild);
}

/** Stay at the end, unless the reader has scrolled up since (the event that tells of it comes later). */
function stay(el, name) {
  if (!isAtEnd(name)) return;
  if (el.scrollTop >= el.leftAt - NEAR || distance(el) <= NEAR) return toEnd(el);
  atEnd.set(name, false);
  changed();
}

function toEnd(el) {
  el.scrollTop = el.scrollHeight;
  el.leftAt = el.scrollTop;
}

const distance = (el) => el.scrollHeight - el.scrollTop - el.clientHeight;

function scrolled(el, name) {
  const there = distance(el) < NEAR;
  if (there) el.leftAt = el.scrollTop;
  if (there === isAtEnd(name)) return;
  atEnd.set(name, there);
  changed();
}

/** Go to the end of a list. */
export function jumpToEnd(name) {
  atEnd.set(name, true);
  for (const el of document.querySelectorAll(".scroll")) if (el.dataset.name === name) toEnd(el);
  changed();
}

function showEarlier({ target }, said, from, name) {
  const el = target.closest(".scroll");
  const distance = el.scrollHeight - el.scrollTop;
  atEnd.set(name, false);
  store.shownFrom.set(name, said[Math.max(0, from - MORE)].ts);
  changed();
  setTimeout(() => {
    el.scrollTop = el.scrollHeight - distance;
    el.querySelector(".message")?.focus({ preventScroll: true });
  });
}

/** Walk through the messages with the arrow keys. */
function walk(event) {
  const here = event.target;
  if (!here.matches?.(".message") || !["ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) return;
  const all = [...event.currentTarget.querySelectorAll(".message")];
  const at = all.indexOf(here);
  const next = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: all.length - 1 }[event.key];
  event.preventDefault();
  all[Math.min(Math.max(next, 0), all.length - 1)]?.focus();
}
