// Asks the security key. A form with `data-key` is sent with what the key answers; nothing is sent without a touch.

const encode = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");

const decode = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

const named = (list) => (list ?? []).map((each) => ({ ...each, id: decode(each.id) }));

/** Ask a key that is known to answer the challenge. */
async function assertion(options) {
  const answer = await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: decode(options.challenge),
      allowCredentials: named(options.allowCredentials),
    },
  });
  const { response } = answer;
  return {
    ...common(answer),
    response: {
      authenticatorData: encode(response.authenticatorData),
      clientDataJSON: encode(response.clientDataJSON),
      signature: encode(response.signature),
      userHandle: response.userHandle ? encode(response.userHandle) : null,
    },
  };
}

/** Let a new key make a credential. */
async function registration(options) {
  const answer = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: decode(options.challenge),
      user: { ...options.user, id: decode(options.user.id) },
      excludeCredentials: named(options.excludeCredentials),
    },
  });
  const { response } = answer;
  return {
    ...common(answer),
    response: {
      attestationObject: encode(response.attestationObject),
      clientDataJSON: encode(response.clientDataJSON),
      transports: response.getTransports?.() ?? [],
    },
  };
}

const common = (answer) => ({
  id: answer.id,
  rawId: encode(answer.rawId),
  type: answer.type,
  authenticatorAttachment: answer.authenticatorAttachment ?? null,
  clientExtensionResults: answer.getClientExtensionResults(),
});

const WHY = {
  NotAllowedError: "The key did not answer: it was not touched in time, or the question was put away. Try again.",
  InvalidStateError: "This key is known already: choose another.",
  SecurityError: "This page's address is not the one that keys are kept for. Open the link that I gave you.",
  NotSupportedError: "This browser or key cannot do what is asked of it. Try another browser or key.",
};

for (const form of document.querySelectorAll("form[data-key]")) {
  const button = form.querySelector("button");
  const trouble = form.querySelector(".key-trouble");
  const waits = form.querySelector(".key-waits");
  const say = (words) => {
    trouble.textContent = words;
    trouble.hidden = !words;
  };
  if (!window.PublicKeyCredential) {
    button.disabled = true;
    say("This browser cannot ask a security key. Open the link in another one.");
  }
  form.addEventListener("submit", async (event) => {
    if (form.dataset.sent) return;
    event.preventDefault();
    say("");
    waits.textContent = "Touch your key now …";
    button.disabled = true;
    try {
      for (const field of form.querySelectorAll("input[data-ask]")) {
        const options = JSON.parse(field.dataset.options);
        const answer = await (field.dataset.ask === "assertion" ? assertion(options) : registration(options));
        field.value = JSON.stringify(answer);
      }
      form.dataset.sent = "yes";
      form.submit();
    } catch (error) {
      say(WHY[error.name] ?? `The key could not be asked: ${error.message}`);
      waits.textContent = "";
      button.disabled = false;
      button.focus();
    }
  });
}
