// Initials on a colour, always the same for the same person.

import { h } from "../core/dom.js";
import { colourOf, initials, nameOf, user } from "../core/people.js";

/** Draw somebody's avatar; it is decoration beside their name. */
export function avatar(id, size = "") {
  const bot = user(id)?.is_bot ? " bot" : "";
  return h(
    "span",
    { class: `avatar ${size} colour-${colourOf(id)}${bot}`, "aria-hidden": "true" },
    initials(nameOf(id)),
  );
}
