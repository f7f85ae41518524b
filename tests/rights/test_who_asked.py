"""Who asked for a use, as the customer is told: by role, never by name, and only as certain as the proof makes it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping

import pytest

import bailee
from bailee.gate import askers
from bailee.gate.askers import Asker
from bailee.gate.gate import Gate
from bailee.ledger.verify_note import read_vkey
from bailee.ledger.verify_proof import verify_proof
from bailee.policy.model import Policy
from bailee.rights import uses
from bailee.rights.copying import copy
from tests.gate.shop import MARKETING, ORDERS

SIGNED_IN = bailee.Actor(
    "Zelda Quill", frozenset({"marketing", "Zelda Quill of the fourth floor"}), self_declared=False
)
NOBODY = bailee.Actor("Zelda Quill")


def asked(gate: Gate, customer: str = "1") -> list[Asker | None]:
    return [each.asker for each in uses.timeline(gate, customer, every=True).uses]


def test_a_question_about_everybody_is_the_companys_word(gate: Gate) -> None:
    """Its proof opens nothing, so the role by which the purpose admitted somebody is told and not proved."""
    gate.ask(ORDERS, purpose="campaigns", actor=MARKETING)
    assert [Asker(("Marketing",), declared=True, own=False, proved=False)] == asked(gate)


def test_a_look_at_one_person_is_proved(gate: Gate) -> None:
    """The proof of a use about them alone opens the record, and by the independent verifier that says the same role."""
    gate.may("campaigns", customer="1", actor=SIGNED_IN)
    assert [Asker(("Marketing",), declared=False, own=False, proved=True)] == asked(gate)
    (use,) = uses.timeline(gate, "1", every=True).uses
    proved = verify_proof(use.proof, [read_vkey(gate.ledger.vkeys()[0])])
    assert "marketing" in proved.record["actor"]["roles"]


def test_words_that_are_no_role_are_not_told(gate: Gate) -> None:
    """Whatever else stood for a role, such as somebody's name, is left out; nobody's role is said as such."""
    gate.ask(ORDERS, purpose="offers", actor=SIGNED_IN)
    gate.ask(ORDERS, purpose="offers", actor=NOBODY)
    assert [((), True), (("Marketing",), False)] == [(each.roles, each.declared) for each in asked(gate) if each]


def test_a_minute_of_a_checker_is_whoevers_opened_it(gate: Gate) -> None:
    """The entry that closes a minute has no actor of its own: it is told by the one that opened it."""
    check = gate.checker("campaigns", actor=MARKETING)
    check("1")
    check.close()
    (use,) = uses.timeline(gate, "1", every=True).uses
    assert ("points_closed", Asker(("Marketing",), declared=True, own=False, proved=False)) == (use.kind, use.asker)


def test_a_refused_use_says_who_tried(gate: Gate) -> None:
    """Somebody whom the purpose does not admit is told by the roles that the policy knows."""
    with pytest.raises(bailee.Refused):
        gate.ask(ORDERS, purpose="campaigns", actor=NOBODY)
    assert [Asker((), declared=True, own=False, proved=False)] == asked(gate)


@pytest.mark.parametrize("record", [None, {}, {"use": {"purpose": "offers"}}, {"actor": "Zelda Quill"}])
def test_an_entry_that_says_nothing_of_it_is_told_so(gate: Gate, record: Mapping[str, object] | None) -> None:
    """A record that is gone, or of a time when no actor was written, is told as not recorded; so without its policy."""
    policy: Policy = gate.promise.policy
    assert askers.of(record, policy, proved=False) is None
    assert askers.of({"actor": {"roles": ["marketing"]}}, None, proved=False) is None


@pytest.mark.parametrize(("language", "word"), [("en", "by the word of Marigold Grocers"), ("es", "lo dice Marigold")])
def test_the_copy_says_it_too(gate: Gate, language: str, word: str) -> None:
    """The timeline's files and the page to read say who asked in the reader's language, and none of them a name."""
    gate.ask(ORDERS, purpose="campaigns", actor=MARKETING)
    file = io.BytesIO()
    copy(gate, "1", file, language=language)
    found = zipfile.ZipFile(file)
    rows = json.loads(found.read("uses/timeline.json"))
    campaign = next(each for each in rows if each["purpose"] == "campaigns")
    told = {name: campaign[name] for name in ("asked_by", "asked_by_declared", "asked_by_proved", "own_request")}
    assert {"asked_by": "Marketing", "asked_by_declared": True, "asked_by_proved": False, "own_request": False} == told
    assert {True} == {each["own_request"] for each in rows if each["purpose"] == "answer_requests"}
    page = found.read("index.html").decode()
    assert word in page
    for name in ("index.html", "uses/timeline.json", "uses/timeline.csv"):
        assert b"Zelda" not in found.read(name), name
