// Which element is drawn by what.

import { h } from "../core/dom.js";
import { unknown } from "../blocks/unknown.js";
import { fileUrl, picture } from "../text/links.js";
import { button, feedbackButtons, iconButton, workflowButton } from "./buttons.js";
import { checkboxes, picker, radioButtons, richInput, textInput } from "./inputs.js";
import { overflow } from "./overflow.js";
import { select } from "./selects.js";

const SOURCES = ["static", "external", "users", "conversations", "channels"];

const ELEMENTS = {
  button,
  workflow_button: workflowButton,
  icon_button: iconButton,
  feedback_buttons: feedbackButtons,
  overflow,
  checkboxes,
  radio_buttons: radioButtons,
  datepicker: picker,
  timepicker: picker,
  datetimepicker: picker,
  plain_text_input: textInput,
  email_text_input: textInput,
  url_text_input: textInput,
  number_input: textInput,
  rich_text_input: richInput,
  image: (element) => imageElement(element, "accessory-image"),
  ...Object.fromEntries(
    SOURCES.flatMap((source) => [
      [`${source}_select`, select],
      [`multi_${source}_select`, select],
    ]),
  ),
};

/** Draw an element of a block on a surface; what is not known, or broken, shows as an error. */
export function drawElement(element, block, surface) {
  if (!element || !Object.hasOwn(ELEMENTS, element.type)) return unknown(element, "element");
  try {
    return ELEMENTS[element.type](element, block, surface);
  } catch (error) {
    return unknown(element, "element", error.message);
  }
}

/** Draw an image element of a context, a section or a card. */
export function imageElement(element, className) {
  const address = element.image_url ?? (element.slack_file && fileUrl(element.slack_file));
  return address ? picture(address, element.alt_text, className) : h("span", {}, element.alt_text);
}
