/*! vanilla-cookieconsent 3.1, recording with Bailee. Apache-2.0. For a shop that keeps its own banner.
 *
 *  <script src="https://privacy.shop.example/adapter-cookieconsent.js"></script>
 *  <script>
 *    baileeCookieConsent({ categories: { necessary: { readOnly: true }, offers: {} }, language: { ... } },
 *                        { offers: "personal_offers" })        // a category, and the purposes that it stands for
 *      .then((config) => CookieConsent.run(config));
 *  </script>
 *
 *  It changes `revision` when the terms of a purpose do, so that the library asks again; sends the first choice and each change,
 *  with the digest of the notice; and leaves its own hooks to you. Show the words of `bailee.notices[purpose].text` in
 *  the category's description: what is recorded as shown must have been shown. The library knows no Global Privacy
 *  Control and no ages: a purpose that the browser's signal refuses, or that needs an age, is sent and not taken, and
 *  `told` of the event `bailee:recorded` says so. The banner of Bailee does both.
 */
(() => {
  "use strict";
  const script = document.currentScript;
  const server = new URL(script.src).origin;
  const told = script.dataset;
  const VISITOR = "bailee-visitor", LASTS = 395 * 86400;
  const gpc = navigator.globalPrivacyControl === true;

  const known = () => (document.cookie.match(/(?:^|; )bailee-visitor=([\w-]{43})(?:;|$)/) || [])[1] || "";
  const random = () =>
    btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32)))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
  const keep = (value) => {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${VISITOR}=${value}; Path=/; Max-Age=${LASTS}; SameSite=Lax${secure}`;
  };
  const send = async (path, visitor, options = {}) => {
    const headers = { ...options.headers };
    if (told.token) headers.Authorization = `Bearer ${told.token}`;
    else if (visitor) headers["Bailee-Visitor"] = visitor;
    const answer = await fetch(`${server}/v1/banner${path}`, { ...options, headers, credentials: "omit", cache: "no-store" });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.detail || answer.status);
    return body;
  };
  // The library compares whole numbers above 0, so the digests of the terms make one.
  const revision = (form) => {
    let sum = 1;
    const terms = form.purposes.map((each) => (each.notice ? each.notice.terms : "")).join();
    for (const letter of terms) sum = (sum * 31 + letter.charCodeAt(0)) % 2147483647;
    return sum || 1;
  };

  window.baileeCookieConsent = async (config, purposes) => {
    const listed = (category) => [].concat(purposes[category] || []);
    const wanted = Object.keys(purposes).flatMap(listed);
    const language = told.language || document.documentElement.lang || navigator.language || "";
    const asked = { language, purposes: wanted.join(","), ...(told.place ? { place: told.place } : {}) };
    const form = await send(`?${new URLSearchParams({ ...asked, gpc: String(gpc) })}`, known());
    const found = Object.fromEntries(form.purposes.map((each) => [each.purpose, each]));
    window.bailee = { ...window.bailee, notices: Object.fromEntries(form.purposes.map((each) => [each.purpose, each.notice])) };

    const record = async (cookie) => {
      const visitor = known() || random();
      const answers = Object.keys(purposes).flatMap((category) => listed(category).filter((each) => found[each]).map((each) => {
        const notice = found[each].notice;
        return { purpose: each, allow: cookie.categories.includes(category) && !found[each].stopped,
          notice: notice && notice.digest, language: notice && notice.language };
      }));
      if (!answers.length) return;
      const some = answers.filter((each) => each.allow).length;
      const control = some === answers.length ? "accept_all" : some ? "chosen" : "refuse_all";
      const headers = { "Content-Type": "application/json", "Idempotency-Key": random() };
      const body = JSON.stringify({ ...asked, gpc, answers, control });
      const answer = await send("", visitor, { method: "POST", headers, body });
      if (!told.token) keep(visitor);
      document.dispatchEvent(new CustomEvent("bailee:recorded", { detail: answer }));
    };
    const then = (hook) => (said) => {
      record(said.cookie).catch((error) => console.warn(`bailee: the choice was not recorded: ${error.message}`));
      return hook && hook(said);
    };
    return { ...config, revision: revision(form), onFirstConsent: then(config.onFirstConsent), onChange: then(config.onChange) };
  };
})();
