// Blocks. docs: reference/block-kit/blocks

import { h } from "../core/dom.js";
import { domId } from "../core/surfaces.js";
import { drawElement, imageElement } from "../elements/draw.js";
import { fileUrl, picture } from "../text/links.js";
import { markdown } from "../text/markdown.js";
import { plain, spoken, textObject } from "../text/mrkdwn.js";
import { richText } from "../text/rich_text.js";
import { alert, card, carousel, file, plan, table, taskCard, video } from "./less_common.js";
import { unknown } from "./unknown.js";

const BLOCKS = {
  section,
  header,
  context,
  actions,
  image,
  input,
  alert,
  card,
  carousel,
  file,
  plan,
  table,
  video,
  divider: () => h("hr", { class: "divider" }),
  context_actions: actions,
  rich_text: richText,
  markdown: (block) => markdown(block.text),
  task_card: taskCard,
};

/** Draw blocks on a surface, each under its own id; what is not known, or broken, shows as an error. */
export function drawBlocks(blocks, surface) {
  return blocks.map((block, at) =>
    h(
      "div",
      {
        class: `block block-${/^[a-z_]+$/.test(block?.type ?? "") ? block.type : "unknown"}`,
        key: `${block?.block_id ?? at}:${block?.type}`,
        "data-block-id": block?.block_id,
      },
      drawBlock(block, surface),
    ),
  );
}

function drawBlock(block, surface) {
  if (!block || !Object.hasOwn(BLOCKS, block.type)) return unknown(block);
  try {
    return BLOCKS[block.type](block, surface);
  } catch (error) {
    return unknown(block, "block", error.message);
  }
}

function section(block, surface) {
  return [
    h(
      "div",
      { class: "section-body" },
      block.text && h("div", { class: "section-text" }, textObject(block.text)),
      block.fields &&
        h(
          "div",
          { class: "fields" },
          block.fields.map((field) => h("div", { class: "field" }, textObject(field))),
        ),
    ),
    block.accessory && h("div", { class: "accessory" }, drawElement(block.accessory, block, surface)),
  ];
}

function header(block) {
  return h("h3", { class: "header" }, plain(block.text.text, { withShortcodes: block.text.emoji !== false }));
}

function context(block) {
  return block.elements.map((element) =>
    element.type === "image"
      ? imageElement(element, "context-image")
      : h("span", { class: "context-text" }, contextText(element)),
  );
}

const contextText = (element) =>
  ["plain_text", "mrkdwn"].includes(element.type) ? textObject(element) : unknown(element, "element");

function actions(block, surface) {
  return block.elements.map((element) => drawElement(element, block, surface));
}

function image(block) {
  const address = block.image_url ?? fileUrl(block.slack_file);
  return h(
    "figure",
    { class: "image" },
    block.title && h("figcaption", {}, textObject(block.title)),
    picture(address, block.alt_text, "block-image"),
  );
}

const GROUPED = new Set(["checkboxes", "radio_buttons"]);

function input(block, surface) {
  const id = domId(surface, block, block.element);
  const error = surface.errors[block.block_id];
  const words = [spoken(block.label), block.optional && h("span", { class: "optional" }, " (optional)")];
  const label = GROUPED.has(block.element.type)
    ? h("div", { class: "label" }, words)
    : h("label", { class: "label", for: id }, words);
  return h(
    "div",
    { class: error ? "field-input wrong" : "field-input" },
    label,
    drawElement(block.element, block, surface),
    error && h("p", { class: "error", id: `${id}-error`, role: "alert" }, error),
    block.hint && h("p", { class: "hint", id: `${id}-hint` }, textObject(block.hint)),
  );
}
