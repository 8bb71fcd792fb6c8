// What is typed or picked: text of all kinds, dates and times, checkboxes, radio buttons.

import { h } from "../core/dom.js";
import { store } from "../core/store.js";
import { choose, domId, hold, isSilent, nameOf, settle, valueOf } from "../core/surfaces.js";
import { spoken, textObject } from "../text/mrkdwn.js";
import { richWords } from "../text/rich_text.js";
import { whenConfirmed } from "./confirm.js";

const KEYBOARD = { email_text_input: "email", url_text_input: "url" };

/** Draw a text, email, URL or number input. */
export function textInput(element, block, surface) {
  const value = valueOf(surface, block, element) ?? "";
  const asks = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  const tells = !isSilent(block);
  const dispatch = () => choose(surface, block, element, valueOf(surface, block, element) ?? "");
  const number = element.type === "number_input";
  const props = {
    ...field(element, block, surface),
    value,
    class: "input",
    placeholder: spoken(element.placeholder) || undefined,
    minlength: element.min_length,
    "data-max": element.max_length,
    inputmode: number ? (element.is_decimal_allowed ? "decimal" : "numeric") : KEYBOARD[element.type],
    oninput: ({ target }) => {
      hold(surface, block, element, target.value);
      if (tells && asks.includes("on_character_entered")) dispatchSoon(surface, block, element, target.value);
    },
    onblur: () => settle(surface),
    onkeydown: (event) => {
      if (event.key !== "Enter" || event.isComposing || event.shiftKey || event.metaKey || event.ctrlKey)
        return;
      if (!tells || !asks.includes("on_enter_pressed")) return;
      event.preventDefault();
      dispatch();
    },
  };
  if (element.multiline) return h("textarea", { ...props, rows: 4 });
  return h("input", { ...props, type: "text", autocomplete: "off" });
}

/** Draw a rich text input: plain words here, which become a rich text value. */
export function richInput(element, block, surface) {
  const value = valueOf(surface, block, element);
  return h("textarea", {
    ...field(element, block, surface),
    class: "input",
    rows: 4,
    value: typeof value === "string" ? value : richWords(value),
    placeholder: spoken(element.placeholder) || undefined,
    oninput: ({ target }) => hold(surface, block, element, target.value),
    onblur: () =>
      isSilent(block)
        ? settle(surface)
        : store.held.has(nameOf(surface, block, element)) &&
          choose(surface, block, element, valueOf(surface, block, element)),
  });
}

const timers = new Map();

/** Tell the app a little later, so that a word or a year that is typed is told once. */
function dispatchSoon(surface, block, element, value, after = 250) {
  const name = nameOf(surface, block, element);
  clearTimeout(timers.get(name));
  timers.set(
    name,
    setTimeout(() => choose(surface, block, element, value), after),
  );
}

const PICKERS = {
  datepicker: { type: "date", shown: (value) => value ?? "", told: (text) => text || null },
  timepicker: { type: "time", shown: (value) => value ?? "", told: (text) => text || null },
  datetimepicker: {
    type: "datetime-local",
    shown: localTime,
    told: (text) => (text ? Math.round(new Date(text) / 1000) : null),
  },
};

/** Draw a date, time or date-and-time picker: the browser's own. */
export function picker(element, block, surface) {
  const { type, shown, told } = PICKERS[element.type];
  const ready = (text) => !text || type === "time" || Number(text.slice(0, 4)) >= 1000;
  const busy = store.busy.has(nameOf(surface, block, element));
  return h(
    "span",
    { class: busy ? "picker busy" : "picker" },
    h("input", {
      ...field(element, block, surface),
      type,
      class: "input picker-input",
      value: shown(valueOf(surface, block, element)),
      "aria-label":
        block.type === "input"
          ? undefined
          : spoken(element.placeholder) || { date: "Date", time: "Time" }[type] || "Date and time",
      onchange: ({ target }) => {
        const text = target.value;
        if (!ready(text)) return;
        whenConfirmed(
          element,
          () => {
            hold(surface, block, element, told(text));
            dispatchSoon(surface, block, element, told(text), 500);
          },
          surface.id,
        );
      },
    }),
    element.timezone && h("small", { class: "zone" }, element.timezone),
  );
}

function localTime(seconds) {
  if (!seconds) return "";
  const date = new Date(seconds * 1000);
  return new Date(date - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** Draw checkboxes. */
export function checkboxes(element, block, surface) {
  const picked = valueOf(surface, block, element) ?? [];
  const values = new Set(picked.map((each) => each.value));
  const toggle = (option) => {
    const next = element.options.filter((each) =>
      each.value === option.value ? !values.has(each.value) : values.has(each.value),
    );
    whenConfirmed(element, () => choose(surface, block, element, next), surface.id);
  };
  return options("checkbox", element, block, surface, (option) => values.has(option.value), toggle);
}

/** Draw radio buttons. */
export function radioButtons(element, block, surface) {
  const picked = valueOf(surface, block, element);
  const take = (option) => whenConfirmed(element, () => choose(surface, block, element, option), surface.id);
  return options("radio", element, block, surface, (option) => option.value === picked?.value, take);
}

function options(type, element, block, surface, isPicked, take) {
  const id = domId(surface, block, element);
  const label = block.type === "input" ? spoken(block.label) : "Choices";
  return h(
    "fieldset",
    {
      class: "choices",
      "data-action-id": element.action_id,
      "data-block-id": block.block_id,
      "aria-describedby": described(block, surface, id),
    },
    h("legend", { class: "unseen" }, label),
    element.options.map((option, at) =>
      h(
        "label",
        { class: "choice", key: option.value },
        h("input", {
          id: at ? `${id}-${at}` : id,
          type,
          name: id,
          checked: isPicked(option),
          "data-value": option.value,
          "data-focus": element.focus_on_load && !at ? "" : undefined,
          onchange: () => take(option),
        }),
        h(
          "span",
          { class: "choice-words" },
          h("span", {}, textObject(option.text)),
          option.description && h("small", {}, textObject(option.description)),
        ),
      ),
    ),
  );
}

function field(element, block, surface) {
  const id = domId(surface, block, element);
  return {
    id,
    key: id,
    "data-action-id": element.action_id,
    "data-block-id": block.block_id,
    "data-focus": element.focus_on_load ? "" : undefined,
    "aria-label": block.type === "input" ? undefined : spoken(element.placeholder) || "Text",
    "aria-invalid": surface.errors[block.block_id] ? "true" : undefined,
    "aria-required": block.type === "input" && !block.optional ? "true" : undefined,
    "aria-describedby": described(block, surface, id),
  };
}

function described(block, surface, id) {
  const parts = [surface.errors[block.block_id] && `${id}-error`, block.hint && `${id}-hint`].filter(Boolean);
  return parts.length ? parts.join(" ") : undefined;
}
