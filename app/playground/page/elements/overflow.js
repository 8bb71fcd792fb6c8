// Overflow menus. docs: reference/block-kit/block-elements/overflow-menu-element

import { h } from "../core/dom.js";
import { store } from "../core/store.js";
import { domId, nameOf, perform } from "../core/surfaces.js";
import { icon } from "../panes/icon.js";
import { safeUrl } from "../text/links.js";
import { spoken } from "../text/mrkdwn.js";
import { whenConfirmed } from "./confirm.js";
import { closePopup, float, isOpen, moved, openPopup } from "./popup.js";

/** Draw the button, and its menu when it is open. */
export function overflow(element, block, surface) {
  const id = domId(surface, block, element);
  const options = element.options.map((each) => ({
    id: each.value,
    raw: each,
    words: spoken(each.text),
    about: spoken(each.description),
  }));
  const busy = store.busy.has(nameOf(surface, block, element));
  const open = () => openPopup({ key: id, surface: surface.id, place: surface.place });
  const pick = (option) => {
    closePopup();
    const href = option.raw.url && safeUrl(option.raw.url);
    if (href) window.open(href, "_blank", "noopener");
    whenConfirmed(element, () => perform(surface, block, element, option.id), surface.id);
  };
  const active = isOpen(id) ? store.popup.active : -1;
  const onkeydown = (event) => {
    const next = moved(event.key, active, options.length);
    if (next !== undefined) document.getElementById(`${id}-item-${(store.popup.active = next)}`)?.focus();
    else if (event.key === "Escape") closePopup();
    else if (event.key === "Tab") return void closePopup();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return h(
    "div",
    { class: "overflow", key: id },
    h(
      "button",
      {
        id,
        type: "button",
        class: "button icon-button",
        "aria-haspopup": "menu",
        "aria-expanded": String(isOpen(id)),
        "aria-label": "More actions",
        "aria-busy": busy ? "true" : undefined,
        "data-action-id": element.action_id,
        "data-block-id": block.block_id,
        onclick: () => (isOpen(id) ? closePopup() : open()),
        onkeydown: (event) => event.key === "ArrowDown" && (event.preventDefault(), open()),
      },
      busy ? h("span", { class: "spinner", "aria-hidden": "true" }) : icon("more"),
    ),
    isOpen(id) &&
      h(
        "div",
        { class: "popup", key: "menu", role: "menu", onkeydown, ...float(id) },
        options.map((option, at) =>
          h(
            "button",
            {
              id: `${id}-item-${at}`,
              key: at,
              type: "button",
              role: "menuitem",
              class: "menu-item",
              tabindex: -1,
              "data-value": option.id,
              onclick: () => pick(option),
              mounted: at === 0 ? (el) => el.focus({ preventScroll: true }) : undefined,
            },
            option.words,
            option.about && h("small", {}, option.about),
          ),
        ),
      ),
  );
}
