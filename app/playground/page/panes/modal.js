// Modals: the topmost view of the person's stack, as a dialog over the page. docs: surfaces/modals

import { act } from "../core/api.js";
import { drawBlocks } from "../blocks/draw.js";
import { h } from "../core/dom.js";
import { refresh } from "../core/live.js";
import { user } from "../core/people.js";
import { changed, store } from "../core/store.js";
import { heldValues, viewSurface } from "../core/surfaces.js";
import { spoken } from "../text/mrkdwn.js";
import { avatar } from "./avatar.js";
import { icon } from "./icon.js";
import { trouble } from "./trouble.js";

const REACHABLE = "input:not([disabled]), textarea, select, button, a[href]";

/** Draw the person's topmost modal, if one is open. */
export function modal() {
  const stack = store.workspace.views[store.place.as] ?? [];
  const view = stack.at(-1);
  return view ? dialog(view, stack.length) : null;
}

function dialog(view, depth) {
  const surface = viewSurface(view);
  const busy = store.busy.has(surface.id);
  const submitLabel = view.submit ? spoken(view.submit) : null;
  const bot = store.workspace.apps.find((each) => each.id === view.app_id)?.bot_user_id;
  return h(
    "dialog",
    {
      key: `modal-${view.id}`,
      class: "modal",
      "data-view-id": view.id,
      "data-callback-id": view.callback_id || undefined,
      "aria-labelledby": `title-${view.id}`,
      mounted: (el) => {
        el.showModal();
        focusFirst(el);
      },
      removed: (el) => el.close(),
      patched: (el) => focusError(el, view),
      oncancel: (event) => {
        event.preventDefault();
        if (!store.popup) close(view);
      },
      onkeydown: (event) => {
        if (event.key === "Enter" && (event.metaKey || event.ctrlKey) && submitLabel) submit(view, surface);
      },
    },
    h(
      "form",
      {
        class: "modal-form",
        novalidate: true,
        onsubmit: (event) => {
          event.preventDefault();
          if (submitLabel) submit(view, surface);
        },
      },
      h(
        "header",
        { class: "modal-head" },
        user(bot) && avatar(bot, "small"),
        h("h2", { id: `title-${view.id}` }, spoken(view.title)),
        depth > 1 && h("span", { class: "muted depth" }, `${depth} of 3`),
        h(
          "button",
          {
            type: "button",
            class: "bare",
            "aria-label": depth > 1 ? "Back" : "Close",
            onclick: () => close(view),
          },
          icon(depth > 1 ? "back" : "close"),
        ),
      ),
      h(
        "div",
        { class: "modal-body blocks" },
        view.trouble &&
          !store.troubles.has(surface.id) &&
          h(
            "div",
            { class: "trouble", role: "alert", key: "view-trouble" },
            h("span", { "aria-hidden": "true" }, "⚠️"),
            h("p", {}, view.trouble),
          ),
        trouble(surface.id),
        drawBlocks(view.blocks, surface),
      ),
      h(
        "footer",
        { class: "modal-foot" },
        h(
          "button",
          { type: "button", class: "button", onclick: () => close(view) },
          view.close ? spoken(view.close) : "Cancel",
        ),
        submitLabel &&
          h(
            "button",
            {
              type: "submit",
              class: "button primary",
              "aria-disabled": busy ? "true" : undefined,
              "aria-busy": busy ? "true" : undefined,
              "data-submit": "",
            },
            h("span", { class: "button-words" }, submitLabel),
            busy && h("span", { class: "spinner", "aria-hidden": "true" }),
          ),
      ),
    ),
  );
}

function focusFirst(el) {
  const wanted =
    el.querySelector("[data-focus]") ??
    el.querySelector(".modal-body")?.querySelector(REACHABLE) ??
    el.querySelector(".modal-foot button");
  wanted?.focus();
}

const errorsShown = new Map();

/** When the server names errors, the first of them gets the focus, once. */
function focusError(el, view) {
  const errors = JSON.stringify(view.errors ?? {});
  if (errorsShown.get(view.id) === errors) return;
  errorsShown.set(view.id, errors);
  if (errors !== "{}") el.querySelector(".wrong")?.querySelector(REACHABLE)?.focus();
}

async function submit(view, surface) {
  if (store.busy.has(surface.id)) return;
  store.busy.add(surface.id);
  store.troubles.delete(surface.id);
  errorsShown.delete(view.id);
  changed(surface.id);
  try {
    const answer = await act("submit", {
      user: store.place.as,
      view_id: view.id,
      values: heldValues(surface),
    });
    if (answer.error) store.troubles.set(surface.id, answer.error);
  } catch (error) {
    if (!error.errors) store.troubles.set(surface.id, error.message);
  } finally {
    store.busy.delete(surface.id);
    await refresh();
    changed(surface.id);
  }
}

async function close(view) {
  try {
    await act("close", { user: store.place.as, view_id: view.id });
  } catch (error) {
    store.troubles.set(`v:${view.id}`, error.message);
  }
  await refresh();
  changed();
}
