"""`notices write` and `notices compare`: what customers are shown, in plain words."""

from __future__ import annotations

import json

from tests.cli.conftest import Shop

OFFERS = "personal_offers"


def test_a_notice_is_printed_and_nothing_is_recorded(shop: Shop) -> None:
    """In the language asked for, or in every language; as JSON with its sections."""
    before = shop.run("ledger", "head").stdout
    spanish = shop.run("notices", "write", OFFERS, "--language", "es").stdout
    document = json.loads(shop.run("notices", "write", OFFERS, "--json").stdout)["notices"]
    assert "Solo lo hacemos si dices que s\u00ed." in spanish
    assert ["en", "es"] == [each["language"] for each in document]
    assert spanish == document[1]["text"] + "\n"
    assert "What we use" in [section["heading"] for section in document[0]["sections"]]
    assert before == shop.run("ledger", "head").stdout


def test_a_notice_is_registered_and_can_be_cited(shop: Shop) -> None:
    """Its digest is printed with its entry; the second time it is on record already."""
    first = shop.run("notices", "write", OFFERS, "--register", "--language", "en").stdout.splitlines()
    again = shop.run("notices", "write", OFFERS, "--register", "--language", "en").stdout.splitlines()
    assert first[0].startswith("personal_offers, en, ledger entry ")
    assert ["personal_offers, en, on record already", first[1]] == again
    assert 0 == shop.run("choices", "eve", "grant", OFFERS, "--notice", first[1].strip()).exit_code


def test_what_changed_is_said(shop: Shop) -> None:
    """A widened purpose is told as what is new; the same terms in other words as words."""
    old = digest(shop)
    policy = shop.home / "policy.yaml"
    policy.write_text(policy.read_text(encoding="utf-8").replace("keep: 13 months", "keep: 3 years"), encoding="utf-8")
    new = digest(shop)
    assert "Kept longer: 3 years instead of 13 months.\n" == shop.run("notices", "compare", old, new).stdout
    assert "Se guarda m\u00e1s tiempo: 3 a\u00f1os en vez de 13 meses.\n" == (
        shop.run("notices", "compare", old, new, "--language", "es").stdout
    )
    assert "The words have changed. What we may do has not.\n" == (
        shop.run("notices", "compare", shop.notices[OFFERS], old).stdout
    )
    assert "Nothing has changed.\n" == shop.run("notices", "compare", new, new).stdout
    found = json.loads(shop.run("notices", "compare", old, new, "--json").stdout)
    assert [{"kind": "wider", "sentence": "Kept longer: 3 years instead of 13 months."}] == found["changes"]


def digest(shop: Shop) -> str:
    found = json.loads(shop.run("notices", "write", OFFERS, "--register", "--language", "en", "--json").stdout)
    return str(found["notices"][0]["notice"])


def test_a_language_without_a_catalogue_is_told(shop: Shop) -> None:
    """One line, and nothing was registered."""
    done = shop.run("notices", "write", OFFERS, "--language", "fr", "--register")
    assert (1, "") == (done.exit_code, done.stdout)
    assert "no notice can be written in `fr`, expected `en` or `es`" in done.stderr
