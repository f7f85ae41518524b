/*! Shopify's Customer Privacy API, told by the banner of Bailee. Apache-2.0.
 *
 *  <script src="https://privacy.shop.example/adapter-shopify.js" async
 *          data-analytics="visit_statistics" data-marketing="personal_offers" data-preferences="product_recommendations"
 *          data-sale-of-data="partner_ads"></script>
 *
 *  Each attribute names the purposes of your policy that a consent of Shopify's stands for, divided by commas or blanks;
 *  it is given when all of them are allowed, and never where none is named, or where the browser's signal refuses a sale.
 */
(() => {
  "use strict";
  const told = document.currentScript.dataset;
  const CONSENTS = { analytics: told.analytics, marketing: told.marketing,
    preferences: told.preferences, sale_of_data: told.saleOfData };
  const allowed = (choices, purposes) => {
    const named = (purposes || "").split(/[\s,]+/).filter(Boolean);
    return named.length > 0 && named.every((each) => choices[each] === true);
  };
  const ready = (work) => {
    const shopify = window.Shopify;
    if (!shopify) return console.warn("bailee: this page has no `Shopify`, so it is told of no choice");
    if (shopify.customerPrivacy && shopify.customerPrivacy.setTrackingConsent) return work(shopify.customerPrivacy);
    return shopify.loadFeatures([{ name: "consent-tracking-api", version: "0.1" }], (error) =>
      error ? console.warn(`bailee: Shopify's privacy API did not load: ${error}`) : work(shopify.customerPrivacy));
  };
  const update = ({ choices }) =>
    ready((api) => {
      const said = Object.fromEntries(Object.entries(CONSENTS).map(([name, of]) => [name, allowed(choices, of)]));
      api.setTrackingConsent(said, (error) => error && console.warn(`bailee: Shopify did not take a choice: ${error.error || error}`));
    });
  document.addEventListener("bailee:choices", (event) => update(event.detail));
  if (window.bailee && window.bailee.choices) update(window.bailee);
})();
