// What cannot be drawn is shown as it is, never dropped.

import { h } from "../core/dom.js";

/** An error box with the thing's type and JSON. `what` names its kind: "block", "element", … */
export function unknown(thing, what = "block", why = "") {
  const type =
    typeof thing === "object" && thing !== null && typeof thing.type === "string" ? thing.type : "(no type)";
  return h(
    "div",
    { class: "cannot-draw", role: "note", "data-unknown": type },
    h("p", {}, h("b", {}, `This page cannot draw the ${what} “${type}”.`), why && ` ${why}`),
    h(
      "details",
      {},
      h("summary", {}, "Its JSON"),
      h("pre", { class: "pre" }, JSON.stringify(thing, null, 2)),
    ),
  );
}
