// What the page knows: the workspace as the server last told it, and what this reader is doing with it.

export const store = {
  workspace: null, // the answer of GET /workspace/state
  online: true, // whether the stream of changes is open
  place: null, // where the reader is: see routes.js
  lost: "", // why the address in the bar leads nowhere, in words
  drafts: new Map(), // what is typed in composers, by composer
  held: new Map(), // what is chosen or typed in elements and the server does not know yet, by element
  busy: new Set(), // elements and composers whose call is under way
  troubles: new Map(), // what went wrong, in words, by surface
  popup: null, // the one open menu: see elements/popup.js
  confirm: null, // the one open confirmation dialog
  jump: null, // the open "jump to" dialog
  drawer: false, // whether the side bar is open on a narrow page
  focused: null, // the message that the arrow keys are at
  shownFrom: new Map(), // the first message drawn, by conversation
  unreadFrom: null, // where "New" begins in the open conversation
  dismissed: new Set(), // ephemeral messages that were put away
  completing: null, // the open completion of a composer
  tick: 0, // grows twice a minute, for times told as "… ago"
};

const marks = new Map();
let scheduled = false;
let draw = () => {};

/** Call `drawing` once after each batch of changes. */
export function onChange(drawing) {
  draw = drawing;
}

/** Say that something changed; `surface` names the message or view whose own controls did. */
export function changed(surface) {
  if (surface) marks.set(surface, markOf(surface) + 1);
  if (scheduled) return;
  scheduled = true;
  queueMicrotask(() => {
    scheduled = false;
    draw();
  });
}

/** A number that differs whenever the controls of this surface do. */
export const markOf = (surface) => marks.get(surface) ?? 0;

/** Take a new state in; parts that are equal to the old ones stay the same objects. */
export function takeIn(state) {
  store.workspace = share(store.workspace, state);
  changed();
}

function share(old, fresh) {
  if (old === fresh || typeof old !== "object" || typeof fresh !== "object" || !old || !fresh) return fresh;
  if (Array.isArray(old) !== Array.isArray(fresh)) return fresh;
  let same = Object.keys(old).length === Object.keys(fresh).length;
  for (const key of Object.keys(fresh)) {
    fresh[key] = share(old[key], fresh[key]);
    if (fresh[key] !== old[key]) same = false;
  }
  return same ? old : fresh;
}
