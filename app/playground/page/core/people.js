// Who is who: people, bots, user groups and channels by their ids.

import { store } from "./store.js";

const COLOURS = 8;

export const user = (id) => store.workspace.users.find((each) => each.id === id);
export const channel = (id) => store.workspace.channels.find((each) => each.id === id);
export const usergroup = (id) => store.workspace.usergroups?.find((each) => each.id === id);
export const app = (id) => store.workspace.apps.find((each) => each.id === id);
export const appOfBot = (userId) => store.workspace.apps.find((each) => each.bot_user_id === userId);

/** Everybody whom a reader can be. */
export const people = () => store.workspace.users.filter((each) => !each.is_bot && !each.deleted);

/** Full name, or what is known of somebody unknown. */
export const nameOf = (id) => user(id)?.real_name || user(id)?.name || id || "Somebody";
export const firstName = (id) => nameOf(id).split(" ")[0];

/** Two letters for an avatar. */
export function initials(name) {
  const words = name.split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? words[0][0] + words.at(-1)[0] : name.slice(0, 2);
  return letters.toUpperCase();
}

/** One of a few colours, always the same for the same person. */
export const colourOf = (id) =>
  Math.max(
    0,
    store.workspace.users.findIndex((each) => each.id === id),
  ) % COLOURS;
