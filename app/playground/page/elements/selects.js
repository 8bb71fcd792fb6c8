// Selects of all sources, for one or several: a button that opens a searchable list.

import { h } from "../core/dom.js";
import { changed, store } from "../core/store.js";
import { choose, domId, hold, isSilent, nameOf, settle, valueOf } from "../core/surfaces.js";
import { icon } from "../panes/icon.js";
import { spoken } from "../text/mrkdwn.js";
import { whenConfirmed } from "./confirm.js";
import { chosenIn, found, sourceOf } from "./options.js";
import { closePopup, float, isOpen, listbox, moved, openPopup } from "./popup.js";
import { suggest } from "./suggestions.js";

const isMulti = (element) => element.type.startsWith("multi_");

/** Draw a select of any kind. */
export function select(element, block, surface) {
  const id = domId(surface, block, element);
  const picked = chosenIn(element, valueOf(surface, block, element));
  const busy = store.busy.has(nameOf(surface, block, element));
  const placeholder = spoken(element.placeholder) || (isMulti(element) ? "Choose some" : "Choose one");
  const label = block.type === "input" ? spoken(block.label) : placeholder;
  const toggle = () => (isOpen(id) ? closePopup() : open(id, element, block, surface));
  return h(
    "div",
    { class: busy ? "select busy" : "select", key: id },
    h(
      "button",
      {
        id,
        type: "button",
        class: "select-button",
        role: "combobox",
        "aria-haspopup": "listbox",
        "aria-expanded": String(isOpen(id)),
        "aria-label": `${label}: ${picked.map((each) => each.words).join(", ") || "nothing chosen"}`,
        "aria-busy": busy ? "true" : undefined,
        "data-action-id": element.action_id,
        "data-block-id": block.block_id,
        "data-focus": element.focus_on_load ? "" : undefined,
        onclick: toggle,
        onkeydown: (event) => {
          if (["ArrowDown", "ArrowUp"].includes(event.key)) {
            event.preventDefault();
            open(id, element, block, surface);
          }
        },
      },
      isMulti(element) && picked.length
        ? h(
            "span",
            { class: "chips" },
            picked.map((each) => h("span", { class: "chip", key: each.id }, each.leading, each.words)),
          )
        : h(
            "span",
            { class: picked.length ? "picked" : "placeholder" },
            picked[0]?.leading,
            picked[0]?.words ?? placeholder,
          ),
      busy ? h("span", { class: "spinner", "aria-hidden": "true" }) : icon("down"),
    ),
    isOpen(id) && menu(id, element, block, surface, picked, label),
  );
}

function open(id, element, block, surface) {
  const before = valueOf(surface, block, element);
  openPopup({
    key: id,
    surface: surface.id,
    before,
    offered: null,
    place: surface.place,
    closed: () => {
      if (isMulti(element)) finish(element, block, surface, before);
    },
  });
  if (sourceOf(element) === "external") suggest(element, block, surface, "");
}

/** Several choices go to the app together, when the list closes. */
function finish(element, block, surface, before) {
  const held = store.held.get(nameOf(surface, block, element));
  if (!held || JSON.stringify(held.value) === JSON.stringify(before)) return;
  if (isSilent(block)) settle(surface);
  else choose(surface, block, element, held.value);
}

function menu(id, element, block, surface, picked, label) {
  const groups = found(element, store.popup.query).map((group) => ({
    ...group,
    options: group.options.map((each) => ({ ...each, picked: picked.some((one) => one.id === each.id) })),
  }));
  const options = groups.flatMap((group) => group.options);
  const active = Math.min(store.popup.active, Math.max(0, options.length - 1));
  const pick = (option) => option && picking(option, element, block, surface);
  const setActive = (at) => {
    store.popup.active = at;
    changed(surface.id);
  };
  const onkeydown = (event) => {
    const next =
      ["Home", "End"].includes(event.key) && store.popup.query
        ? undefined
        : moved(event.key, active, options.length);
    if (next !== undefined) setActive(next);
    else if (event.key === "Enter") pick(options[active]);
    else if (event.key === "Tab") return void closePopup();
    else if (event.key === "Escape") closePopup();
    else if (event.key === "Backspace" && !store.popup.query && isMulti(element) && picked.length)
      pick(picked.at(-1));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const oninput = ({ target }) => {
    store.popup.query = target.value;
    store.popup.active = 0;
    changed(surface.id);
    if (sourceOf(element) === "external") suggest(element, block, surface, target.value);
  };
  return h(
    "div",
    { class: "popup", key: "menu", ...float(id, { wide: true }) },
    h("input", {
      class: "popup-search",
      type: "text",
      role: "combobox",
      "aria-expanded": "true",
      "aria-controls": `${id}-list`,
      "aria-label": `Search ${label}`,
      "aria-activedescendant": options.length ? `${id}-list-${active}` : undefined,
      autocomplete: "off",
      spellcheck: "false",
      placeholder: "Search",
      value: store.popup.query,
      oninput,
      onkeydown,
      mounted: (el) => el.focus({ preventScroll: true }),
      onblur: () =>
        setTimeout(
          () =>
            isOpen(id) &&
            !document.activeElement?.closest(".popup") &&
            document.hasFocus() &&
            closePopup({ refocus: false }),
        ),
    }),
    options.length
      ? listbox(`${id}-list`, groups, { active, multiple: isMulti(element), label, pick, hover: setActive })
      : h("p", { class: "nothing" }, nothing(element)),
    !isMulti(element) &&
      picked.length > 0 &&
      block.type === "input" &&
      block.optional &&
      h(
        "button",
        {
          type: "button",
          class: "clear",
          onmousedown: (event) => event.preventDefault(),
          onclick: () => picking(null, element, block, surface),
        },
        "Clear",
      ),
  );
}

function nothing(element) {
  if (sourceOf(element) !== "external") return "Nothing fits.";
  const least = element.min_query_length ?? 3;
  if (store.popup.trouble) return store.popup.trouble;
  if (store.popup.query.length < least) return `Type at least ${least} character${least === 1 ? "" : "s"}.`;
  return store.popup.waiting ? "Asking the app…" : "The app offers nothing for that.";
}

async function picking(option, element, block, surface) {
  if (!isMulti(element)) {
    closePopup();
    const act = () => choose(surface, block, element, option?.raw ?? null);
    return whenConfirmed(element, act, surface.id);
  }
  const now = chosenIn(element, valueOf(surface, block, element));
  const without = now.filter((each) => each.id !== option.id);
  const most = element.max_selected_items ?? Infinity;
  if (without.length === now.length && now.length >= most) return undefined;
  const next = without.length === now.length ? [...now, option] : without;
  hold(
    surface,
    block,
    element,
    next.map((each) => each.raw),
  );
  return undefined;
}
