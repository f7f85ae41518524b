// What the console's pages do better with scripts; each of them works without.
(() => {
  "use strict";
  const find = (id) => document.getElementById(id);
  let began = 0;
  let clock = 0;

  // A file is no part of the page: the browser fetches it by itself.
  document.addEventListener("submit", (event) => {
    if (event.submitter && event.submitter.classList.contains("download")) event.stopPropagation();
  }, true);

  const beat = () => {
    const elapsed = find("elapsed");
    const place = find("place");
    if (!elapsed || !place) return;
    const seconds = Math.floor((Date.now() - began) / 1000);
    elapsed.textContent = elapsed.dataset.word.replace("{}", seconds);
    if (seconds >= 1) place.dispatchEvent(new CustomEvent("look"));
  };

  const asks = (event) => event.target && event.target.id === "asking";
  document.addEventListener("htmx:before:request", (event) => {
    if (!asks(event)) return;
    began = Date.now();
    find("elapsed").textContent = "";
    find("place").textContent = "";
    find("cancelled").textContent = "";
    clearInterval(clock);
    clock = setInterval(beat, 1000);
  });
  document.addEventListener("htmx:finally:request", (event) => {
    if (!asks(event)) return;
    clearInterval(clock);
    const heading = find("answered");
    if (heading) heading.focus({ preventScroll: false });
  });

  document.addEventListener("keydown", (event) => {
    if (event.target.id === "sql" && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.target.form.requestSubmit(find("run"));
    }
  });
  const keys = find("keys");
  if (keys) keys.hidden = false;
})();
