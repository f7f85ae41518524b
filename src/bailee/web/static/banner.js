/*! The banner of Bailee. Apache-2.0. It asks only what this visitor or customer must be asked, shows each notice whole,
 *  records what they say, and lets them take it back. One file, no dependency, served as it is read here.
 *
 *  <script src="https://privacy.shop.example/banner.js" async></script>
 *
 *  data-token     the shop's signed token of the customer who is signed in
 *  data-purposes  the purposes of this page, divided by commas; all where it is left out
 *  data-language  such as `es`; else the page's `lang`
 *  data-place     where the shop takes the visitor to be, such as `US-OH`
 *  data-theme     `light` or `dark`; else as the reader's system has it
 *  data-position  `start` or `end`: in which corner the small button stands
 *  data-guardian  an address that tells parents how the shop checks who they are
 *  data-domain    the domain of the cookie, where several hosts of a shop share it
 *
 *  Colours: --bailee-paper, -ink, -soft, -line, -accent, -accent-ink, -font and -radius, as custom properties of the page.
 *  Anything with data-bailee="open" opens it. `bailee:choices` on the document says what is allowed, now and after changes.
 */
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script || window.bailee) return;

  const server = new URL(script.src).origin;
  const told = script.dataset;
  const VISITOR = "bailee-visitor", SIGNAL = "bailee-gpc", LASTS = 395 * 86400, PATIENCE = 20000;
  const gpc = navigator.globalPrivacyControl === true;
  const language = told.language || document.documentElement.lang || navigator.language || "";

  // What is stored: one cookie, after something was said; and one that a signal of this browser was recorded. ----------

  const cookie = (name) => {
    const found = document.cookie.split("; ").find((each) => each.startsWith(`${name}=`));
    return found ? found.slice(name.length + 1) : "";
  };
  const keep = (name, value, seconds) => {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    const domain = told.domain ? `; Domain=${told.domain}` : "";
    document.cookie = `${name}=${value}; Path=/; Max-Age=${seconds}; SameSite=Lax${secure}${domain}`;
  };
  const random = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
  };
  const known = () => (/^[\w-]{43}$/.test(cookie(VISITOR)) ? cookie(VISITOR) : "");

  // What is asked of the server. ---------------------------------------------------------------------------------------

  const page = () => ({ language, purposes: told.purposes, place: told.place });
  const send = async (path, visitor, options = {}) => {
    const headers = { ...options.headers };
    if (told.token) headers.Authorization = `Bearer ${told.token}`;
    else if (visitor) headers["Bailee-Visitor"] = visitor;
    const ended = new AbortController();
    const late = setTimeout(() => ended.abort(), PATIENCE);
    try {
      const settings = { ...options, headers, credentials: "omit", cache: "no-store", signal: ended.signal };
      const answer = await fetch(`${server}/v1/banner${path}`, settings);
      const body = await answer.json();
      if (!answer.ok) throw new Error(body.detail || answer.status);
      return body;
    } finally {
      clearTimeout(late);
    }
  };
  const read = () => {
    const wanted = Object.entries({ ...page(), gpc: gpc ? "true" : "" }).filter(([, value]) => value);
    return send(`?${new URLSearchParams(wanted)}`, known());
  };
  // Windows of one browser answer one after the other, so that they are one visitor.
  const alone = (work) => (navigator.locks ? navigator.locks.request("bailee", work) : work());
  const say = (said) =>
    alone(async () => {
      const visitor = known() || random();
      const body = JSON.stringify({ ...page(), gpc, gpc_new: gpc && !cookie(SIGNAL), ...said });
      const headers = { "Content-Type": "application/json", "Idempotency-Key": random() };
      const once = () => send("", visitor, { method: "POST", headers, body });
      const answer = await once().catch((error) => {
        // A connection that broke says nothing of what was recorded; the same key records it once.
        if (error instanceof TypeError) return once();
        throw error;
      });
      if (!told.token) keep(VISITOR, visitor, LASTS);
      if (gpc) keep(SIGNAL, "1", LASTS);
      return answer;
    });

  // What stands on the screen. -----------------------------------------------------------------------------------------

  let form, layer = "", opened = false, busy = false, back = null;
  const el = (tag, set, ...inside) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(set || {})) {
      if (typeof value === "function") made.addEventListener(name, value);
      else if (value === true) made.setAttribute(name, "");
      else if (value) made.setAttribute(name, value);
    }
    made.append(...inside.flat(Infinity).filter(Boolean));
    return made;
  };
  const host = el("div", { "data-bailee-banner": true });
  const root = host.attachShadow({ mode: "open" });
  const status = el("p", { role: "status", class: "hidden" });
  const stage = el("div", { class: "stage", "data-theme": told.theme });
  const find = (what) => stage.querySelector(what);

  const words = (text) => text.split(/\*\*([^*]+)\*\*/).map((each, at) => (at % 2 ? el("strong", null, each) : each));
  const notice = (each) => {
    const marked = /^#|\*\*/m.test(each.text);
    const blocks = each.text.trim().split(/\n\s*\n/);
    const shown = blocks.map((block) => {
      const [first, ...rest] = block.split("\n");
      if (marked && first.startsWith("#")) return [el("p", null, el("strong", null, block.replace(/^#+\s*/, "")))];
      if (marked || !rest.length) return [el("p", null, words(block))];
      return [el("p", { class: "lines" }, el("strong", null, first), `\n${rest.join("\n")}`)];
    });
    const named = { class: "notice", lang: each.language, "data-digest": each.digest };
    const other = each.language.slice(0, 2) !== form.language.slice(0, 2) && el("p", { class: "soft" }, form.words.language);
    return el("details", null, el("summary", null, form.words.notice), other, el("div", named, shown));
  };
  const news = (each) =>
    each.changed.length > 0 &&
    el("div", { class: "news" }, el("strong", null, form.words.changed),
      el("ul", null, each.changed.map((one) => el("li", null, one))));
  const button = (name, label, does) =>
    el("button", { type: "button", class: name, "data-act": name, click: does }, label);
  const year = () =>
    form.needs_age &&
    el("div", { class: "year" },
      el("label", { for: "year" }, form.words.year),
      el("div", { class: "row" },
        el("input", { id: "year", inputmode: "numeric", autocomplete: "bday-year", maxlength: 4, "aria-describedby": "hint wrong",
          keydown: (event) => event.key === "Enter" && layer === "choose" && grow() }),
        layer === "choose" && button("year_go", form.words.year_go, () => grow())),
      el("p", { id: "hint", class: "soft" }, form.words.year_hint));
  const above = () => [
    form.gpc && el("p", { class: "honoured" }, el("strong", null, form.words.honoured), " ", form.words.honoured_text),
    form.told.map((each) => el("p", { class: "told" }, each)),
    form.guardian.length > 0 &&
      el("div", { class: "told" }, el("strong", null, form.words.guardian_title), el("p", null, form.words.guardian_how),
        /^https?:/.test(told.guardian || "") && el("a", { href: told.guardian }, form.words.guardian_more)),
  ];
  const wrong = () => el("p", { id: "wrong", class: "wrong", role: "alert" });
  const consents = () => form.purposes.filter((each) => !each.objects);
  const asked = () => form.purposes.filter((each) => each.ask);

  const brief = () => [
    el("p", null, asked().some((each) => each.changed.length) ? form.words.lead_again : form.words.lead),
    above(),
    el("ul", { class: "titles" }, asked().map((each) =>
      el("li", null, el("strong", { class: "title" }, each.title), news(each), el("p", { class: "soft why" }, each.why),
        each.notice && notice(each.notice)))),
    year(),
    wrong(),
  ];
  const card = (each, at) => {
    const now = each.objects ? !each.on : each.on;
    const yes = each.objects ? form.words.objected : form.words.allowed;
    const no = each.objects ? form.words.not_objected : form.words.not_allowed;
    const state = el("span", { class: "state", id: `state${at}` }, now ? yes : no);
    const box = el("input", { type: "checkbox", id: `box${at}`, "data-purpose": each.purpose, checked: now,
      "aria-describedby": `why${at} state${at}`,
      change: () => { state.textContent = box.checked ? yes : no; } });
    const label = el("label", { for: `box${at}` }, box, el("span", null,
      el("span", { class: "hidden" }, `${each.title}: `), each.objects ? form.words.object : form.words.allow));
    const locked = each.needs === "age" && !each.on;
    return el("li", { class: "card" },
      el("h3", null, each.title, each.ask && opened && el("span", { class: "tag" }, form.words.new)),
      news(each),
      el("p", { id: `why${at}` }, each.why),
      each.stopped && el("p", { class: "honoured" }, form.words.stopped),
      locked ? el("p", { class: "soft" }, form.words.not_allowed, ". ", form.words.year_hint) : el("div", { class: "row" }, label, state),
      each.notice && notice(each.notice));
  };
  const full = () => [
    el("p", null, opened ? form.words.lead_open : form.words.lead),
    above(),
    year(),
    form.purposes.length ? el("ul", { class: "titles" }, form.purposes.map(card)) : el("p", null, form.words.nothing),
    wrong(),
  ];
  const both = () => [
    button("refuse_all", form.words.refuse_all, () => all(false)),
    button("accept_all", form.words.accept_all, () => all(true)),
  ];
  const LAYERS = {
    ask: () => [form.words.title, brief(), [both(), button("choose", form.words.choose, () => show("choose", true))]],
    choose: () => [
      opened ? form.words.title_open : form.words.title,
      full(),
      [form.purposes.length > 0 && both(),
        form.purposes.length > 0 && button("save", form.words.save, save),
        button("close", opened ? form.words.close : form.words.back, leave)],
    ],
    told: () => [form.words.title_open, above(), [
      form.purposes.length > 0 && button("choose", form.words.choose, () => { opened = true; show("choose", true); }),
      button("close", form.words.ok, leave)]],
  };
  const pill = () =>
    (form.purposes.length > 0 || form.guardian.length > 0) &&
    el("section", { class: "pill", "aria-label": form.words.region, "data-position": told.position },
      form.gpc && el("span", { class: "tag" }, form.words.honoured),
      button("privacy", form.words.privacy, open),
      consents().some((one) => one.on) && button("withdraw_all", form.words.withdraw_all, withdraw));

  function show(next, focus) {
    layer = next;
    if (layer) {
      const [title, inside, acts] = LAYERS[layer]();
      stage.replaceChildren(
        el("section", { class: "panel", role: "region", "aria-label": form.words.region, "data-layer": layer, keydown: escape },
          el("div", { class: "inside" }, el("h2", { tabindex: "-1" }, title), inside),
          el("div", { class: "acts" }, acts)));
    } else stage.replaceChildren(...[pill()].filter(Boolean));
    stage.lang = form.language;
    room();
    if (focus) (find("h2") || find(".privacy"))?.focus({ preventScroll: true });
  }
  // The end of the page, and what has the focus, stay in sight while the panel is there.
  const below = new CSSStyleSheet();
  function room() {
    const high = find(".panel")?.offsetHeight || 0;
    below.replaceSync(high && high < innerHeight * 0.7 ? `html{scroll-padding-bottom:${high + 24}px}body{margin-bottom:${high + 24}px}` : "");
  }
  function open() {
    if (!form) return;
    back = document.activeElement === host ? null : document.activeElement;
    opened = true;
    show("choose", true);
  }
  function leave() {
    if (!opened && layer === "choose") return show("ask", true);
    const asking = asked().length > 0 && layer === "told";
    opened = false;
    show(asking ? "ask" : "", true);
    if (back && back.isConnected && back !== document.body && !asking) back.focus();
    back = null;
  }
  // Nothing is said by leaving: Escape shows less, and records nothing.
  function escape(event) {
    if (event.key === "Escape" && layer !== "ask") leave();
  }

  // What is said. --------------------------------------------------------------------------------------------------------

  const answer = (each, allow) => ({
    purpose: each.purpose, allow, notice: each.notice?.digest, language: each.notice?.language,
    conflict_shown: allow && each.stopped && layer === "choose",
  });
  const written = () => (find("#year")?.value || "").trim();
  const aged = () => /^\d{4}$/.test(written());
  const miss = (message, field) => {
    find("#wrong").textContent = message;
    if (field) { field.setAttribute("aria-invalid", "true"); field.focus(); }
  };
  function all(allow) {
    if (!allow) return tell({ control: "refuse_all", answers: (layer === "ask" ? asked() : form.purposes).map((one) => answer(one, false)) });
    const wanted = (layer === "ask" ? asked() : consents()).filter((one) => !one.stopped);
    if (wanted.some((one) => one.needs === "age") && !aged()) return miss(form.words.year_missing, find("#year"));
    return tell({ control: "accept_all", answers: wanted.map((one) => answer(one, true)) });
  }
  function save() {
    const ticked = (one) => find(`[data-purpose="${CSS.escape(one.purpose)}"]`)?.checked || false;
    return tell({ control: "chosen", answers: form.purposes.map((one) => answer(one, one.objects ? !ticked(one) : ticked(one))) });
  }
  function withdraw() {
    return tell({ control: "withdraw_all", answers: consents().filter((one) => one.on).map((one) => answer(one, false)) });
  }
  function grow() {
    if (!aged()) return miss(form.words.year_missing, find("#year"));
    return tell({ year: Number(written()) }, () => show(form.ask || opened ? "choose" : "told", true));
  }
  async function tell(said, then) {
    if (busy) return;
    busy = true;
    stage.setAttribute("aria-busy", "true");
    try {
      const year = aged() ? { year: Number(written()) } : {};
      const before = form.told.length + form.guardian.length;
      form = await say({ ...year, ...said });
      announce();
      others?.postMessage(1);
      if (then) then();
      else {
        const more = form.told.length + form.guardian.length > before;
        opened = more;
        show(more ? "told" : "", true);
        status.textContent = form.words.saved;
      }
    } catch (error) {
      if (!find("#wrong")) { opened = true; show("choose", true); }
      miss(`${form.words.failed} ${error instanceof TypeError || error.name === "AbortError" ? "" : error.message}`);
    } finally {
      busy = false;
      stage.removeAttribute("aria-busy");
    }
  }
  function announce() {
    window.bailee.choices = Object.fromEntries(form.purposes.map((one) => [one.purpose, one.on]));
    window.bailee.gpc = form.gpc;
    const detail = { choices: window.bailee.choices, gpc: form.gpc };
    document.dispatchEvent(new CustomEvent("bailee:choices", { detail }));
  }

  // When it comes, and comes back. -----------------------------------------------------------------------------------------

  async function begin(again) {
    let fresh, sudden = false;
    try {
      fresh = await read();
      if (gpc && (!fresh.heard || !cookie(SIGNAL))) {
        fresh = await say({});
        sudden = fresh.conflict;
      }
    } catch (error) {
      console.warn(`bailee: nothing is allowed, because ${server} cannot be asked: ${error.message}`);
      return;
    }
    if (!gpc && cookie(SIGNAL)) keep(SIGNAL, "", 0);
    const same = form && JSON.stringify({ ...fresh, words: 0 }) === JSON.stringify({ ...form, words: 0 });
    form = fresh;
    if (same) return;
    announce();
    if (again && opened && layer) {
      show(layer, false);
      status.textContent = form.words.changed_elsewhere;
    } else show(form.ask ? "ask" : sudden ? "told" : "", false);
  }
  const others = "BroadcastChannel" in window ? new BroadcastChannel("bailee") : null;

  function start() {
    const style = new CSSStyleSheet();
    style.replaceSync(CSS_TEXT);
    root.adoptedStyleSheets = [style];
    root.append(stage, status);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, below];
    document.body.prepend(host);
    addEventListener("resize", room);
    addEventListener("pageshow", (event) => event.persisted && begin(true));
    if (others) others.onmessage = () => begin(true);
    document.addEventListener("click", (event) => {
      const asks = event.target instanceof Element && event.target.closest("[data-bailee=open]");
      if (asks) { event.preventDefault(); open(); }
    });
    begin(false);
  }

  const DARK = `--paper:var(--bailee-paper,#1c201e);--ink:var(--bailee-ink,#ecefec);--soft:var(--bailee-soft,#b3bdb7);
    --line:var(--bailee-line,#4a524d);--wash:#262c29;--accent:var(--bailee-accent,#7fd3b0);--on:var(--bailee-accent-ink,#0d1f18);
    --bad:#ff9e99;color-scheme:dark;`;
  const CSS_TEXT = `
:host{all:initial!important;display:block!important;position:fixed!important;inset:auto 0 0 0!important;z-index:2147483647!important;
  pointer-events:none!important;visibility:visible!important;opacity:1!important;transform:none!important;filter:none!important;
  width:auto!important;height:auto!important;margin:0!important;clip-path:none!important;contain:layout style!important}
*{box-sizing:border-box}
.stage{--paper:var(--bailee-paper,#fff);--ink:var(--bailee-ink,#1c211f);--soft:var(--bailee-soft,#56605b);--line:var(--bailee-line,#d3d0c7);
  --wash:#f4f2ec;--accent:var(--bailee-accent,#1c6b50);--on:var(--bailee-accent-ink,#fff);--bad:#a3262a;--radius:var(--bailee-radius,10px);
  color-scheme:light;font:16px/1.5 var(--bailee-font,system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif);
  color:var(--ink);text-align:start;overflow-wrap:anywhere}
@media(prefers-color-scheme:dark){.stage:not([data-theme=light]){${DARK}}}
.stage[data-theme=dark]{${DARK}}
.panel,.pill{pointer-events:auto;background:var(--paper);border:1px solid var(--line)}
.panel{display:flex;flex-direction:column;max-width:46rem;max-height:min(86vh,44rem);max-height:min(86dvh,44rem);margin:0 auto 1rem;
  border-radius:calc(var(--radius)*1.4);box-shadow:0 6px 32px rgb(0 0 0/.22)}
.inside{overflow:auto;overscroll-behavior:contain;padding:1.25rem 1.5rem .25rem}
.acts{border-top:1px solid var(--line);display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:.6rem;padding:1rem 1.5rem 1.25rem}
.acts>:nth-child(n+3):last-child:nth-child(odd),.acts>:only-child{grid-column:1/-1}
h2{font-size:1.3rem;line-height:1.25;margin:0 0 .5rem;outline-offset:4px}
h3{font-size:1.05rem;line-height:1.3;margin:0 0 .25rem}
p{margin:0 0 .7rem}ul{margin:0 0 .7rem;padding-inline-start:1.2rem}.titles{list-style:none;padding:0}
.titles>li{border-top:1px solid var(--line);padding:.7rem 0 .2rem}.titles p{margin-bottom:.35rem}.title{font-size:1.03rem}
.card{border:1px solid var(--line)!important;border-radius:var(--radius);padding:.9rem 1rem .5rem!important;margin-bottom:.7rem}
.soft{color:var(--soft);font-size:.93rem}a{color:var(--accent)}
.row{display:flex;flex-wrap:wrap;gap:.4rem 1.2rem;align-items:center;margin-bottom:.4rem}
label{font-weight:600;display:inline-flex;align-items:center;gap:.6rem;min-height:2.75rem;cursor:pointer}
input[type=checkbox]{width:1.5rem;height:1.5rem;margin:0;accent-color:var(--accent);flex:none}
.state{color:var(--soft)}
.year{background:var(--wash);border-radius:var(--radius);padding:.5rem 1rem .4rem;margin:0 0 .8rem}.year p{margin:.1rem 0 .3rem}
#year{font:inherit;color:inherit;background:var(--paper);width:7rem;min-height:2.75rem;padding:.3rem .7rem;border:1.5px solid var(--soft);border-radius:8px}
#year[aria-invalid]{border-color:var(--bad)}
details{margin:0 0 .5rem}summary{cursor:pointer;min-height:1.75rem;padding:.1rem 0;color:var(--accent);width:fit-content}
.notice{background:var(--wash);border-radius:var(--radius);padding:.8rem 1rem .2rem;font-size:.95rem}.lines{white-space:pre-line}
.told,.honoured,.news{border:1px solid var(--line);border-inline-start:4px solid var(--accent);border-radius:6px;padding:.5rem .8rem;background:var(--wash)}
.told p:last-of-type,.news ul{margin-bottom:.2rem}.news{margin:.2rem 0 .5rem}
.wrong{color:var(--bad);font-weight:600}.wrong:empty{display:none}
button{font:inherit;font-weight:600;min-height:2.75rem;padding:.45rem .9rem;border-radius:8px;border:1.5px solid var(--accent);
  background:var(--paper);color:var(--accent);cursor:pointer;text-align:center}
.refuse_all,.accept_all{background:var(--accent);color:var(--on)}
button:hover{text-decoration:underline;text-underline-offset:.2em}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:6px}
[aria-busy] button{cursor:progress}
.tag{font-size:.85rem;font-weight:600;border:1px solid currentColor;border-radius:99px;padding:.05rem .6rem;color:var(--accent);margin:0 .3rem}
.pill{display:flex;flex-wrap:wrap;align-items:center;gap:.2rem;width:fit-content;max-width:calc(100% - 1.5rem);margin:0 .75rem .75rem;
  padding:.15rem;border-radius:calc(var(--radius) + .15rem);box-shadow:0 2px 10px rgb(0 0 0/.18)}
.pill[data-position=end]{margin-inline-start:auto}
.pill button{min-height:2.25rem;padding:.2rem .7rem;font-size:.9rem;border-color:transparent}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap;margin:0}
@media(max-width:32rem){.panel{margin:0;max-height:82vh;max-height:82dvh;border-width:1px 0 0;border-radius:var(--radius) var(--radius) 0 0}
  .inside{padding:1rem 1rem .2rem}.acts{padding:.7rem 1rem .9rem;gap:.5rem}button{padding-inline:.4rem}h2{font-size:1.15rem}
  [data-layer=ask] .titles>li{padding-top:.5rem}[data-layer=ask] .why{display:none}}
@media(max-height:24rem){.panel{display:block;overflow:auto;max-height:100vh;margin-bottom:0}.inside{overflow:visible}}
@media print{:host{display:none!important}}
@media(forced-colors:active){button{border:2px solid}}`;

  window.bailee = { open, choices: null, gpc };
  if (document.body) start();
  else document.addEventListener("DOMContentLoaded", start);
})();
