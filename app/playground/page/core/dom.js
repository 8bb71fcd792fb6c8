// A small virtual DOM: describe the page as values, and change only what differs.
//
// What has focus, selection or scroll position stays the same element as long as its key or place stays, so
// live updates never take away what somebody is typing. Data becomes text nodes and attributes, never markup.

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set(["value", "checked", "disabled", "readOnly"]);
const HOOKS = new Set(["key", "mounted", "patched", "removed"]);

/**
 * Describe an element. `props` are attributes, `on<event>` handlers, `key` (identity among siblings) and the
 * hooks `mounted(el)`, `patched(el)` and `removed(el)`. Children that are null, false or "" are left out.
 */
export function h(tag, props, ...children) {
  const given = props ?? {};
  return { tag, props: given, key: given.key, children: children.flat(Infinity).filter(isShown).map(asNode) };
}

/** Make `container` show exactly `nodes`, given what it showed before (the result of the last call). */
export function render(container, nodes, before = []) {
  const after = [nodes].flat(Infinity).filter(isShown).map(asNode);
  const late = [];
  reconcile(container, before, after, false, late);
  for (const call of late) call();
  return after;
}

const isShown = (child) =>
  child !== null && child !== undefined && child !== "" && typeof child !== "boolean";
const asNode = (child) => (typeof child === "object" ? child : { text: String(child) });

function create(node, inSvg, late) {
  if (node.tag === undefined) return (node.el = document.createTextNode(node.text));
  const svg = inSvg || node.tag === "svg";
  const el = svg ? document.createElementNS(SVG, node.tag) : document.createElement(node.tag);
  node.el = el;
  if (node.props.mounted) late.push(() => node.props.mounted(el)); // a parent is told before what is in it
  for (const child of node.children) el.append(create(child, svg, late));
  setProps(el, {}, node.props);
  return el;
}

function update(old, node, inSvg, late) {
  if (old === node) return;
  node.el = old.el;
  if (node.tag === undefined) {
    if (old.text !== node.text) node.el.data = node.text;
    return;
  }
  const svg = inSvg || node.tag === "svg";
  reconcile(node.el, old.children, node.children, svg, late);
  setProps(node.el, old.props, node.props);
  if (node.props.patched) late.push(() => node.props.patched(node.el));
}

function reconcile(parent, olds, nodes, svg, late) {
  const waiting = new Map();
  for (const old of olds) {
    const name = nameOf(old);
    if (!waiting.has(name)) waiting.set(name, []);
    waiting.get(name).push(old);
  }
  const pairs = nodes.map((node) => [waiting.get(nameOf(node))?.shift(), node]);
  for (const rest of waiting.values()) for (const old of rest) remove(old);
  for (const [old, node] of pairs) {
    if (old) update(old, node, svg, late);
    else create(node, svg, late);
  }
  let next = null;
  for (let at = nodes.length - 1; at >= 0; at -= 1) {
    const { el } = nodes[at];
    if (el.parentNode !== parent || el.nextSibling !== next) parent.insertBefore(el, next);
    next = el;
  }
}

const nameOf = (node) => (node.key === undefined ? `<${node.tag}` : `${node.tag}#${node.key}`);

function remove(node) {
  tellRemoved(node);
  node.el.remove();
}

function tellRemoved(node) {
  node.props?.removed?.(node.el);
  for (const child of node.children ?? []) tellRemoved(child);
}

function setProps(el, old, props) {
  for (const name of Object.keys(old)) if (!(name in props)) setProp(el, name, undefined);
  for (const [name, value] of Object.entries(props)) {
    if (PROPERTIES.has(name) || old[name] !== value) setProp(el, name, value);
  }
}

function setProp(el, name, value) {
  if (HOOKS.has(name)) return;
  if (name.startsWith("on")) return listen(el, name.slice(2), value);
  if (PROPERTIES.has(name)) {
    const wanted = name === "value" ? (value ?? "") : Boolean(value);
    if (el[name] !== wanted) el[name] = wanted;
    return;
  }
  if (value === undefined || value === null || value === false) el.removeAttribute(name);
  else el.setAttribute(name, value === true ? "" : String(value));
}

function listen(el, type, handler) {
  el.handlers ??= {};
  if (!(type in el.handlers)) el.addEventListener(type, (event) => el.handlers[type]?.(event));
  el.handlers[type] = handler;
}
