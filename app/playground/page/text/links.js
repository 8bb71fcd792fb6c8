// Which addresses a page may lead to or load: never a script, never a foreign image.

import { h } from "../core/dom.js";

const SCHEMES = new Set(["http:", "https:", "mailto:"]);

/** The address if it may be followed, else null. */
export function safeUrl(address) {
  try {
    const url = new URL(address);
    return SCHEMES.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** A link that opens beside the page; without a safe address only its words. */
export function link(address, words, props = {}) {
  const href = safeUrl(address);
  if (!href) return h("span", { class: "dead-link", title: `Not a web or mail address: ${address}` }, words);
  return h("a", { ...props, href, target: "_blank", rel: "noopener noreferrer" }, words);
}

/** The address if the page may load it as an image: from this workspace itself, else null. */
export function loadable(address) {
  if (/^data:image\/(png|jpe?g|gif|webp|svg\+xml)[;,]/i.test(address)) return address;
  try {
    const url = new URL(address, location.href);
    return url.host === location.host && url.protocol === location.protocol ? url.href : null;
  } catch {
    return null;
  }
}

/** An image, or its description in words with a link when it lies outside. */
export function picture(address, alternative, className) {
  const src = loadable(address);
  if (src) return h("img", { class: className, src, alt: alternative, loading: "lazy" });
  const host = safeUrl(address) ? new URL(address).host : "an unknown address";
  return h(
    "span",
    { class: `${className} not-loaded`, title: "The local workspace loads nothing from outside." },
    h("span", { class: "not-loaded-name" }, alternative || "Image"),
    " ",
    link(address, host),
  );
}

/** An uploaded file's address, by the file object or reference of a block. */
export const fileUrl = (file) =>
  file.url_private ?? file.url ?? `${location.origin}/files-pri/${encodeURIComponent(file.id)}/file`;
