// An app's home.

import { drawBlocks } from "../blocks/draw.js";
import { h } from "../core/dom.js";
import { appOfBot, nameOf } from "../core/people.js";
import { store } from "../core/store.js";
import { viewSurface } from "../core/surfaces.js";
import { trouble } from "./trouble.js";

/** Draw the home that the app published for the person. */
export function home(place) {
  const app = appOfBot(place.id);
  const view = store.workspace.homes[place.as];
  if (!app || view?.app_id !== app.id) {
    return h(
      "div",
      { class: "empty", key: "no-home" },
      h("h2", {}, "Nothing at home yet"),
      h(
        "p",
        {},
        `${nameOf(place.id)} has published no home for ${nameOf(place.as)}. Look under Messages for what it wrote.`,
      ),
    );
  }
  const surface = viewSurface(view);
  return h(
    "div",
    {
      class: "scroll home",
      key: view.id,
      "data-view-id": view.id,
      tabindex: -1,
      role: "tabpanel",
      "aria-labelledby": "tab-home",
    },
    h("div", { class: "home-body blocks" }, trouble(surface.id), drawBlocks(view.blocks, surface)),
  );
}
