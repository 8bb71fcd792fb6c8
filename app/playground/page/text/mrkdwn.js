// Slack's mrkdwn as nodes. docs: messaging/formatting-message-text (basic formatting)
//
// Text stays text: every word becomes a text node, so nothing that somebody writes can become markup.

import { h } from "../core/dom.js";
import { emoji } from "./emoji.js";
import { decoded, entity } from "./entities.js";
import { link } from "./links.js";

const STYLES = { "*": "b", _: "i", "~": "s" };
const ENTITY = /^<([^<>\n]+)>/;
const SHORTCODE = /^:([a-z0-9_+-]+(?:::skin-tone-[2-6])?):/;
const ADDRESS = /^(?:https?:\/\/|mailto:)[^\s<>|]*[^\s<>|.,;:!?'")\]}*_~`]/;
const WORD = /[\p{L}\p{N}]/u;
const FENCE = "```";

/** Draw mrkdwn. With `verbatim`, bare addresses are not made into links. */
export function mrkdwn(text, { verbatim = false } = {}) {
  const nodes = [];
  text.split(FENCE).forEach((part, at, parts) => {
    const closed = at % 2 === 1 && at < parts.length - 1;
    if (closed) nodes.push(h("pre", { class: "pre" }, literal(part.replace(/^\n/, "").replace(/\n$/, ""))));
    else if (at % 2 === 1) nodes.push(...paragraphs(FENCE + part, verbatim));
    else nodes.push(...paragraphs(at ? part.replace(/^\n/, "") : part, verbatim));
  });
  return nodes;
}

/** Draw plain text: line breaks, and shortcodes unless `emoji` is false. docs: composition-objects/text-object */
export function plain(text, { withShortcodes = true } = {}) {
  const lines = decoded(text).split("\n");
  return lines.flatMap((line, at) => [at ? h("br") : null, ...(withShortcodes ? shortcodes(line) : [line])]);
}

/** Draw a text object. */
export function textObject(object) {
  if (!object) return [];
  if (object.type === "mrkdwn") return mrkdwn(object.text, { verbatim: object.verbatim });
  return plain(object.text, { withShortcodes: object.emoji !== false });
}

/** A text object as one line of characters, for labels, options and what is read aloud. */
export function spoken(object) {
  const text = typeof object === "string" ? object : (object?.text ?? "");
  const bare = text.replace(/<([^<>|]+)\|([^<>]+)>/g, "$2").replace(/<([@#!]?)([^<>]+)>/g, "$1$2");
  return decoded(bare).replace(/:([a-z0-9_+-]+):/g, (whole, name) => emoji(name) ?? whole);
}

function paragraphs(text, verbatim) {
  const nodes = [];
  let quoted = [];
  const lines = text.split("\n");
  const flush = () => {
    if (quoted.length) nodes.push(h("blockquote", { class: "quote" }, broken(quoted, verbatim)));
    quoted = [];
  };
  let plainLines = [];
  const flushPlain = () => {
    if (plainLines.length) nodes.push(...broken(plainLines, verbatim));
    plainLines = [];
  };
  for (let at = 0; at < lines.length; at += 1) {
    const rest = /^(?:&gt;|>){3} ?/.exec(lines[at]);
    const quote = /^(?:&gt;|>) ?/.exec(lines[at]);
    if (rest) {
      flushPlain();
      flush();
      quoted = [lines[at].slice(rest[0].length), ...lines.slice(at + 1)];
      break;
    }
    if (quote) {
      flushPlain();
      quoted.push(lines[at].slice(quote[0].length));
    } else {
      flush();
      plainLines.push(lines[at]);
    }
  }
  flushPlain();
  flush();
  return nodes;
}

const broken = (lines, verbatim) =>
  lines.flatMap((line, at) => [at ? h("br") : null, ...inline(line, verbatim)]);

/** Text in which only entities count, as in code. */
function literal(text) {
  return text.split(/(<[^<>\n]+>)/).map((part, at) => (at % 2 ? entity(part.slice(1, -1)) : decoded(part)));
}

function shortcodes(text) {
  return text
    .split(/(:[a-z0-9_+-]+(?:::skin-tone-[2-6])?:)/)
    .map((part, at) => (at % 2 ? emojiNode(part) : part));
}

function emojiNode(shortcode) {
  const character = emoji(shortcode.slice(1, -1));
  return character ? h("span", { class: "emoji", title: shortcode }, character) : shortcode;
}

function inline(text, verbatim) {
  const nodes = [];
  let words = "";
  const put = (node) => {
    if (words) nodes.push(decoded(words));
    words = "";
    nodes.push(node);
  };
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const before = text[at - 1] ?? " ";
    const taken = taking(rest, before, verbatim);
    if (taken) {
      put(taken.node);
      at += taken.length;
    } else {
      words += text[at];
      at += 1;
    }
  }
  if (words) nodes.push(decoded(words));
  return nodes;
}

/** The node that begins here and how many characters it takes, or null. */
function taking(rest, before, verbatim) {
  const first = rest[0];
  if (first === "<") {
    const found = ENTITY.exec(rest);
    return found && { node: entity(found[1]), length: found[0].length };
  }
  if (first === ":") {
    const found = SHORTCODE.exec(rest);
    return found && emoji(found[1]) ? { node: emojiNode(found[0]), length: found[0].length } : null;
  }
  if ((first === "h" || first === "m") && !verbatim && !WORD.test(before)) {
    const found = ADDRESS.exec(rest);
    return found && { node: link(decoded(found[0]), decoded(found[0])), length: found[0].length };
  }
  if (first === "`" || first in STYLES) return styled(rest, before, verbatim);
  return null;
}

function styled(rest, before, verbatim) {
  const mark = rest[0];
  if (WORD.test(before) || before === mark) return null;
  const end = closing(rest, mark);
  if (end < 0) return null;
  const inside = rest.slice(1, end);
  const node =
    mark === "`"
      ? h("code", { class: "code" }, literal(inside))
      : h(STYLES[mark], {}, inline(inside, verbatim));
  return { node, length: end + 1 };
}

/** Where a style ends: at its mark, after a character that is no space and before one that is no letter. */
function closing(rest, mark) {
  if (/^\s/.test(rest.slice(1, 2)) && mark !== "`") return -1;
  for (let at = 2; at < rest.length; at += 1) {
    if (rest[at] === "<" && mark !== "`") {
      const skipped = ENTITY.exec(rest.slice(at));
      if (skipped) at += skipped[0].length - 1;
      continue;
    }
    const fits =
      rest[at] === mark && (mark === "`" || !/\s/.test(rest[at - 1])) && !WORD.test(rest[at + 1] ?? " ");
    if (fits && rest[at + 1] !== mark) return at;
  }
  return -1;
}
