// "Are you sure?", when an element asks for it.

import { h } from "../core/dom.js";
import { changed, store } from "../core/store.js";
import { spoken, textObject } from "../text/mrkdwn.js";

/** Draw the open confirmation dialog, if there is one. */
export function confirmation() {
  const asked = store.confirm;
  if (!asked) return null;
  const finish = (agreed) => {
    store.confirm = null;
    changed();
    if (agreed) asked.act();
  };
  return h(
    "dialog",
    {
      key: "confirm",
      class: "modal confirm",
      role: "alertdialog",
      "aria-labelledby": "confirm-title",
      "aria-describedby": "confirm-text",
      mounted: (el) => {
        el.showModal();
        el.querySelector("[data-confirm]")?.focus();
      },
      removed: (el) => el.close(),
      oncancel: (event) => {
        event.preventDefault();
        finish(false);
      },
    },
    h(
      "div",
      { class: "modal-form" },
      h("header", { class: "modal-head" }, h("h2", { id: "confirm-title" }, spoken(asked.title))),
      h("div", { class: "modal-body", id: "confirm-text" }, h("p", {}, textObject(asked.text))),
      h(
        "footer",
        { class: "modal-foot" },
        h(
          "button",
          { type: "button", class: "button", "data-deny": "", onclick: () => finish(false) },
          spoken(asked.deny),
        ),
        h(
          "button",
          {
            type: "button",
            class: `button ${asked.style === "danger" ? "danger filled" : "primary"}`,
            "data-confirm": "",
            onclick: () => finish(true),
          },
          spoken(asked.confirm),
        ),
      ),
    ),
  );
}
