/*! Google Consent Mode v2, told by the banner of Bailee. Apache-2.0.
 *  Load it before any tag of Google's, and not async: everything is denied until somebody allows it.
 *
 *  <script src="https://privacy.shop.example/adapter-google.js"
 *          data-ad-storage="partner_ads" data-ad-user-data="partner_ads" data-ad-personalization="partner_ads"
 *          data-analytics-storage="visit_statistics"></script>
 *
 *  Each attribute names the purposes of your policy that a signal stands for, divided by commas or blanks; it is granted
 *  when all of them are allowed, and stays denied where none is named. `data-wait` is how many milliseconds tags wait.
 */
(() => {
  "use strict";
  const told = document.currentScript.dataset;
  const SIGNALS = { ad_storage: told.adStorage, ad_user_data: told.adUserData,
    ad_personalization: told.adPersonalization, analytics_storage: told.analyticsStorage };
  window.dataLayer = window.dataLayer || [];
  // Google's own form: it wants the arguments themselves, not an array.
  window.gtag = window.gtag || function () { window.dataLayer.push(arguments); };
  const denied = Object.fromEntries(Object.keys(SIGNALS).map((name) => [name, "denied"]));
  window.gtag("consent", "default", { ...denied, wait_for_update: Number(told.wait) || 500 });

  const state = (choices) => (purposes) => {
    const named = (purposes || "").split(/[\s,]+/).filter(Boolean);
    return named.length > 0 && named.every((each) => choices[each] === true) ? "granted" : "denied";
  };
  const update = (choices) => {
    const said = state(choices);
    window.gtag("consent", "update", Object.fromEntries(Object.entries(SIGNALS).map(([name, of]) => [name, said(of)])));
  };
  document.addEventListener("bailee:choices", (event) => update(event.detail.choices));
  if (window.bailee && window.bailee.choices) update(window.bailee.choices);
})();
