// The few icons of the page's own controls.

import { h } from "../core/dom.js";

const PATHS = {
  down: "M5 8l5 5 5-5",
  more: "M10 5v.01M10 10v.01M10 15v.01",
  close: "M5 5l10 10M15 5L5 15",
  send: "M3 10l14-6-5 13-3-5.5z",
  menu: "M3 5.5h14M3 10h14M3 14.5h14",
  reply: "M4 4.5h12v9H9.5L6 16.5v-3H4z",
  search: "M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13 13l4 4",
  back: "M12 4l-6 6 6 6",
  eye: "M2 10s3-5 8-5 8 5 8 5-3 5-8 5-8-5-8-5zM10 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  lock: "M6 9V6.5a4 4 0 0 1 8 0V9M4.5 9h11v7.5h-11z",
};

/** Draw an icon that says nothing by itself: its control has the words. */
export function icon(name) {
  return h(
    "svg",
    { class: `icon icon-${name}`, viewBox: "0 0 20 20", "aria-hidden": "true", focusable: "false" },
    h("path", {
      d: PATHS[name],
      fill: "none",
      stroke: "currentColor",
      "stroke-width": name === "more" ? 2.6 : 1.7,
      "stroke-linecap": "round",
      "stroke-linejoin": "round",
    }),
  );
}
