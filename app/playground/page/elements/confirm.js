// Confirmation dialogs. docs: reference/block-kit/composition-objects/confirmation-dialog-object

import { changed, store } from "../core/store.js";

/** Do it, after the person agreed if the element asks them to. */
export function whenConfirmed(element, act, surfaceId) {
  if (!element.confirm) return act();
  store.confirm = { ...element.confirm, act };
  changed(surfaceId);
  return undefined;
}
