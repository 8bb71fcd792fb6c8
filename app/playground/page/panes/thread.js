// A thread at the right: the message that began it, the replies, and a composer.

import { threadIn } from "../core/conversations.js";
import { h } from "../core/dom.js";
import { channel, nameOf } from "../core/people.js";
import { go } from "../core/routes.js";
import { store } from "../core/store.js";
import { composer } from "./composer.js";
import { icon } from "./icon.js";
import { messageList } from "./messages.js";
import { message } from "./message.js";

/** Draw the open thread, if there is one. */
export function thread() {
  const { place } = store;
  if (!place.thread) return null;
  const found = threadIn(place);
  const where = place.kind === "in" ? `#${channel(place.id)?.name}` : nameOf(place.id);
  const name = `${place.as}|${place.id}|${place.thread}`;
  return h(
    "aside",
    { class: "thread", key: `thread-${name}`, "aria-label": "Thread", onkeydown: closeOnEscape },
    h(
      "header",
      { class: "head" },
      h("div", { class: "head-words" }, h("h2", {}, "Thread"), h("p", { class: "purpose" }, where)),
      h(
        "button",
        { type: "button", class: "bare", "aria-label": "Close thread", onclick: () => go({}) },
        icon("close"),
      ),
    ),
    found
      ? [
          h(
            "div",
            { class: "list" },
            messageList(found.replies, {
              name,
              pane: "thread",
              label: "Replies",
              inThread: true,
              before: parent(found),
            }),
          ),
          composer({ name, label: "Reply", place, thread: place.thread }),
        ]
      : h(
          "div",
          { class: "empty" },
          h("h2", {}, "This message is not here"),
          h("p", {}, "It may have been deleted, or the workspace was started anew."),
        ),
  );
}

function parent({ parent: said, replies }) {
  const count = replies.length
    ? `${replies.length} ${replies.length === 1 ? "reply" : "replies"}`
    : "No replies yet";
  return h(
    "div",
    { class: "thread-parent", key: "parent" },
    h(
      "ol",
      { class: "messages", "aria-label": "The message" },
      message(said, { pane: "thread", inThread: true }),
    ),
    h("div", { class: "reply-count" }, h("span", {}, count)),
  );
}

function closeOnEscape(event) {
  if (event.key !== "Escape" || event.defaultPrevented || store.popup || store.completing) return;
  event.preventDefault();
  go({});
}
