// Checks proof files of a Bailee ledger, and receipts of choices, in the browser, offline. Shares nothing with what wrote it: it follows
// spec/ledger.md (L5, L8, L20-L23, L29-L33), C2SP tlog-proof, signed-note and tlog-checkpoint, RFC 9162 2.1.3.2, RFC 8032.
"use strict";
(() => {
  const HEADER = "c2sp.org/tlog-proof@v1", HEIGHT = 32, LONGEST = 16 << 20, LONGEST_NOTE = 1 << 20;
  const MOST_SIGNATURES = 100, LONGEST_PATH = 64, DEEPEST = 900;

  class Failed extends Error {
    constructor(why) { super(why); this.why = why; }
  }
  const must = (holds, why) => { if (!holds) throw new Failed(why); };

  // Bytes ------------------------------------------------------------------------------------------------------------
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const text = (bytes, why) => { try { return strict.decode(bytes); } catch { throw new Failed(why); } };
  const bytes = (string) => { must(string.isWellFormed(), "parts"); return new TextEncoder().encode(string); };
  const joined = (...parts) => {
    const all = new Uint8Array(parts.reduce((sum, each) => sum + each.length, 0));
    let at = 0;
    for (const each of parts) { all.set(each, at); at += each.length; }
    return all;
  };
  const same = (a, b) => a.length === b.length && a.every((byte, place) => byte === b[place]);
  const hex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const unhexed = (string, length) =>
    typeof string === "string" && string.length === 2 * length && /^[0-9a-f]*$/.test(string)
      ? Uint8Array.from(string.match(/../g) ?? [], (pair) => parseInt(pair, 16)) : null;
  const decoded = (string) => {
    // Only the one usual way to spell base64 (RFC 4648, section 4).
    if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(string)) return null;
    const raw = atob(string);
    return btoa(raw) === string ? Uint8Array.from(raw, (each) => each.charCodeAt(0)) : null;
  };
  const wholeNumber = (string) => {
    if (!/^(?:0|[1-9][0-9]{0,15})$/.test(string)) return null;
    const found = Number(string);
    return Number.isSafeInteger(found) ? found : null;
  };
  const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
  const LEAF = Uint8Array.of(0), NODE = Uint8Array.of(1);

  // JSON, strictly: no name twice, and fractions are told from whole numbers --------------------------------------------
  const objectOf = (string, why) => {
    let at = 0;
    const bad = () => { throw new Failed(why); };
    const blank = () => { while (" \t\n\r".includes(string[at]) && at < string.length) at++; };
    const word = (wanted, value) => { if (!string.startsWith(wanted, at)) bad(); at += wanted.length; return value; };
    const quoted = () => {
      const found = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
      found.lastIndex = at;
      const match = found.exec(string) ?? bad();
      at = found.lastIndex;
      return JSON.parse(match[0]);
    };
    const number = () => {
      const found = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
      found.lastIndex = at;
      const match = found.exec(string) ?? bad();
      at = found.lastIndex;
      return match[1] || match[2] ? { fraction: match[0] } : Number(match[0]) + 0;
    };
    const list = (depth) => {
      const made = [];
      at++; blank();
      if (string[at] === "]") { at++; return made; }
      for (;;) {
        made.push(value(depth)); blank();
        if (string[at] === "]") { at++; return made; }
        if (string[at++] !== ",") bad();
      }
    };
    const object = (depth) => {
      const made = new Map();
      at++; blank();
      if (string[at] === "}") { at++; return made; }
      for (;;) {
        blank();
        const name = quoted(); blank();
        if (string[at++] !== ":" || made.has(name)) bad();
        made.set(name, value(depth)); blank();
        if (string[at] === "}") { at++; return made; }
        if (string[at++] !== ",") bad();
      }
    };
    const value = (depth) => {
      if (depth > DEEPEST) bad();
      blank();
      switch (string[at]) {
        case "{": return object(depth + 1);
        case "[": return list(depth + 1);
        case '"': return quoted();
        case "t": return word("true", true);
        case "f": return word("false", false);
        case "n": return word("null", null);
        default: return number();
      }
    };
    const found = value(0);
    blank();
    if (at !== string.length || !(found instanceof Map)) bad();
    return found;
  };
  const plain = (value) => {
    if (value instanceof Map) return Object.fromEntries(Array.from(value, ([name, each]) => [name, plain(each)]));
    if (Array.isArray(value)) return value.map(plain);
    return value !== null && typeof value === "object" ? Number(value.fraction) : value;
  };

  // Notes --------------------------------------------------------------------------------------------------------------
  const isName = (name) => name !== "" && !/[+\s\u0000-\u001f\u001c-\u001f\u0085]/u.test(name);

  const readKey = async (line) => {
    const parts = line.trim().split("+");
    must(parts.length >= 3, "key");
    const name = parts[0], id = parts[1], key = decoded(parts.slice(2).join("+"));
    must(isName(name) && key !== null && key.length === 33 && key[0] === 1, "key");
    const made = (await sha256(bytes(`${name}\n`), key)).slice(0, 4);
    must(hex(made) === id, "key");
    return { name, id: hex(made), key: key.slice(1), vkey: line.trim() };
  };
  const readKeys = async (lines) => {
    const found = [];
    for (const line of lines.split(/\r?\n/)) if (line.trim()) found.push(await readKey(line));
    return found;
  };

  const splitNote = (whole) => {
    must(!/[\u0000-\u0009\u000b-\u001f]/.test(whole), "note");
    const gap = whole.lastIndexOf("\n\n");
    must(gap > 0 && whole.endsWith("\n"), "note");
    const lines = whole.slice(gap + 2, -1).split("\n");
    must(whole.length > gap + 2 && lines.length <= MOST_SIGNATURES, "note");
    return [whole.slice(0, gap + 1), lines.map((line) => {
      must(line.startsWith("\u2014 "), "note");
      const parts = line.slice(2).split(" ");
      must(parts.length === 2 && isName(parts[0]), "note");
      const packed = decoded(parts[1]);
      must(packed !== null && packed.length >= 5, "note");
      return { name: parts[0], id: hex(packed.slice(0, 4)), signature: packed.slice(4) };
    })];
  };

  const accepts = async (key, signed, signature) => {
    try {
      const made = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
      return await crypto.subtle.verify({ name: "Ed25519" }, made, signature, signed);
    } catch (error) {
      if (error.name === "NotSupportedError") throw new Failed("browser");
      return false;
    }
  };

  const openCheckpoint = async (note, known) => {
    must(note.length <= LONGEST_NOTE, "note");
    const [said, lines] = splitNote(text(note, "note"));
    const signers = [];
    for (const line of lines) {
      const key = known.find((each) => each.name === line.name && each.id === line.id);
      if (key === undefined) continue;
      must(await accepts(key.key, bytes(said), line.signature), "signature");
      signers.push(key);
    }
    must(signers.length > 0, "signature");
    const parts = said.split("\n");
    must(parts.length >= 4 && parts.at(-1) === "" && parts.slice(0, -1).every((each) => each !== ""), "note");
    const size = wholeNumber(parts[1]), root = decoded(parts[2]);
    must(size !== null && root !== null && root.length === 32, "note");
    const key = signers.find((each) => each.name === parts[0]);
    must(key !== undefined, "origin");
    return { origin: parts[0], size, root, key };
  };

  // Trees --------------------------------------------------------------------------------------------------------------
  const included = async (leaf, position, size, path, root) => {
    if (!(position >= 0 && position < size)) return false;
    // Halved by division: a position may need more than 32 bits.
    let index = position, last = size - 1, found = await sha256(LEAF, leaf);
    const half = (number) => Math.floor(number / 2);
    for (const beside of path) {
      if (last === 0) return false;
      if (index % 2 === 1 || index === last) {
        found = await sha256(NODE, beside, found);
        while (index % 2 === 0 && index !== 0) { index = half(index); last = half(last); }
      } else {
        found = await sha256(NODE, found, beside);
      }
      index = half(index); last = half(last);
    }
    return last === 0 && same(found, root);
  };

  const placeOf = (part, why) => {
    const place = part.get("position");
    must(Number.isInteger(place) && place >= 0 && place < 2 ** HEIGHT, why);
    return place;
  };
  const pathOf = (part, why) => {
    const steps = part.get("path");
    must(Array.isArray(steps) && steps.length === HEIGHT, why);
    return steps.map((step) => {
      if (step === null) return null;
      const found = unhexed(step, 32);
      must(found !== null, why);
      return found;
    });
  };
  const leads = async (leaf, field, place, found, path, why) => {
    const root = leaf.get(field);
    must(typeof root === "string", why);
    let empty = new Uint8Array(32), index = place;
    for (const step of path) {
      const beside = step ?? empty;
      found = index % 2 === 1 ? await sha256(NODE, beside, found) : await sha256(NODE, found, beside);
      empty = await sha256(NODE, empty, empty);
      index = Math.floor(index / 2);
    }
    must(hex(found) === root, why);
  };

  // Parts of a proof ---------------------------------------------------------------------------------------------------
  const opened = async (leaf, part) => {
    const random = unhexed(part.get("random"), 32), record = part.get("record");
    must(random !== null && typeof record === "string", "record");
    const key = await crypto.subtle.importKey("raw", random, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    const made = new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes(record)));
    must(leaf.get("commitment") === hex(made), "record");
    return objectOf(record, "record");
  };

  const standingOf = async (leaf, part) => {
    const place = placeOf(part, "standing"), value = part.get("value") ?? null, given = part.get("nonce") ?? null;
    let found = new Uint8Array(32), holds = [], until = null;
    if (!(value === null && given === null)) {
      const nonce = unhexed(given, 32);
      must(nonce !== null && typeof value === "string", "standing");
      found = await sha256(LEAF, nonce, bytes(value));
      const said = objectOf(value, "standing");
      holds = said.get("holds"); until = said.get("until") ?? null;
      must(Array.isArray(holds) && holds.every((each) => typeof each === "string"), "standing");
      must(until === null || typeof until === "string", "standing");
    }
    await leads(leaf, "standing_root", place, found, pathOf(part, "standing"), "standing");
    return { place, holds, until };
  };

  const setOf = async (leaf, part) => {
    const place = placeOf(part, "set"), bit = part.get("bit") ?? null, given = part.get("nonce") ?? null;
    let found = new Uint8Array(32);
    if (!(given === null && bit === null)) {
      const nonce = unhexed(given, 16);
      must(nonce !== null && (bit === 0 || bit === 1), "set");
      found = await sha256(LEAF, nonce, Uint8Array.of(bit));
    }
    await leads(leaf, "customers", place, found, pathOf(part, "set"), "set");
    return { place, included: bit === 1 };
  };

  const rowOf = async (leaf, part) => {
    const place = placeOf(part, "row"), random = unhexed(part.get("random"), 32), record = part.get("record");
    must(random !== null && typeof record === "string", "row");
    const steps = part.get("path");
    must(Array.isArray(steps), "row");
    const path = steps.map((step) => { const found = unhexed(step, 32); must(found !== null, "row"); return found; });
    const rows = leaf.get("count"), root = unhexed(leaf.get("root"), 32);
    must(leaf.get("kind") === "choices_imported" && Number.isInteger(rows) && root !== null, "row");
    must(await included(joined(random, bytes(record)), place, rows, path, root), "row");
    return { place, rows, record: objectOf(record, "row") };
  };

  // An instant in microseconds, of a time with its zone (RFC 3339).
  const instant = (said) => {
    const match = typeof said === "string"
      ? /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:Z|([+-])(\d\d):(\d\d))$/.exec(said) : null;
    must(match !== null, "time");
    const [, year, month, day, hour, minute, second, part, sign, hours, minutes] = match;
    const at = new Date(0);
    at.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
    at.setUTCHours(Number(hour), Number(minute), Number(second));
    must(at.toISOString().slice(0, 19) === said.slice(0, 19), "time");
    const away = sign ? (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000 : 0;
    return BigInt(at.getTime() - away) * 1000n + BigInt((part ?? "").padEnd(6, "0"));
  };

  const readProof = (data) => {
    must(data.length <= LONGEST, "file");
    const gap = data.findIndex((byte, place) => byte === 10 && data[place + 1] === 10);
    must(gap > 0 && gap + 2 < data.length, "file");
    const before = data.subarray(0, gap);
    must(before.every((byte) => byte < 128), "file");
    const lines = text(before, "file").split("\n");
    must(lines.shift() === HEADER, "file");
    let extra = null;
    if (lines[0]?.startsWith("extra ")) {
      extra = decoded(lines.shift().slice("extra ".length));
      must(extra !== null, "base64");
    }
    must(lines[0] !== undefined, "file");
    const line = lines.shift();
    const position = wholeNumber(line.startsWith("index ") ? line.slice("index ".length) : line);
    must(position !== null, "file");
    const path = lines.map(decoded);
    must(path.length <= LONGEST_PATH && path.every((step) => step !== null && step.length === 32), "path");
    return { position, path, checkpoint: data.subarray(gap + 2), extra };
  };

  const partsOf = (extra) => {
    const found = objectOf(text(extra, "parts"), "parts");
    const names = ["leaf", "opening", "standing", "set", "row"];
    must(typeof found.get("leaf") === "string" && Array.from(found.keys()).every((name) => names.includes(name)), "parts");
    for (const name of names.slice(1)) {
      const part = found.get(name) ?? null;
      must(part === null || part instanceof Map, "parts");
      found.set(name, part);
    }
    return found;
  };

  // What a proof proves; Failed, which says why, where it proves nothing.
  const verify = async (data, keys, tell = () => {}) => {
    const proof = readProof(data);
    must(proof.extra !== null, "file");
    tell("file");
    const known = typeof keys === "string" ? await readKeys(keys) : keys;
    const checkpoint = await openCheckpoint(proof.checkpoint, known);
    tell("signature");
    const parts = partsOf(proof.extra), raw = bytes(parts.get("leaf"));
    must(await included(raw, proof.position, checkpoint.size, proof.path, checkpoint.root), "tree");
    const leaf = objectOf(parts.get("leaf"), "parts");
    tell("path");
    const standing = parts.get("standing"), set = parts.get("set"), opening = parts.get("opening"), row = parts.get("row");
    if (standing && set) must(placeOf(standing, "standing") === placeOf(set, "set"), "persons");
    const found = { checkpoint, position: proof.position, leaf, record: null, standing: null, set: null, row: null };
    if (standing) { found.standing = await standingOf(leaf, standing); tell("standing"); }
    if (opening) { found.record = await opened(leaf, opening); tell("record"); }
    if (set) { found.set = await setOf(leaf, set); tell("set"); }
    if (row) { found.row = await rowOf(leaf, row); tell("row"); }
    const about = leaf.has("about") ? leaf.get("about") : "all";
    must(about === "all" || about === "some", "parts");
    found.namesWhom = about === "all" || opening !== null;
    found.ranOut = false;
    if (found.standing && found.standing.until !== null) {
      const of = ["as_of", "minute"].find((name) => (leaf.get(name) ?? null) !== null) ?? "at";
      found.ranOut = instant(found.standing.until) <= instant(leaf.get(of));
    }
    found.inScope = scopeOf(found);
    return found;
  };

  const scopeOf = ({ leaf, standing, set, ranOut, namesWhom }) => {
    const purpose = leaf.get("purpose") ?? null, recipient = leaf.get("recipient") ?? null;
    const decision = leaf.has("decision") ? leaf.get("decision") : "answered";
    if (!standing || purpose === null || decision !== "answered") return null;
    if (ranOut) return false;
    const held = standing.holds.includes(recipient === null ? purpose : `${purpose}/${recipient}`);
    if (held && !namesWhom) return null;
    return held && (set === null || set.included);
  };

  // Receipts of choices: a signed document with its proof in one file ---------------------------------------------------
  const SAID = ["act", "at", "channel", "conflict_shown", "customer", "instrument", "language", "notice", "purpose", "recipient"];
  const STATES = { grant: "ConsentGiven", refuse: "ConsentRefused", withdraw: "ConsentWithdrawn", object: "ConsentRefused" };
  const LONGEST_RECEIPT = 4 << 20;

  // RFC 8785: names by their UTF-16 units, numbers as ECMAScript writes them.
  const canonical = (value) => {
    if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
    if (value instanceof Map) {
      return `{${Array.from(value.keys()).sort().map((name) => `${JSON.stringify(name)}:${canonical(value.get(name))}`).join(",")}}`;
    }
    if (value !== null && typeof value === "object") return JSON.stringify(Number(value.fraction));
    return JSON.stringify(value);
  };

  // What a receipt proves, as `verify` says it; Failed too where its words are not those of the ledger's entry.
  const verifyReceipt = async (data, keys, tell = () => {}) => {
    must(data.length <= LONGEST_RECEIPT, "file");
    const whole = objectOf(text(data, "file"), "file");
    const receipt = whole.get("receipt"), signature = whole.get("signature"), proof = whole.get("proof");
    must(whole.get("file") === "bailee receipt 1" && receipt instanceof Map, "file");
    must(signature instanceof Map && typeof proof === "string" && signature.get("algorithm") === "Ed25519", "file");
    const known = typeof keys === "string" ? await readKeys(keys) : keys;
    const named = await readKey(String(signature.get("key"))), value = decoded(String(signature.get("value")));
    const signer = known.find((each) => each.name === named.name && same(each.key, named.key));
    must(signer !== undefined && value !== null, "signature");
    must(await accepts(signer.key, bytes(canonical(receipt)), value), "signature");
    tell("receipt");
    const found = await verify(bytes(proof), known, tell);
    const entry = found.leaf.get("kind") === "choice" ? found.record : found.row?.record ?? null;
    const choice = receipt.get("bailee:choice");
    must(entry !== null && choice instanceof Map, "receipt");
    must(choice.size === SAID.length && SAID.every((name) => choice.has(name)), "receipt");
    must(SAID.every((name) => canonical(choice.get(name)) === canonical(entry.get(name) ?? null)), "receipt");
    if (receipt.get("@type") === "dpv:ConsentReceipt") iso(receipt, choice);
    else kantara(receipt, choice);
    return found;
  };
  const iso = (receipt, choice) => {
    const records = receipt.get("dpv:hasRecordOfActivity");
    must(Array.isArray(records) && records.length === 1 && records[0] instanceof Map, "receipt");
    const subject = records[0].get("dpv:hasDataSubject"), events = records[0].get("dpv:hasConsentStatus");
    must(subject instanceof Map && subject.get("dct:identifier") === choice.get("customer"), "receipt");
    must(Array.isArray(events) && events.length > 0 && events.every((each) => each instanceof Map), "receipt");
    const act = choice.get("act"), interest = `LegitimateInterest${act === "grant" ? "Not" : ""}Objected`;
    for (const event of events) {
      const kind = String(event.get("@type")).replace(/^dpv:/, "");
      must(kind === STATES[act] || kind === interest, "receipt");
      must(event.get("dct:date") === choice.get("at"), "receipt");
      must(["*", event.get("bailee:purpose")].includes(choice.get("purpose")), "receipt");
    }
  };
  const kantara = (receipt, choice) => {
    must(String(receipt.get("version") ?? "").startsWith("KI-CR-v1.1") && choice.get("act") === "grant", "receipt");
    must(receipt.get("piiPrincipalId") === choice.get("customer"), "receipt");
    must(Number.isSafeInteger(receipt.get("consentTimestamp")), "receipt");
    must(BigInt(receipt.get("consentTimestamp")) === instant(choice.get("at")) / 1_000_000n, "receipt");
  };

  const isReceipt = (data) => data[0] === 0x7b;
  window.bailee = { verify, verifyReceipt, Failed, plain };

  // The page -----------------------------------------------------------------------------------------------------------
  const form = document.getElementById("check");
  if (form === null) return;
  const said = JSON.parse(document.getElementById("said").textContent);
  const outcome = document.getElementById("outcome");
  form.hidden = false;

  const made = (tag, content, kind) => {
    const element = document.createElement(tag);
    if (kind) element.className = kind;
    if (typeof content === "string") element.textContent = content;
    else if (content) element.append(...content);
    return element;
  };
  const facts = (pairs) => made("dl", pairs.flatMap(([name, value]) => [made("dt", name), made("dd", String(value))]), "facts");
  const steps = (done) => made("ul", done.map((name) => made("li", `\u2713 ${said[`step_${name}`]}`)), "steps");

  const proved = (found, done) => {
    const { leaf, standing, set, record, row, checkpoint } = found;
    const scope = found.inScope === true ? said.in_scope : found.inScope === false ? said.not_in_scope
      : found.namesWhom ? said.no_scope : said.unnamed;
    const pairs = [[said.entry, found.position], [said.signed_by, checkpoint.key.vkey], [said.size, checkpoint.size]];
    if (standing) {
      pairs.push([said.number, standing.place], [said.holds_purposes, standing.holds.join(", ") || said.none]);
    }
    const told = [made("h2", said.holds), made("p", what(leaf, record ?? row?.record))];
    if (standing && !row) told.push(made("p", scope, "scope"));
    if (found.ranOut) told.push(made("p", said.ran_out));
    if (set) told.push(made("p", set.included ? said.in_set : said.not_in_set));
    const shown = [made("div", told, "told good"), steps(done), made("h3", said.proved), facts(pairs)];
    if (record) {
      const told = new Map(record), heldBack = told.delete("aside");
      shown.push(made("h3", said.record), facts(lines(told)));
      if (heldBack) shown.push(made("p", said.aside));
    }
    if (row) shown.push(made("h3", said.row), facts(lines(row.record)));
    shown.push(made("details", [made("summary", said.leaf), facts(lines(leaf))]));
    return shown;
  };
  // For what and when, as a person says it; both are what was proved.
  const what = (leaf, record) => {
    const purpose = leaf.get("purpose") ?? record?.get("purpose") ?? null;
    const title = purpose === null ? leaf.get("kind") : said.titles[purpose] ?? purpose;
    const at = new Date(leaf.get("at"));
    const when = Number.isNaN(at.getTime()) ? leaf.get("at")
      : at.toLocaleString(document.documentElement.lang, { dateStyle: "long", timeStyle: "long" });
    return `${title} \u00b7 ${when}`;
  };
  const lines = (object) => Array.from(object, ([name, value]) =>
    [name, value !== null && typeof value === "object" ? JSON.stringify(plain(value)) : value ?? "\u2013"]);

  const why = (error) => {
    if (!(error instanceof Failed)) return said.failed_file;
    return error.why === "browser" ? said.no_browser : said[`failed_${error.why}`];
  };
  const refuse = (message, done) =>
    outcome.replaceChildren(made("div", [made("h2", said.fails), made("p", message)], "told bad"), steps(done));

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const file = document.getElementById("file").files[0], keys = document.getElementById("keys").value;
    if (file === undefined || !keys.trim()) {
      outcome.replaceChildren(made("div", [made("p", file === undefined ? said.choose : said.no_keys)], "told warn"));
      return;
    }
    outcome.replaceChildren(made("p", `${said.working}\u2026`));
    const done = [];
    try {
      must(globalThis.crypto?.subtle, "browser");
      const data = new Uint8Array(await file.arrayBuffer());
      outcome.replaceChildren(...proved(await (isReceipt(data) ? verifyReceipt : verify)(data, keys, (step) => done.push(step)), done));
    } catch (error) {
      refuse(why(error), done);
    }
  });
})();
