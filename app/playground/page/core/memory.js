// What the browser remembers between visits: how far each person has read, drafts, hints put away.

const PREFIX = "workspace:";

function recall(storage, key, otherwise) {
  try {
    return JSON.parse(storage.getItem(PREFIX + key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function keep(storage, key, value) {
  try {
    storage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // A full or forbidden storage costs only the memory of it.
  }
}

const read = recall(localStorage, "read", {});
let readings = 0;

/** How far this person has read this conversation, as a message's ts. */
export const readUpTo = (user, conversation) => read[user]?.[conversation] ?? "0";

/** A number that grows with each reading. */
export const readingsSoFar = () => readings;

/** Remember that this person has read so far; true if that is news. */
export function markRead(user, conversation, ts) {
  if (ts <= readUpTo(user, conversation)) return false;
  read[user] = { ...read[user], [conversation]: ts };
  readings += 1;
  keep(localStorage, "read", read);
  return true;
}

export const hintIsDismissed = () => recall(localStorage, "hint", false);
export const dismissHint = () => keep(localStorage, "hint", true);

export const keptDrafts = () => new Map(recall(sessionStorage, "drafts", []));
export const keepDrafts = (drafts) =>
  keep(
    sessionStorage,
    "drafts",
    [...drafts].filter(([, text]) => text),
  );

export const lastPlace = () => recall(localStorage, "place", "");
export const keepPlace = (hash) => keep(localStorage, "place", hash);
