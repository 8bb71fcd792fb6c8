// Options of external selects, which the app offers while one types.

import { act } from "../core/api.js";
import { changed, store } from "../core/store.js";

const SUGGEST_AFTER = 200; // milliseconds without a key
let timer;

/** Ask the app for options, after a pause in typing. */
export function suggest(element, block, surface, query) {
  clearTimeout(timer);
  const popup = store.popup;
  Object.assign(popup, { offered: null, trouble: "" });
  if (query.length < (element.min_query_length ?? 3)) return;
  popup.waiting = true;
  timer = setTimeout(async () => {
    const asked = {
      user: store.place.as,
      ...surface.address,
      block_id: block.block_id,
      action_id: element.action_id,
      value: query,
    };
    try {
      const answer = await act("suggest", asked);
      if (popup.query !== query) return;
      popup.offered = answer;
      if (!answer.acked) popup.trouble = "The app did not answer in time. Is it running?";
    } catch (error) {
      popup.trouble = error.message;
    }
    popup.waiting = false;
    changed(surface.id);
  }, SUGGEST_AFTER);
}
