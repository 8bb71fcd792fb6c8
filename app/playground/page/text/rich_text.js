// The rich text block. docs: reference/block-kit/blocks/rich-text-block

import { h } from "../core/dom.js";
import { emoji } from "./emoji.js";
import { broadcast, channelMention, date, groupMention, userMention } from "./entities.js";
import { link } from "./links.js";
import { unknown } from "../blocks/unknown.js";

const TAGS = {
  bold: "b",
  italic: "i",
  strike: "s",
  underline: "u",
  highlight: "mark",
  client_highlight: "mark",
};

const INLINE = {
  text: (element) => lines(element.text),
  link: (element) => link(element.url, element.text || element.url),
  emoji: (element) => h("span", { class: "emoji", title: `:${element.name}:` }, character(element)),
  user: (element) => userMention(element.user_id),
  usergroup: (element) => groupMention(element.usergroup_id),
  channel: (element) => channelMention(element.channel_id),
  team: (element) => h("span", { class: "mention" }, `@${element.team_id}`),
  broadcast: (element) => broadcast(element.range),
  color: (element) => h("span", { class: "colour" }, swatch(element.value), element.value),
  date: (element) => date(element.timestamp, element.format, element.fallback, element.url),
};

const PARTS = {
  rich_text_section: (part) => h("div", { class: "rich-section" }, inlines(part.elements)),
  rich_text_quote: (part) => h("blockquote", { class: "quote" }, inlines(part.elements)),
  rich_text_preformatted: (part) => h("pre", { class: "pre" }, inlines(part.elements)),
  rich_text_list: list,
};

/** Draw a rich text value. */
export const richText = (block) => h("div", { class: "rich-text" }, (block.elements ?? []).map(part));

/** A rich text value as characters. */
export function richWords(value) {
  if (!value) return "";
  const of = (element) => element.text ?? (element.elements ?? []).map(of).join("");
  return (value.elements ?? []).map(of).join("\n");
}

const part = (each) =>
  Object.hasOwn(PARTS, each.type) ? PARTS[each.type](each) : unknown(each, "rich text part");

function list(each) {
  const tag = each.style === "ordered" ? "ol" : "ul";
  const indent = Math.min(each.indent ?? 0, 8);
  const start = each.style === "ordered" && each.offset ? each.offset + 1 : undefined;
  return h(
    tag,
    { class: `rich-list indent-${indent}`, start },
    each.elements.map((item) => h("li", {}, inlines(item.elements))),
  );
}

const inlines = (elements) => (elements ?? []).map(inline);

function inline(element) {
  if (!Object.hasOwn(INLINE, element.type)) return unknown(element, "rich text element");
  const style = element.style ?? {};
  let node = INLINE[element.type](element);
  if (style.code) node = h("code", { class: "code" }, node);
  for (const [name, tag] of Object.entries(TAGS)) if (style[name]) node = h(tag, {}, node);
  return node;
}

const lines = (text) => text.split("\n").flatMap((line, at) => [at ? h("br") : null, line]);

function character({ name, unicode }) {
  if (unicode && /^[0-9a-f]+(-[0-9a-f]+)*$/i.test(unicode)) {
    return String.fromCodePoint(...unicode.split("-").map((code) => Math.min(parseInt(code, 16), 0x10ffff)));
  }
  return emoji(name) ?? `:${name}:`;
}

function swatch(value) {
  const colour = /^#[0-9a-f]{3,8}$/i.test(value) ? value : "transparent";
  return h("span", { class: "swatch", "aria-hidden": "true", mounted: paint, patched: paint });
  function paint(el) {
    el.style.backgroundColor = colour;
  }
}
