"""The browser's verifier: it agrees with Python's on proofs good and tampered with, and works from a saved page."""

from __future__ import annotations

import base64
import json
import random
import shutil
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import bailee
from bailee.collect.receipts.issuing import Receipt, receipt, receipts
from bailee.collect.receipts.verify import verify_receipt
from bailee.errors import NotVerified
from bailee.ledger.verify_note import read_vkeys
from bailee.ledger.verify_proof import verify_proof
from tests.browser.test_mine import MARKETING, PURPOSE, QUESTION, somebody
from tests.web.served import Served

ANALYST = bailee.Actor("Ira Moss", frozenset({"analyst"}))
VERIFY = """async ([proofs, keys, by]) => {
  const found = [];
  for (const each of proofs) {
    const data = Uint8Array.from(atob(each), (character) => character.charCodeAt(0));
    try {
      const proved = await window.bailee[by](data, keys);
      const leaf = JSON.stringify(window.bailee.plain(proved.leaf));
      found.push([true, proved.position, proved.inScope, proved.ranOut, leaf]);
    } catch (error) {
      if (!(error instanceof window.bailee.Failed)) throw error;
      found.push([false]);
    }
  }
  return found;
}"""


@pytest.fixture
def proofs(served: Served) -> list[bytes]:
    """Proofs of every kind that one household can have."""
    gate = served.gate
    key, _ = somebody(served)
    gate.ask(QUESTION, purpose=PURPOSE, actor=MARKETING)
    gate.may(PURPOSE, customer=key, actor=MARKETING)
    with_checker = gate.checker(PURPOSE, actor=MARKETING)
    with_checker(int(key))
    with_checker.close()
    gate.choose(key, "withdraw", PURPOSE)
    gate.ask(QUESTION, purpose=PURPOSE, actor=MARKETING)
    with gate.proofs(key) as prover:
        return [prover.prove(each).proof for each in prover.concerns(None, None)]


def pythons(data: bytes, keys: str) -> list[object]:
    """What Python's verifier says."""
    try:
        found = verify_proof(data, read_vkeys(keys.encode()))
    except NotVerified:
        return [False]
    return [True, found.position, found.in_scope, found.had_run_out, found.leaf]


def browsers(page: Page, data: list[bytes], keys: str, by: str = "verify") -> list[list[object]]:
    """What the browser's verifier says of each."""
    told = page.evaluate(VERIFY, [[base64.b64encode(each).decode() for each in data], keys, by])
    return [[*each[:4], json.loads(each[4])] if each[0] else each for each in told]


def tampered(data: bytes, luck: random.Random) -> bytes:
    """A proof changed in one place: a bit, a line, or a value deep within what it carries."""
    how = luck.randrange(5)
    if how == 0:
        place = luck.randrange(len(data))
        return data[:place] + bytes([data[place] ^ 1 << luck.randrange(8)]) + data[place + 1 :]
    lines = data.split(b"\n")
    if how == 1:
        del lines[luck.randrange(len(lines))]
    elif how == 2:
        place = luck.randrange(len(lines))
        lines.insert(place, lines[luck.randrange(len(lines))])
    elif how == 3:
        return data[: luck.randrange(len(data))]
    else:
        place = next(place for place, line in enumerate(lines) if line.startswith(b"extra "))
        document = json.loads(base64.b64decode(lines[place].removeprefix(b"extra ")))
        change(document, luck)
        lines[place] = b"extra " + base64.b64encode(json.dumps(document).encode())
    return b"\n".join(lines)


def change(document: dict[str, object], luck: random.Random) -> None:
    """Change one value, or take it away, or put something of another type there."""
    where = document
    while True:
        name = luck.choice(sorted(where))
        inner = where[name]
        if isinstance(inner, dict) and inner and luck.random() < 0.8:
            where = inner
            continue
        break
    what = luck.randrange(4)
    if what == 0:
        del where[name]
    elif what == 1 and isinstance(inner, str) and inner:
        place = luck.randrange(len(inner))
        where[name] = inner[:place] + luck.choice('0aZ \\"') + inner[place + 1 :]
    else:
        where[name] = luck.choice([None, 0, 1, -1, 1.0, 2**32, "", "0" * 64, [], {}, True, [None] * 32])


