// Times in the reader's own zone. docs: messaging/formatting-message-text (date formatting),
// reference/block-kit/block-elements/date-element

const format = (options) => new Intl.DateTimeFormat("en-US", options);

const TIME = format({ hour: "numeric", minute: "2-digit" });
const TIME_SECS = format({ hour: "numeric", minute: "2-digit", second: "2-digit" });
const SHORT = format({ month: "short", day: "numeric", year: "numeric" });
const MONTH = format({ month: "long" });
const WEEKDAY = format({ weekday: "long" });
const FULL = format({
  weekday: "long",
  month: "long",
  day: "numeric",
  hour: "numeric",
  minute: "2-digit",
  second: "2-digit",
});
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const pad = (number) => String(number).padStart(2, "0");

function ordinal(day) {
  const teen = day % 100 >= 11 && day % 100 <= 13;
  return day + (teen ? "th" : ({ 1: "st", 2: "nd", 3: "rd" }[day % 10] ?? "th"));
}

const longDate = (date) => `${MONTH.format(date)} ${ordinal(date.getDate())}, ${date.getFullYear()}`;

/** Yesterday, today or tomorrow; else null. */
function nearDay(date, now) {
  const midnight = (of) => new Date(of.getFullYear(), of.getMonth(), of.getDate());
  const days = Math.round((midnight(date) - midnight(now)) / (DAY * 1000));
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days] ?? null;
}

/** How long ago, or in how long. */
export function ago(date, now = new Date()) {
  const seconds = Math.round((now - date) / 1000);
  const size = Math.abs(seconds);
  if (size < MINUTE) return seconds >= 0 ? "just now" : "in less than a minute";
  const [unit, length] = size < HOUR ? ["minute", MINUTE] : size < DAY ? ["hour", HOUR] : ["day", DAY];
  const count = Math.floor(size / length);
  const words = `${count} ${unit}${count === 1 ? "" : "s"}`;
  return seconds >= 0 ? `${words} ago` : `in ${words}`;
}

const dividerDate = (date, now) =>
  date.getFullYear() === now.getFullYear()
    ? `${WEEKDAY.format(date)}, ${MONTH.format(date)} ${ordinal(date.getDate())}`
    : `${WEEKDAY.format(date)}, ${longDate(date)}`;

const TOKENS = {
  date_num: (date) => `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`,
  date_slash: (date) => `${pad(date.getDate())}/${pad(date.getMonth() + 1)}/${date.getFullYear()}`,
  date: longDate,
  date_short: (date) => SHORT.format(date),
  date_long: (date) => `${WEEKDAY.format(date)}, ${longDate(date)}`,
  date_long_full: (date) => `${MONTH.format(date)} ${date.getDate()}, ${date.getFullYear()}`,
  date_pretty: (date, now) => nearDay(date, now) ?? longDate(date),
  date_short_pretty: (date, now) => nearDay(date, now) ?? SHORT.format(date),
  date_long_pretty: (date, now) => nearDay(date, now) ?? `${WEEKDAY.format(date)}, ${longDate(date)}`,
  day_divider_pretty: (date, now) => nearDay(date, now) ?? dividerDate(date, now),
  time: (date) => TIME.format(date),
  time_secs: (date) => TIME_SECS.format(date),
  ago,
};

/** Fill in Slack's date tokens; null when the time or a token is not one, so that the fallback is shown. */
export function slackDate(seconds, pattern, now = new Date()) {
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return null;
  let unknown = false;
  const text = pattern.replace(/\{(\w+)\}/g, (whole, name, at) => {
    if (!Object.hasOwn(TOKENS, name)) {
      unknown = true;
      return whole;
    }
    const words = TOKENS[name](date, now);
    return at === 0 && name.endsWith("_pretty") ? words[0].toUpperCase() + words.slice(1) : words;
  });
  return unknown ? null : text;
}

const fromTs = (ts) => new Date(Number(ts) * 1000);

export const clock = (ts) => TIME.format(fromTs(ts));
export const exactly = (ts) => FULL.format(fromTs(ts));
export const dayOf = (ts) => TOKENS.date_num(fromTs(ts));

/** A day as a divider names it: Today, Yesterday, or the date. */
export const dayName = (ts) => slackDate(Number(ts), "{day_divider_pretty}");

export const agoTs = (ts) => ago(fromTs(ts));
