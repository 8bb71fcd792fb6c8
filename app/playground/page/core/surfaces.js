// Surfaces: the messages and views that hold blocks, and what a person does with the elements in them.
//
// A surface is `{id, address, values, appId, errors}`: its name on this page, how the user side's calls name it
// (`{channel, ts}` or `{view_id}`), `state.values` as the server has it, and the errors by block id.
// An element's value has the form that the calls take: text, an option, ids, "YYYY-MM-DD", …

import { act as call } from "./api.js";
import { appName } from "./conversations.js";
import { refresh } from "./live.js";
import { app } from "./people.js";
import { changed, store } from "./store.js";

/** The surface of a message. */
export function messageSurface(message, place = "") {
  const { channel, ts } = message;
  return {
    id: `m:${ts}`,
    place,
    address: { channel, ts },
    values: message.state?.values ?? {},
    appId: message.app_id,
    errors: {},
  };
}

/** The surface of a modal or a home. */
export function viewSurface(view) {
  const values = view.state?.values ?? {};
  return {
    id: `v:${view.id}`,
    place: "",
    address: { view_id: view.id },
    values,
    appId: view.app_id,
    errors: view.errors ?? {},
  };
}

/** An element's name on this page; `more` tells apart parts of it. */
export const nameOf = (surface, block, element, more = "") =>
  [surface.id, block.block_id, element.action_id, element.type, more].join("|");

/** An element's name in the document, for labels and menus. */
export const domId = (surface, block, element) =>
  `e-${[surface.place, surface.id, block.block_id, element.action_id].join("-").replace(/[^\w-]/g, "_")}`;

/** Whether using an element tells the app nothing until the modal is submitted. */
export const isSilent = (block) => block.type === "input" && !block.dispatch_action;

const FIELDS = {
  static_select: "option",
  external_select: "option",
  radio_buttons: "option",
  multi_static_select: "options",
  multi_external_select: "options",
  checkboxes: "options",
  datepicker: "date",
  timepicker: "time",
  datetimepicker: "date_time",
  users_select: "user",
  channels_select: "channel",
  conversations_select: "conversation",
  multi_users_select: "users",
  multi_channels_select: "channels",
  multi_conversations_select: "conversations",
};

/** What an element holds now: what was done here if the server does not have it yet, else what it has. */
export function valueOf(surface, block, element) {
  const held = store.held.get(nameOf(surface, block, element));
  if (held) return held.value;
  const known = surface.values[block.block_id]?.[element.action_id];
  const field = FIELDS[element.type];
  if (field) return known ? known[`selected_${field}`] : element[`initial_${field}`];
  if (element.type === "rich_text_input") return known ? known.rich_text_value : element.initial_value;
  return known ? known.value : element.initial_value;
}

/** Keep a value here; it goes to the server with the next action or submission, or when the reader moves on. */
export function hold(surface, block, element, value) {
  store.held.set(nameOf(surface, block, element), { surface, block, element, value, sent: false });
  changed(surface.id);
}

/** What is held of a surface and was not sent. */
const unsent = (surface) =>
  [...store.held.values()].filter((each) => each.surface.id === surface.id && !each.sent);

/** `{block_id: {action_id: value}}` of everything held here, for a submission. */
export function heldValues(surface) {
  const values = {};
  for (const { block, element, value } of unsent(surface))
    (values[block.block_id] ??= {})[element.action_id] = value ?? "";
  return values;
}

/** Tell the server of what is held and silent, so that the app's next payload has it all. */
export async function settle(surface) {
  await Promise.all(
    unsent(surface)
      .filter((each) => isSilent(each.block))
      .map(send),
  );
}

async function send(held) {
  const { surface, block, element, value } = held;
  held.sent = true;
  try {
    await call("action", {
      user: store.place.as,
      ...surface.address,
      ...ids(block, element),
      value: value ?? "",
    });
    await refresh();
    forget(held);
  } catch {
    held.sent = false; // it is sent again with the submission, which tells what is wrong
  }
}

function forget(held) {
  const name = nameOf(held.surface, held.block, held.element);
  if (store.held.get(name) === held) store.held.delete(name);
  changed(held.surface.id);
}

/** Forget what was typed into views that are gone. */
export function forgetClosed(openIds) {
  for (const [name, { surface }] of store.held) {
    if (surface.address.view_id && !openIds.has(surface.address.view_id)) store.held.delete(name);
  }
}

const ids = (block, element) => ({ block_id: block.block_id, action_id: element.action_id });

/** Choose or type something that the app is told at once. */
export async function choose(surface, block, element, value) {
  hold(surface, block, element, value);
  const held = store.held.get(nameOf(surface, block, element));
  if (isSilent(block)) return settle(surface);
  held.sent = true;
  await perform(surface, block, element, value);
  forget(held);
}

/** Do an action and wait until the app acknowledged it; what goes wrong is told on the surface. */
export async function perform(surface, block, element, value, more = "") {
  const name = nameOf(surface, block, element, more);
  if (store.busy.has(name)) return;
  store.busy.add(name);
  store.troubles.delete(surface.id);
  changed(surface.id);
  try {
    await settle(surface);
    const answer = await call("action", {
      user: store.place.as,
      ...surface.address,
      ...ids(block, element),
      value,
    });
    await refresh(); // so that it is known whether the app is still connected
    if (!answer.acked) store.troubles.set(surface.id, unacknowledged(surface.appId));
  } catch (error) {
    store.troubles.set(surface.id, error.status === 404 ? GONE : error.message);
    refresh();
  } finally {
    store.busy.delete(name);
    changed(surface.id);
  }
}

const GONE = "What you chose is no longer there: it has changed meanwhile, and this shows it as it is now.";

/** Why nothing came back from an app, and what to do. */
export function unacknowledged(appId) {
  const name = appName(appId);
  if (app(appId)?.connected === false) {
    return `${name} is not connected, so nothing was done. Start it, wait until this page no longer says so, then try again.`;
  }
  return `${name} did not acknowledge within 3 seconds. It may have done it or not: look before you try again, and look into its log.`;
}

/** Put away what was said to have gone wrong. */
export function dismissTrouble(surfaceId) {
  store.troubles.delete(surfaceId);
  changed(surfaceId);
}
