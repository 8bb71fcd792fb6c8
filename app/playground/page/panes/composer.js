// Where one types: messages and slash commands, with completion of commands, people and channels.

import { act } from "../core/api.js";
import { appName } from "../core/conversations.js";
import { h } from "../core/dom.js";
import { refresh } from "../core/live.js";
import { keepDrafts } from "../core/memory.js";
import { changed, store } from "../core/store.js";
import { unacknowledged } from "../core/surfaces.js";
import { float, listbox, moved } from "../elements/popup.js";
import { completionOf, usageOf } from "./completion.js";
import { icon } from "./icon.js";
import { jumpToEnd } from "./messages.js";
import { trouble } from "./trouble.js";

const NO_COMMANDS_HERE =
  "Slash commands do not work in threads. Type it into the message box of the channel instead.";

/** Draw the composer of a conversation or thread. `name` identifies it; its draft is kept under that name. */
export function composer({ name, label, place, thread }) {
  const id = `composer-${thread ? "thread" : "channel"}`;
  const draft = store.drafts.get(name) ?? "";
  const busy = store.busy.has(`composer|${name}`);
  const completion =
    store.completing?.name === name ? completionOf(draft, store.completing.caret, Boolean(thread)) : null;
  const options = completion?.options ?? [];
  const active = Math.min(store.completing?.active ?? 0, options.length - 1);
  const usage = !options.length && !thread && usageOf(draft);
  const take = (option) => complete(name, id, completion, option);
  const enter = () => submit({ name, place, thread, text: draft });
  const onkeydown = (event) => {
    if (event.isComposing) return;
    const next =
      options.length && !["Home", "End"].includes(event.key)
        ? moved(event.key, active, options.length)
        : undefined;
    if (next !== undefined) setActive(next);
    else if (options.length && (event.key === "Tab" || event.key === "Enter") && !event.shiftKey)
      take(options[active]);
    else if (store.completing && options.length && event.key === "Escape") stopCompleting();
    else if (event.key === "Enter" && !event.shiftKey) enter();
    else return;
    event.preventDefault();
  };
  const oninput = ({ target }) => {
    store.drafts.set(name, target.value);
    store.completing = { name, caret: target.selectionStart, active: 0 };
    keepDrafts(store.drafts);
    changed();
  };
  return h(
    "form",
    {
      class: "composer",
      key: `composer-${name}`,
      "aria-label": label,
      onsubmit: (event) => event.preventDefault(),
    },
    trouble(`composer|${name}`),
    usage &&
      h(
        "p",
        { class: "usage", id: `${id}-usage` },
        h("b", {}, usage.command),
        " ",
        h("span", { class: "usage-hint" }, usage.usage_hint),
        usage.description && h("small", {}, usage.description),
      ),
    h(
      "div",
      {
        class: "composer-box",
        onclick: ({ target, currentTarget }) =>
          target === currentTarget && document.getElementById(id)?.focus(),
      },
      h("textarea", {
        id,
        key: name,
        rows: 1,
        class: "composer-text",
        "aria-label": label,
        placeholder: label,
        value: draft,
        "data-composer": thread ? "thread" : "channel",
        "aria-autocomplete": "list",
        "aria-haspopup": "listbox",
        "aria-controls": options.length ? `${id}-list` : undefined,
        "aria-activedescendant": options.length ? `${id}-list-${active}` : undefined,
        "aria-describedby": usage ? `${id}-usage` : undefined,
        autocomplete: "off",
        oninput,
        onkeydown,
        onblur: stopCompleting,
        mounted: grow,
        patched: grow,
      }),
      h(
        "div",
        { class: "composer-foot" },
        h(
          "span",
          { class: "composer-tip", "aria-hidden": "true" },
          busy
            ? [h("span", { class: "spinner" }), ` Waiting for ${appName()}…`]
            : h(
                "span",
                { class: "keys" },
                h("kbd", {}, "Enter"),
                " sends · ",
                h("kbd", {}, "Shift"),
                "+",
                h("kbd", {}, "Enter"),
                " new line",
              ),
        ),
        h(
          "button",
          { type: "button", class: "send", "aria-label": "Send", disabled: !draft.trim(), onclick: enter },
          icon("send"),
        ),
      ),
    ),
    options.length > 0 &&
      h(
        "div",
        { class: "popup completion", key: `completion-${completion.kind}`, ...float(id, { wide: true }) },
        h("p", { class: "popup-title" }, completion.title),
        listbox(`${id}-list`, [{ options }], {
          active,
          label: completion.title,
          pick: take,
          hover: setActive,
        }),
      ),
  );
}

function setActive(at) {
  if (store.completing) store.completing.active = at;
  changed();
}

function stopCompleting() {
  if (!store.completing) return;
  store.completing = null;
  changed();
}

function complete(name, id, { from, to }, option) {
  const draft = store.drafts.get(name) ?? "";
  const text = `${draft.slice(0, from)}${option.inserts} ${draft.slice(to).trimStart()}`;
  const caret = from + option.inserts.length + 1;
  store.drafts.set(name, text);
  store.completing = null;
  keepDrafts(store.drafts);
  changed();
  // Right after the drawing, before anything else is typed.
  queueMicrotask(() => document.getElementById(id)?.setSelectionRange(caret, caret));
}

/** Let the box grow with its text. */
function grow(el) {
  el.style.height = "auto";
  el.style.height = `${Math.min(el.scrollHeight, 220)}px`;
}

/** What is under way, by composer: what is sent meanwhile waits its turn, so that all arrives as it was typed. */
const underWay = new Map();

function submit({ name, place, thread, text }) {
  const busy = `composer|${name}`;
  if (!text.trim()) return;
  if (thread && text.startsWith("/")) return tell(busy, NO_COMMANDS_HERE);
  setDraft(name, "");
  store.completing = null;
  store.troubles.delete(busy);
  store.busy.add(busy);
  jumpToEnd(name);
  const before = underWay.get(name) ?? Promise.resolve();
  const mine = before.then(() => send({ name, place, thread, text }));
  underWay.set(name, mine);
  mine.finally(() => {
    if (underWay.get(name) !== mine) return;
    underWay.delete(name);
    store.busy.delete(busy);
    changed();
  });
  return undefined;
}

async function send({ name, place, thread, text }) {
  const surface = `composer|${name}`;
  try {
    const where = { user: place.as, channel: place.id };
    const problem = text.startsWith("/") ? await command(where, text) : await say(where, text, thread);
    if (problem) giveBack(name, surface, text, problem);
  } catch (error) {
    giveBack(name, surface, text, error.message);
  }
  await refresh();
}

async function command(where, text) {
  const [name] = text.trim().split(/\s/, 1);
  const answer = await act("command", {
    ...where,
    command: name,
    text: text.trim().slice(name.length).trim(),
  });
  if (answer.acked) return "";
  await refresh();
  return unacknowledged(appOf(name));
}

const appOf = (name) =>
  (
    store.workspace.apps.find((app) => app.commands.some((each) => each.command === name)) ??
    store.workspace.apps[0]
  )?.id;

async function say(where, text, thread) {
  await act("message", { ...where, text, ...(thread ? { thread_ts: thread } : {}) });
  return "";
}

/** What failed comes back into the box, unless something else was typed meanwhile. */
function giveBack(name, surface, text, problem) {
  if (!store.drafts.get(name)) setDraft(name, text);
  tell(surface, problem);
}

function tell(surface, problem) {
  store.troubles.set(surface, problem);
  changed();
}

function setDraft(name, text) {
  store.drafts.set(name, text);
  keepDrafts(store.drafts);
}
