// Attachments and files, in simple form. docs: reference/messaging/attachments

import { drawBlocks } from "../blocks/draw.js";
import { h } from "../core/dom.js";
import { fileUrl, link, picture } from "../text/links.js";
import { mrkdwn } from "../text/mrkdwn.js";

const NAMED = { good: "#2eb67d", warning: "#ecb22e", danger: "#e01e5a" };

/** Draw an attachment with its coloured bar. */
export function attachment(given, surface) {
  const wanted = NAMED[given.color] ?? `#${String(given.color ?? "").replace(/^#/, "")}`;
  const paint = (el) => {
    el.style.backgroundColor = /^#[0-9a-f]{3,8}$/i.test(wanted) ? wanted : "";
  };
  return h(
    "div",
    { class: "attachment" },
    h("span", { class: "attachment-bar", mounted: paint, patched: paint }),
    h(
      "div",
      { class: "attachment-body" },
      given.pretext && h("div", { class: "text" }, mrkdwn(given.pretext)),
      given.author_name && h("p", { class: "muted" }, given.author_name),
      given.title &&
        h(
          "p",
          { class: "attachment-title" },
          given.title_link ? link(given.title_link, given.title) : given.title,
        ),
      given.text && h("div", { class: "text" }, mrkdwn(given.text)),
      given.fields &&
        h(
          "div",
          { class: "fields" },
          given.fields.map((field) =>
            h(
              "div",
              { class: "field" },
              h("b", {}, field.title),
              h("div", {}, mrkdwn(String(field.value ?? ""))),
            ),
          ),
        ),
      given.blocks && h("div", { class: "blocks" }, drawBlocks(given.blocks, surface)),
      given.image_url && picture(given.image_url, given.fallback ?? "Image", "block-image"),
      given.footer && h("p", { class: "muted" }, given.footer),
    ),
  );
}

/** Draw an uploaded file. */
export function fileShown(file) {
  if (file.mimetype?.startsWith("image/")) {
    return h(
      "figure",
      { class: "image" },
      h("figcaption", {}, link(fileUrl(file), file.title || file.name)),
      picture(fileUrl(file), file.title || file.name, "block-image"),
    );
  }
  return h(
    "div",
    { class: "file" },
    h("span", { class: "file-icon", "aria-hidden": "true" }, "📄"),
    h(
      "span",
      { class: "file-words" },
      link(fileUrl(file), file.title || file.name),
      h("small", {}, `${file.pretty_type ?? "File"} · ${size(file.size)}`),
    ),
  );
}

function size(bytes = 0) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
