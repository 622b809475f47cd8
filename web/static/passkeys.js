// The one script of the portal (R40's exception): asks the authenticator and sends its answer by the page's own form.
"use strict";
(() => {
  const form = document.querySelector("form[data-passkey]");
  const button = form && form.querySelector("button[hidden]");
  if (!button || !window.PublicKeyCredential) return;
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));
  const options = JSON.parse(form.dataset.options);
  options.challenge = bytes(options.challenge);
  const make = () =>
    navigator.credentials.create({
      publicKey: {
        ...options,
        user: { ...options.user, id: bytes(options.user.id) },
        excludeCredentials: known(options.excludeCredentials),
      },
    });
  const sign = () =>
    navigator.credentials.get({ publicKey: { ...options, allowCredentials: known(options.allowCredentials) } });
  button.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const made = await (form.dataset.passkey === "create" ? make() : sign());
      const response = {};
      for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
        if (made.response[name]) response[name] = text(made.response[name]);
      form.elements.credential.value = JSON.stringify({
        id: made.id,
        rawId: text(made.rawId),
        type: made.type,
        response,
      });
      form.submit();
    } catch {
      form.querySelector("[data-failed]").hidden = false;
    }
  });
})();
