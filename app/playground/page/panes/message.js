// One message: who, when, what, its reactions and the way to its thread.

import { act } from "../core/api.js";
import { drawBlocks } from "../blocks/draw.js";
import { h } from "../core/dom.js";
import { app, nameOf, user } from "../core/people.js";
import { go } from "../core/routes.js";
import { refresh } from "../core/live.js";
import { changed, markOf, store } from "../core/store.js";
import { messageSurface } from "../core/surfaces.js";
import { agoTs, clock, exactly } from "../text/dates.js";
import { emoji } from "../text/emoji.js";
import { mrkdwn } from "../text/mrkdwn.js";
import { attachment, fileShown } from "./attachments.js";
import { avatar } from "./avatar.js";
import { icon } from "./icon.js";
import { trouble } from "./trouble.js";

const QUICK = ["white_check_mark", "eyes", "+1"];
const drawn = new Map();

/**
 * Draw a message as it stands in `pane` ("channel" or "thread"). `grouped` leaves out the author, who is that of
 * the message above. A message that looks the same as before is not drawn again.
 */
export function message(said, { pane, grouped = false, inThread = false }) {
  const key = `${pane}|${said.channel}|${said.ts}|${said.is_ephemeral ?? ""}`;
  const focused = store.focused === `${pane}|${said.ts}`;
  const { users, channels, usergroups } = store.workspace;
  const tick =
    JSON.stringify(said.blocks).includes("{ago}") || said.text.includes("{ago}") || said.reply_count
      ? store.tick
      : 0;
  const looks = [
    said,
    grouped,
    inThread,
    focused,
    markOf(`m:${said.ts}`),
    store.place.as,
    users,
    channels.length,
    usergroups,
    tick,
  ];
  const before = drawn.get(key);
  if (before && before.looks.every((each, at) => each === looks[at])) return before.node;
  const node = draw(said, { pane, grouped, inThread, focused });
  drawn.set(key, { looks, node });
  return node;
}

/** Forget drawn messages when somebody goes elsewhere. */
export const forgetDrawn = () => drawn.clear();

function draw(said, { pane, grouped, inThread, focused }) {
  const surface = messageSurface(said, pane);
  const gone = said.subtype === "tombstone";
  const classes = ["message", grouped && "grouped", said.is_ephemeral && "ephemeral", gone && "gone"].filter(
    Boolean,
  );
  return h(
    "li",
    {
      key: said.ts,
      class: classes.join(" "),
      "data-ts": said.ts,
      "data-channel": said.channel,
      "data-user": said.user,
      "data-thread-ts": said.thread_ts,
      "data-ephemeral": said.is_ephemeral ? "" : undefined,
      tabindex: focused ? 0 : -1,
      "aria-label": `${nameOf(said.user)}, ${clock(said.ts)}`,
      onfocusin: () => focusOn(pane, said.ts),
    },
    said.is_ephemeral &&
      h(
        "p",
        { class: "only-you" },
        icon("eye"),
        "Only visible to you",
        h("button", { type: "button", class: "link", onclick: () => putAway(said.ts) }, "Dismiss"),
      ),
    h(
      "div",
      { class: "message-row" },
      h(
        "div",
        { class: "gutter" },
        grouped
          ? h("time", { class: "side-time", title: exactly(said.ts) }, clock(said.ts))
          : avatar(said.user),
      ),
      h(
        "div",
        { class: "message-body" },
        !grouped &&
          h(
            "div",
            { class: "byline" },
            author(said),
            h("time", { class: "time", title: exactly(said.ts) }, clock(said.ts)),
          ),
        content(said, surface, gone),
        trouble(surface.id),
        reactions(said),
        !inThread && threadLink(said),
      ),
    ),
    !said.is_ephemeral && !gone && toolbar(said, focused, inThread),
  );
}

function author(said) {
  const bot = user(said.user)?.is_bot || said.bot_id;
  return h(
    "span",
    { class: "author" },
    h("b", {}, (said.app_id && app(said.app_id)?.name) || nameOf(said.user)),
    bot && h("span", { class: "app-badge" }, "APP"),
  );
}

function content(said, surface, gone) {
  if (gone) return h("p", { class: "text muted" }, "This message was deleted.");
  const blocks = said.blocks ?? [];
  const edited = said.edited && !said.bot_id && h("span", { class: "edited" }, " (edited)");
  return [
    blocks.length
      ? h("div", { class: "blocks" }, drawBlocks(blocks, surface), edited)
      : said.text && h("div", { class: "text" }, mrkdwn(said.text), edited),
    (said.attachments ?? []).map((each) => attachment(each, surface)),
    (said.files ?? []).map(fileShown),
  ];
}

function focusOn(pane, ts) {
  const name = `${pane}|${ts}`;
  if (store.focused === name) return;
  store.focused = name;
  changed();
}

function putAway(ts) {
  store.dismissed.add(ts);
  changed();
}

async function react(said, name) {
  const { channel, ts } = said;
  try {
    await act("reaction", { user: store.place.as, channel, ts, name });
  } catch (error) {
    store.troubles.set(`m:${ts}`, error.message);
    changed(`m:${ts}`);
  }
  refresh();
}

function reactions(said) {
  if (!said.reactions?.length) return null;
  return h(
    "div",
    { class: "reactions" },
    said.reactions.map(({ name, users, count }) => {
      const mine = users.includes(store.place.as);
      return h(
        "button",
        {
          key: name,
          type: "button",
          class: mine ? "reaction mine" : "reaction",
          "aria-pressed": String(mine),
          title: `${users.map(nameOf).join(", ")} reacted with :${name}:`,
          "aria-label": `${name}, ${count} reaction${count === 1 ? "" : "s"}`,
          onclick: () => react(said, name),
        },
        h("span", { class: "emoji" }, emoji(name) ?? `:${name}:`),
        " ",
        count,
      );
    }),
  );
}

function threadLink(said) {
  if (!said.reply_count) return null;
  const words = `${said.reply_count} ${said.reply_count === 1 ? "reply" : "replies"}`;
  return h(
    "button",
    { type: "button", class: "thread-link", onclick: () => go({ thread: said.ts }) },
    h(
      "span",
      { class: "thread-faces" },
      said.reply_users.slice(0, 4).map((id) => avatar(id, "tiny")),
    ),
    h("b", {}, words),
    h("span", { class: "muted" }, `Last reply ${agoTs(said.latest_reply)}`),
  );
}

function toolbar(said, focused, inThread) {
  const tabindex = focused ? 0 : -1;
  return h(
    "div",
    { class: "toolbar", role: "group", "aria-label": "Message actions" },
    QUICK.map((name) =>
      h(
        "button",
        {
          key: name,
          type: "button",
          tabindex,
          "aria-label": `React with ${name}`,
          title: `:${name}:`,
          onclick: () => react(said, name),
        },
        emoji(name),
      ),
    ),
    !inThread &&
      h(
        "button",
        {
          key: "reply",
          type: "button",
          tabindex,
          "aria-label": "Reply in thread",
          title: "Reply in thread",
          onclick: () => go({ thread: said.thread_ts ?? said.ts }),
        },
        icon("reply"),
      ),
  );
}
