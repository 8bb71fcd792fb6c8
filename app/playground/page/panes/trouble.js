// What went wrong on a surface, in words, where it went wrong.

import { h } from "../core/dom.js";
import { store } from "../core/store.js";
import { dismissTrouble } from "../core/surfaces.js";
import { icon } from "./icon.js";

/** Draw the trouble of a surface, if there is any. */
export function trouble(surfaceId) {
  const words = store.troubles.get(surfaceId);
  return (
    words &&
    h(
      "div",
      { class: "trouble", role: "alert", key: "trouble" },
      h("span", { "aria-hidden": "true" }, "⚠️"),
      h("p", {}, words),
      h(
        "button",
        {
          type: "button",
          class: "bare",
          "aria-label": "Dismiss this message",
          onclick: () => dismissTrouble(surfaceId),
        },
        icon("close"),
      ),
    )
  );
}
