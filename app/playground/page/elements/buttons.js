// Buttons of all kinds. docs: reference/block-kit/block-elements/button-element

import { h } from "../core/dom.js";
import { store } from "../core/store.js";
import { domId, nameOf, perform } from "../core/surfaces.js";
import { safeUrl } from "../text/links.js";
import { plain, spoken } from "../text/mrkdwn.js";
import { whenConfirmed } from "./confirm.js";

const ICONS = { trash: "🗑️" };

/** Draw a button; it shows that it works until the app acknowledged the click. */
export function button(element, block, surface) {
  const name = nameOf(surface, block, element, element.value ?? "");
  const busy = store.busy.has(name);
  const click = () => perform(surface, block, element, element.value, element.value ?? "");
  const label = element.accessibility_label;
  const props = {
    ...hooks(element, block),
    key: `${element.action_id}|${element.value ?? ""}`,
    id: `${domId(surface, block, element)}-${hash(element.value)}`,
    class: ["button", element.style, busy && "busy"].filter(Boolean).join(" "),
    "data-value": element.value,
    "aria-label": label,
    "aria-busy": busy ? "true" : undefined,
    onclick: () => busy || whenConfirmed(element, click, surface.id),
  };
  const words = [
    h(
      "span",
      { class: "button-words" },
      plain(element.text.text, { withShortcodes: element.text.emoji !== false }),
    ),
    busy && h("span", { class: "spinner", "aria-hidden": "true" }),
  ];
  const href = element.url && safeUrl(element.url);
  if (href) return h("a", { ...props, href, target: "_blank", rel: "noopener noreferrer" }, words);
  return h("button", { ...props, type: "button", "aria-disabled": busy ? "true" : undefined }, words);
}

/** Draw a button that would start a workflow, of which there are none here. */
export function workflowButton(element, block) {
  return h(
    "button",
    {
      ...hooks(element, block),
      type: "button",
      class: "button",
      disabled: true,
      title: "Workflows are not part of the local workspace.",
    },
    spoken(element.text),
  );
}

/** Draw an icon button. */
export function iconButton(element, block, surface) {
  if (element.visible_to_user_ids && !element.visible_to_user_ids.includes(store.place.as)) return null;
  const words = spoken(element.text);
  return h(
    "button",
    {
      ...hooks(element, block),
      type: "button",
      class: "button icon-button",
      title: words,
      "aria-label": element.accessibility_label ?? words,
      onclick: () =>
        whenConfirmed(element, () => perform(surface, block, element, element.value), surface.id),
    },
    ICONS[element.icon] ?? words,
  );
}

/** Draw a pair of thumbs. */
export function feedbackButtons(element, block, surface) {
  const thumb = (given, sign) =>
    h(
      "button",
      {
        ...hooks(element, block),
        key: sign,
        type: "button",
        class: "button icon-button",
        "data-value": given.value,
        "aria-label": given.accessibility_label ?? spoken(given.text),
        title: spoken(given.text),
        onclick: () => perform(surface, block, element, given.value, sign),
      },
      sign,
    );
  return h(
    "span",
    { class: "feedback" },
    thumb(element.positive_button, "👍"),
    thumb(element.negative_button, "👎"),
  );
}

const hooks = (element, block) => ({ "data-action-id": element.action_id, "data-block-id": block.block_id });
const hash = (text = "") =>
  [...text].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) >>> 0, 7).toString(36);
