"""`bailee people hold`, `unhold`, `restrict`, `release` and `guardian`, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Shop

TAX = """  tax:
    title: Tax records
    use: essential.legal_obligation
    basis: legal_obligation
    law: Ledger Act, section 1
    effects: [serve]
    why: The law asks for it.
    customer_gains: Nothing.
    company_gains: Nothing.
    reads: {user.unique_id: clear}
    keep: 10 years
"""


@pytest.fixture
def lawful(shop: Shop) -> Shop:
    """The shop with a purpose on a legal obligation."""
    policy = shop.home / "policy.yaml"
    policy.write_text(
        policy.read_text(encoding="utf-8").replace("purposes:\n", f"purposes:\n{TAX}", 1), encoding="utf-8"
    )
    return shop


def permitted(shop: Shop, customer: str, purpose: str) -> bool:
    return shop.run("may", customer, "--purpose", purpose).exit_code == 0


def test_a_hold_and_its_end(lawful: Shop, tmp_path: Path) -> None:
    """Said with its entry; an erasure names its reason and keeps that part; its end says what is due."""
    done = lawful.run("people", "hold", "ada", "tax", "--why", "audit of 2026")
    assert 0 == done.exit_code, done.output
    held, entry = done.stdout.splitlines()
    assert "`ada` is held for `tax`" == held
    leaf = json.loads(lawful.run("ledger", "explain", entry.split()[-1], "--json").stdout)
    assert ("held", "audit of 2026") == (leaf["leaf"]["change"], leaf["record"]["why"])
    erased = lawful.run("people", "erase", "ada", "--yes", "--no-vacuum", "--out", tmp_path / "out")
    assert "audit of 2026" in erased.stdout, erased.output
    assert "nobody waits to be erased" in lawful.run("people", "erase", "--due").stdout
    ended = lawful.run("people", "unhold", "ada", "tax")
    assert "`ada` is no longer held for `tax`" == ended.stdout.splitlines()[0], ended.output
    assert "bailee people erase --due" in ended.stdout.splitlines()[-1]


def test_a_restriction_and_its_end(lawful: Shop) -> None:
    """Honoured by the next command."""
    assert permitted(lawful, "ada", "personal_offers")
    assert 0 == lawful.run("people", "restrict", "ada").exit_code
    assert not permitted(lawful, "ada", "personal_offers")
    again = lawful.run("people", "restrict", "ada")
    assert (1, True) == (again.exit_code, "is restricted already" in again.stderr)
    done = json.loads(lawful.run("people", "release", "ada", "--json").stdout)
    assert {"decision", "sequence", "receipt"} == set(done)
    assert permitted(lawful, "ada", "personal_offers")


def test_a_guardian_and_their_end(lawful: Shop) -> None:
    """Who is verified may say something for the child, until that ends."""
    withdraw = ("choices", "bea", "withdraw", "personal_offers", "--guardian", "ada")
    assert 1 == lawful.run(*withdraw).exit_code
    done = lawful.run("people", "guardian", "bea", "ada")
    assert "`ada` is a verified guardian of `bea`" == done.stdout.splitlines()[0], done.output
    assert 0 == lawful.run(*withdraw).exit_code
    done = lawful.run("people", "guardian", "bea", "ada", "--end")
    assert "`ada` is no longer a verified guardian of `bea`" == done.stdout.splitlines()[0], done.output
    assert 1 == lawful.run(*withdraw).exit_code


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("hold", "ada", "tax"), 2, "--why"),
        (("hold", "ada", "personal_offers", "--why", "x"), 1, "only a purpose on a legal obligation holds data"),
        (("hold", "ada", "taxx", "--why", "x"), 1, "did you mean `tax`?"),
        (("hold", "zoe", "tax", "--why", "x"), 1, "there is no customer `zoe`"),
        (("unhold", "ada", "tax"), 1, "`ada` is not held for `tax`: nothing holds them"),
        (("release", "ada"), 1, "`ada` is not restricted"),
        (("guardian", "ada", "ada"), 1, "nobody is their own guardian"),
        (("guardian", "ada", "bea", "--end"), 1, "`bea` is no guardian of `ada`"),
    ],
)
def test_mistakes_are_said_in_words(lawful: Shop, words: tuple[str, ...], status: int, told: str) -> None:
    """One line, no traceback, and nothing is on record."""
    before = lawful.run("ledger", "head", "--json").stdout
    done = lawful.run("people", *words)
    assert (status, True) == (done.exit_code, told in " ".join(done.stderr.split())), done.output
    assert "Traceback" not in done.output
    assert before == lawful.run("ledger", "head", "--json").stdout