def test_it_agrees_with_python(served: Served, proofs: list[bytes], page: Page) -> None:
    """On every proof, and on a thousand that were tampered with, both say the same, scope and leaf included."""
    keys = "\n".join(served.gate.ledger.vkeys())
    page.goto(f"{served.url}/me/check")
    good = browsers(page, proofs, keys)
    assert len(good) >= 6
    assert all(each[0] for each in good)
    assert good == [pythons(each, keys) for each in proofs]
    luck = random.Random(20261130)
    bad = [tampered(luck.choice(proofs), luck) for _ in range(1_000)]
    mine, theirs = browsers(page, bad, keys), [pythons(each, keys) for each in bad]
    differ = [(ours, others, data) for ours, others, data in zip(mine, theirs, bad, strict=True) if ours != others]
    assert differ == []
    assert sum(not each[0] for each in mine) > 900


def test_it_agrees_with_python_on_receipts(served: Served, page: Page) -> None:
    """Receipts of choices by form, signal and file hold; those that were changed fail in both verifiers."""
    gate, keys = served.gate, "\n".join(served.gate.ledger.vkeys())
    key, _ = somebody(served)
    gate.choose(key, "withdraw", PURPOSE)
    gate.choose(key, "refuse", "*", instrument="gpc")
    made = [each.file for each in receipts(gate, key) if isinstance(each, Receipt)]
    grant = next(each.sequence for each in gate.choices(key) if each.act == "grant")
    made.append(receipt(gate, key, grant, form="kantara").file)
    page.goto(f"{served.url}/me/check")
    assert len(made) >= 4
    assert [each[0] for each in browsers(page, made, keys, "verifyReceipt")] == [True] * len(made)
    luck = random.Random(27560)
    bad = [of_receipt(luck.choice(made), luck) for _ in range(300)]
    mine = [each[0] for each in browsers(page, bad, keys, "verifyReceipt")]
    assert mine == [holds(each, keys) for each in bad]
    assert mine.count(False) > 200


def of_receipt(data: bytes, luck: random.Random) -> bytes:
    """A receipt changed in one value, or in one bit."""
    if luck.random() < 0.3:
        place = luck.randrange(len(data))
        return data[:place] + bytes([data[place] ^ 1 << luck.randrange(7)]) + data[place + 1 :]
    document = json.loads(data)
    change(document, luck)
    return json.dumps(document).encode()


def holds(data: bytes, keys: str) -> bool:
    """Whether Python's verifier takes a receipt."""
    try:
        verify_receipt(data, read_vkeys(keys.encode()))
    except NotVerified:
        return False
    return True


def test_it_refuses_other_keys(served: Served, proofs: list[bytes], page: Page) -> None:
    """Another ledger's key, a key whose id was changed, or none, proves nothing."""
    key = served.gate.ledger.vkeys()[0]
    name, _, rest = key.partition("+")
    wrong = [f"other{name}+{rest}", f"{name}+00000000+{rest.partition('+')[2]}", "", "nonsense"]
    page.goto(f"{served.url}/me/check")
    assert [browsers(page, proofs[:1], each) for each in wrong] == [[[False]]] * 4


def test_a_saved_page_works_without_a_network(served: Served, proofs: list[bytes], page: Page, tmp_path: Path) -> None:
    """The page and its script, saved in a folder and opened from there with the network off, check a proof."""
    page.goto(f"{served.url}/me/check")
    script = page.locator("script[src]").get_attribute("src")
    assert script is not None
    (tmp_path / "page.html").write_text(page.content().replace(script, "check.js"), encoding="utf-8")
    shutil.copy(str(files("bailee.web") / "static" / "check.js"), tmp_path / "check.js")
    (tmp_path / "one.tlog-proof").write_bytes(proofs[-1])
    page.context.set_offline(True)
    page.goto(f"file://{tmp_path}/page.html")
    page.get_by_label("The proof or receipt").set_input_files(tmp_path / "one.tlog-proof")
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#outcome")).to_contain_text("This proof holds")


def test_what_fails_is_told_in_words(served: Served, proofs: list[bytes], page: Page, tmp_path: Path) -> None:
    """A changed proof says which step did not hold, a missing one what to do; nothing is sent anywhere."""
    asked: list[str] = []
    page.goto(f"{served.url}/me/check")
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#outcome")).to_have_text("Choose a proof first.")
    lines = proofs[-1].split(b"\n")
    lines[-2] = lines[-2][:-8] + b"AAAAAA=="
    (tmp_path / "bad.tlog-proof").write_bytes(b"\n".join(lines))
    page.get_by_label("The proof or receipt").set_input_files(tmp_path / "bad.tlog-proof")
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#outcome")).to_contain_text("This proof does not hold")
    # A browser asks for the page's own icon when it likes.
    assert [url for url in asked if not url.endswith("/icon.svg")] == []
