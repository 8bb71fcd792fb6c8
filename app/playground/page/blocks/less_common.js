// Tables, cards, plans, videos, files and alerts, in a reasonable form.

import { h } from "../core/dom.js";
import { drawElement, imageElement } from "../elements/draw.js";
import { link, picture } from "../text/links.js";
import { spoken, textObject } from "../text/mrkdwn.js";
import { richText } from "../text/rich_text.js";
import { unknown } from "./unknown.js";

const STATUS = { pending: "○", in_progress: "◐", complete: "✓", error: "✕" };
const LEVEL = { info: "ℹ️", warning: "⚠️", error: "⛔", success: "✅" };

const CELLS = {
  raw_text: (cell) => cell.text,
  raw_number: (cell) => cell.text ?? String(cell.value),
  rich_text: richText,
};

/** docs: reference/block-kit/blocks/table-block; the first row is its head. */
export function table(block) {
  const settings = block.column_settings ?? [];
  const cell = (tag) => (content, at) => {
    const align = ["left", "center", "right"].includes(settings[at]?.align) ? settings[at].align : "left";
    const drawn = Object.hasOwn(CELLS, content.type)
      ? CELLS[content.type](content)
      : unknown(content, "cell");
    return h(tag, { class: `align-${align}`, scope: tag === "th" ? "col" : undefined }, drawn);
  };
  const [head, ...rows] = block.rows;
  return h(
    "div",
    { class: "table-scroll", tabindex: 0, role: "region", "aria-label": "Table" },
    h(
      "table",
      { class: "table" },
      h("thead", {}, h("tr", {}, head.map(cell("th")))),
      h(
        "tbody",
        {},
        rows.map((row) => h("tr", {}, row.map(cell("td")))),
      ),
    ),
  );
}

export function alert(block) {
  const level = Object.hasOwn(LEVEL, block.level ?? "") ? block.level : "default";
  return h(
    "div",
    { class: `alert alert-${level}`, role: "note" },
    LEVEL[level] && h("span", { class: "emoji", "aria-label": level }, LEVEL[level]),
    h("div", {}, textObject(block.text)),
  );
}

export function card(block, surface) {
  return h(
    "article",
    { class: "card" },
    block.hero_image && imageElement(block.hero_image, "card-hero"),
    h(
      "div",
      { class: "card-body" },
      block.icon && imageElement(block.icon, "card-icon"),
      h(
        "div",
        { class: "card-words" },
        block.title && h("h4", {}, textObject(block.title)),
        block.subtitle && h("p", { class: "card-subtitle" }, textObject(block.subtitle)),
        block.body && h("p", {}, textObject(block.body)),
      ),
    ),
    block.actions &&
      h(
        "div",
        { class: "card-actions" },
        block.actions.map((element) => drawElement(element, block, surface)),
      ),
  );
}

/** Cards in a row; their buttons belong to the carousel's block. */
export function carousel(block, surface) {
  const one = (each) =>
    h(
      "div",
      { class: "carousel-item" },
      each.type === "card" ? card({ ...each, block_id: block.block_id }, surface) : unknown(each),
    );
  return h(
    "div",
    { class: "carousel", tabindex: 0, role: "region", "aria-label": "Cards" },
    block.elements.map(one),
  );
}

export function taskCard(block) {
  const status = Object.hasOwn(STATUS, block.status ?? "") ? block.status : "pending";
  const more = [
    block.details && richText(block.details),
    block.output && richText(block.output),
    sources(block.sources),
  ].filter(Boolean);
  const title = h(
    "span",
    { class: `task-title status-${status}` },
    h("span", { class: "task-status", "aria-label": status.replace("_", " ") }, STATUS[status]),
    " ",
    block.title,
  );
  return more.length
    ? h("details", { class: "task" }, h("summary", {}, title), more)
    : h("div", { class: "task" }, title);
}

function sources(given) {
  if (!given?.length) return null;
  return h(
    "ul",
    { class: "rich-list indent-0" },
    given.map((each) =>
      h("li", {}, each?.url ? link(each.url, each.text || each.url) : unknown(each, "source")),
    ),
  );
}

export function plan(block) {
  return h(
    "section",
    { class: "plan" },
    h("h4", {}, spoken(block.title)),
    (block.tasks ?? []).map((each) => taskCard(each)),
  );
}

export function video(block) {
  const title = spoken(block.title);
  return h(
    "figure",
    { class: "video" },
    h(
      "figcaption",
      {},
      block.title_url ? link(block.title_url, title) : title,
      block.author_name && h("small", {}, ` ${block.author_name}`),
      block.provider_name && h("small", {}, ` · ${block.provider_name}`),
    ),
    block.description && h("p", {}, textObject(block.description)),
    h(
      "div",
      { class: "video-frame" },
      picture(block.thumbnail_url, block.alt_text, "block-image"),
      h("span", { class: "play" }, link(block.video_url, "▶ Watch")),
    ),
  );
}

export const file = (block) =>
  h(
    "div",
    { class: "file" },
    h("span", { class: "file-icon", "aria-hidden": "true" }, "📄"),
    h("span", {}, `Remote file ${block.external_id}`),
  );
