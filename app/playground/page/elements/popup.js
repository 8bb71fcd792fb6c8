// The one open menu: a list over the page with a search box or without, for selects, overflows and composers.

import { h } from "../core/dom.js";
import { changed, store } from "../core/store.js";

/** Open a menu. `popup` is `{key, surface, groups, choose, …}`: see selects.js and overflow.js. */
export function openPopup(popup) {
  store.popup = { query: "", active: 0, ...popup };
  changed(popup.surface);
}

/** Close the menu, if one is open; `refocus` puts the focus back where it came from. */
export function closePopup({ refocus = true } = {}) {
  const popup = store.popup;
  if (!popup) return;
  store.popup = null;
  popup.closed?.();
  changed(popup.surface);
  if (refocus) document.getElementById(popup.key)?.focus();
}

export const isOpen = (key) => store.popup?.key === key;

/** Show the element over everything else, beside its anchor and inside the window. */
export function float(anchorId, { wide = false } = {}) {
  const place = (el) => {
    const anchor = document.getElementById(anchorId)?.getBoundingClientRect();
    if (!anchor) return;
    const room = { below: innerHeight - anchor.bottom - 12, above: anchor.top - 12 };
    const up = room.below < Math.min(el.scrollHeight, 260) && room.above > room.below;
    el.style.minWidth = `${Math.max(wide ? anchor.width : 0, 200)}px`;
    el.style.maxHeight = `${Math.max(120, Math.min(380, up ? room.above : room.below))}px`;
    const left = Math.min(anchor.left, innerWidth - el.offsetWidth - 8);
    el.style.left = `${Math.max(8, left)}px`;
    el.style.top = up ? "auto" : `${anchor.bottom + 4}px`;
    el.style.bottom = up ? `${innerHeight - anchor.top + 4}px` : "auto";
  };
  const mounted = (el) => {
    el.showPopover?.();
    place(el);
  };
  return { popover: "manual", mounted, patched: place };
}

/** Draw a list of groups `[{label, options: [{id, words, about, picked, leading}]}]` with one option active. */
export function listbox(id, groups, { active, multiple = false, label, pick, hover }) {
  let at = -1;
  const row = (option) => {
    at += 1;
    const here = at;
    return h(
      "li",
      {
        key: `${option.id}#${here}`,
        id: `${id}-${here}`,
        role: "option",
        class: here === active ? "option active" : "option",
        "aria-selected": String(Boolean(option.picked)),
        "data-value": option.id,
        onmousedown: (event) => event.preventDefault(),
        onclick: () => pick(option),
        onmousemove: () => here !== active && hover(here),
        patched: here === active ? (el) => el.scrollIntoView({ block: "nearest" }) : undefined,
      },
      option.leading,
      h("span", { class: "option-words" }, option.words, option.about && h("small", {}, option.about)),
      option.picked && h("span", { class: "tick", "aria-hidden": "true" }, "✓"),
    );
  };
  return h(
    "ul",
    {
      id,
      role: "listbox",
      class: "listbox",
      "aria-label": label,
      "aria-multiselectable": multiple ? "true" : undefined,
    },
    groups.map((group) => [
      group.label && h("li", { role: "presentation", class: "group-label" }, group.label),
      group.options.map(row),
    ]),
  );
}

/** Move through `count` options by a key; undefined when the key means something else. */
export function moved(key, active, count) {
  if (!count) return undefined;
  if (key === "ArrowDown") return (active + 1) % count;
  if (key === "ArrowUp") return (active - 1 + count) % count;
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  return undefined;
}

document.addEventListener("mousedown", ({ target }) => {
  const popup = store.popup;
  if (!popup || target.closest?.(".popup")) return;
  if (document.getElementById(popup.key)?.contains(target)) return;
  closePopup({ refocus: false });
});
addEventListener("resize", () => store.popup && changed(store.popup.surface));
document.addEventListener(
  "scroll",
  ({ target }) => {
    if (store.popup && !target.closest?.(".popup")) changed(store.popup.surface);
  },
  true,
);
