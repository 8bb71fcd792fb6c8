// The markdown block: the parts of standard Markdown that Slack lists. docs: reference/block-kit/blocks/markdown-block

import { h } from "../core/dom.js";
import { emoji } from "./emoji.js";
import { link, picture } from "./links.js";

const RULES = [
  { at: /^`([^`\n]+)`/, node: (found) => h("code", { class: "code" }, found[1]) },
  { at: /^!\[([^\]\n]*)\]\(([^)\s]+)[^)]*\)/, node: (found) => picture(found[2], found[1], "inline-image") },
  { at: /^\[([^\]\n]+)\]\(([^)\s]+)[^)]*\)/, node: (found) => link(found[2], inline(found[1])) },
  { at: /^(?:\*\*|__)(?=\S)([\s\S]*?\S)(?:\*\*|__)/, node: (found) => h("b", {}, inline(found[1])) },
  { at: /^~~(?=\S)([\s\S]*?\S)~~/, node: (found) => h("s", {}, inline(found[1])) },
  { at: /^\*(?=\S)([^*\n]*?\S)\*/, node: (found) => h("i", {}, inline(found[1])) },
  {
    at: /^_(?=\S)([^_\n]*?\S)_(?![\p{L}\p{N}])/u,
    node: (found) => h("i", {}, inline(found[1])),
    alone: true,
  },
  { at: /^<(https?:\/\/[^<>\s]+)>/, node: (found) => link(found[1], found[1]) },
  { at: /^https?:\/\/[^\s<>)]*[^\s<>).,;:!?]/, node: (found) => link(found[0], found[0]), alone: true },
  { at: /^:([a-z0-9_+-]+):/, node: (found) => emoji(found[1]) ?? found[0] },
  { at: /^\\([\\`*_{}[\]()#+.!~>-])/, node: (found) => found[1] },
  { at: /^(?: {2}|\\)\n/, node: () => h("br") },
];

const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/;
const ITEM = /^(\s*)([-*+]|\d+[.)])\s+(.*)$/;
const FENCE = /^(?:```|~~~)(.*)$/;
const ROW = /^\s*\|.*\|\s*$/;
const RULE = /^\s*([-*_])(\s*\1){2,}\s*$/;

/** Draw a Markdown text. */
export function markdown(text) {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  const nodes = [];
  while (lines.length) nodes.push(block(lines));
  return h("div", { class: "markdown" }, nodes);
}

function block(lines) {
  const line = lines[0];
  if (!line.trim()) return void lines.shift();
  const fence = FENCE.exec(line);
  if (fence) return fenced(lines);
  const heading = HEADING.exec(line);
  if (heading) {
    lines.shift();
    return h(
      "p",
      { class: `md-heading md-h${heading[1].length}`, role: "heading", "aria-level": 3 },
      inline(heading[2]),
    );
  }
  if (RULE.test(line)) {
    lines.shift();
    return h("hr", { class: "divider" });
  }
  if (/^\s*>/.test(line)) return quote(lines);
  if (ITEM.test(line)) return list(lines);
  if (ROW.test(line) && /^\s*\|[\s|:-]+\|\s*$/.test(lines[1] ?? "")) return table(lines);
  return paragraph(lines);
}

function takeWhile(lines, fits) {
  const taken = [];
  while (lines.length && fits(lines[0])) taken.push(lines.shift());
  return taken;
}

function fenced(lines) {
  const mark = lines.shift().slice(0, 3);
  const code = takeWhile(lines, (line) => !line.startsWith(mark));
  lines.shift();
  return h("pre", { class: "pre" }, code.join("\n"));
}

function quote(lines) {
  const inside = takeWhile(lines, (line) => /^\s*>/.test(line)).map((line) => line.replace(/^\s*> ?/, ""));
  return h("blockquote", { class: "quote" }, markdown(inside.join("\n")));
}

function list(lines) {
  const items = takeWhile(lines, (line) => ITEM.test(line)).map((line) => ITEM.exec(line));
  const ordered = /\d/.test(items[0][2]);
  const start = ordered ? parseInt(items[0][2], 10) : undefined;
  return h(
    ordered ? "ol" : "ul",
    { class: "rich-list indent-0", start },
    items.map(([, indent, , words]) =>
      h("li", { class: `indent-${Math.min(Math.floor(indent.length / 2), 8)}` }, task(words)),
    ),
  );
}

function task(words) {
  const found = /^\[([ xX])\]\s+(.*)$/.exec(words);
  return found ? [found[1] === " " ? "☐ " : "☑ ", ...inline(found[2])] : inline(words);
}

function table(lines) {
  const cells = (line) =>
    line
      .trim()
      .replace(/^\||\|$/g, "")
      .split("|")
      .map((cell) => inline(cell.trim()));
  const head = cells(lines.shift());
  lines.shift();
  const rows = takeWhile(lines, (line) => ROW.test(line)).map(cells);
  return h(
    "div",
    { class: "table-scroll", tabindex: 0, role: "region", "aria-label": "Table" },
    h(
      "table",
      { class: "table" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          head.map((cell) => h("th", { scope: "col" }, cell)),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map((row) =>
          h(
            "tr",
            {},
            row.map((cell) => h("td", {}, cell)),
          ),
        ),
      ),
    ),
  );
}

function paragraph(lines) {
  const starts = (line) =>
    !line.trim() || HEADING.test(line) || FENCE.test(line) || ITEM.test(line) || /^\s*>/.test(line);
  const taken = [lines.shift(), ...takeWhile(lines, (line) => !starts(line))];
  return h("p", {}, inline(taken.join("\n")));
}

function inline(text) {
  const nodes = [];
  let words = "";
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at);
    const alone = !/[\p{L}\p{N}]/u.test(text[at - 1] ?? " ");
    const rule = RULES.find((each) => (alone || !each.alone) && each.at.test(rest));
    if (!rule && text[at] === "\n") {
      nodes.push(words, h("br"));
      words = "";
      at += 1;
      continue;
    }
    if (!rule) {
      words += text[at];
      at += 1;
      continue;
    }
    const found = rule.at.exec(rest);
    if (words) nodes.push(words);
    words = "";
    nodes.push(rule.node(found));
    at += found[0].length;
  }
  if (words) nodes.push(words);
  return nodes;
}
