// Copies what stands on the page, or saves it as a file. Without this script it is selected by a click, and copied by hand.

const said = document.querySelector(".said");
const text = (id) => document.getElementById(id).textContent;

/** Tell what was done, on the button and to who cannot see it. */
function tell(button, word) {
  const before = button.textContent;
  button.textContent = word;
  said.textContent = `${button.getAttribute("aria-label")}: ${word.toLowerCase()}`;
  setTimeout(() => {
    button.textContent = before;
  }, 2000);
}

/** Select it, for whom the browser does not let us copy. */
function select(id) {
  const range = document.createRange();
  range.selectNodeContents(document.getElementById(id));
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

async function copy(button) {
  const id = button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text(id));
    tell(button, "Copied");
  } catch {
    select(id);
    tell(button, "Selected: press Ctrl-C");
  }
}

/** Save it by an address that means nothing outside of this page, and nothing once it is used. */
function save(button) {
  const url = URL.createObjectURL(new Blob([text(button.dataset.save)], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = button.dataset.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
  tell(button, "Saved");
}

for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => copy(button));
for (const button of document.querySelectorAll("[data-save]")) button.addEventListener("click", () => save(button));
for (const tools of document.querySelectorAll(".secret-tools")) tools.hidden = false;
