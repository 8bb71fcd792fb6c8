// The workspace's user side, as JSON calls.

/** What the workspace refuses, in its own words; `errors` are by block id when a modal is refused. */
export class RefusedError extends Error {
  constructor(sentence, status, errors) {
    super(sentence);
    this.status = status;
    this.errors = errors;
  }
}

const UNREACHED =
  "The workspace does not answer. Is it still running? Your text is kept; try again when it is back.";

/** Read the whole workspace. */
export const readState = () => call("GET", "/workspace/state");

/** Do what a person does: `verb` is `command`, `message`, `action`, `submit`, … */
export const act = (verb, body) => call("POST", `/workspace/${verb}`, body);

async function call(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body && JSON.stringify(body),
    });
  } catch {
    throw new RefusedError(UNREACHED, 0);
  }
  const told = await answer.json().catch(() => ({ error: `The workspace answered ${answer.status}.` }));
  if (!answer.ok)
    throw new RefusedError(
      told.error ?? `The workspace answered ${answer.status}.`,
      answer.status,
      told.errors,
    );
  return told;
}
