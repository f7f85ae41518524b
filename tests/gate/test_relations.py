"""Holds, restrictions and guardians at the gate: each with its leaf, honoured at once, or not taken at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import bailee
from bailee.errors import FactRejected
from bailee.gate.gate import Gate
from bailee.ledger import log
from tests.gate.shop import POLICY, Clock, grant, last, notice
from tests.gate.test_erasing import LAWFUL


@pytest.fixture
def lawful(home: Path, clock: Clock) -> Iterator[Gate]:
    """The shop, with a purpose on a legal obligation, and another that children need a guardian for."""
    policy = POLICY.replace(b"\nrecipients:\n", LAWFUL).replace(
        b"    roles: [marketing]\n", b"    roles: [marketing]\n    who: {guardian_below: 16}\n"
    )
    (home / "policy.yaml").write_bytes(policy)
    with bailee.open(home, clock=clock) as gate:
        yield gate


def subjects(gate: Gate) -> list[int]:
    """Whom the newest entry's record is about."""
    size = gate.head().size
    with gate.database.read() as connection:
        return log.subjects(connection, size - 1, size)[size - 1]


def test_a_hold_keeps_a_part_until_it_ends(lawful: Gate) -> None:
    """Its reason is sealed; who was erased meanwhile stands for it alone, and is due when it ends."""
    receipt = lawful.hold(3, "tax", "audit of 2026")
    leaf, record = last(lawful)
    assert (lawful.head().size - 1, {"at", "commitment", "kind", "change"}) == (receipt.position, set(leaf))
    assert ("customer", "held") == (leaf["kind"], leaf["change"])
    assert {"customer": "3", "change": "held", "what": "hold", "purpose": "tax", "why": "audit of 2026"} == record
    assert [3] == subjects(lawful)
    (erased,) = lawful.erase(3).erased
    assert (False, ["audit of 2026"]) == (erased.whole, [hold.why for hold in erased.holds])
    assert lawful.may("tax", customer=3).permitted
    assert [] == lawful.erasures_due()
    ended = lawful.unhold(3, "tax")
    assert (ended.position, "released") == (lawful.head().size - 1, last(lawful)[0]["change"])
    assert {"customer": "3", "change": "released", "what": "hold", "purpose": "tax"} == last(lawful)[1]
    assert not lawful.may("tax", customer=3).permitted
    assert ["3"] == lawful.erasures_due()
    assert lawful.erase(3).erased[0].whole


def test_a_hold_can_begin_again(lawful: Gate, clock: Clock) -> None:
    """At the same instant or later."""
    for seconds in (0, 0, 5):
        clock.forward(seconds=seconds)
        lawful.hold(3, "tax", f"audit {seconds}")
        assert not lawful.erase(3, dry_run=True).erased[0].whole
        lawful.unhold(3, "tax")
        assert lawful.erase(3, dry_run=True).erased[0].whole


def test_a_restriction_is_honoured_at_once(lawful: Gate) -> None:
    """Nothing but a legal obligation has the data; afterwards what they said counts as before."""
    check = lawful.checker("offers")
    assert check("1").permitted
    lawful.restrict(1)
    assert ("restricted", {"customer": "1", "change": "restricted", "what": "restriction"}) == (
        last(lawful)[0]["change"],
        last(lawful)[1],
    )
    assert [1] == subjects(lawful)
    assert ["restricted"] == [reason.code for reason in check("1").reasons]
    assert check("2").permitted
    assert lawful.may("tax", customer=1).permitted
    lawful.release(1)
    assert {"customer": "1", "change": "released", "what": "restriction"} == last(lawful)[1]
    assert check("1").permitted


def test_only_a_verified_guardian_speaks_for_a_child(lawful: Gate, clock: Clock) -> None:
    """From their verification on and until it ends; the record is about both, so that it goes with either."""
    said = {"instrument": "checkbox", "notice": notice(lawful, "campaigns"), "guardian": "2"}
    with pytest.raises(FactRejected, match="was no verified guardian"):
        lawful.choose(9, "grant", "campaigns", **said)  # type: ignore[arg-type]
    lawful.guardian(9, 2)
    leaf, record = last(lawful)
    assert "changed" == leaf["change"]
    assert {"customer": "9", "change": "changed", "what": "guardian", "guardian": "2", "ended": False} == record
    assert [2, 9] == subjects(lawful)
    lawful.choose(9, "grant", "campaigns", **said)  # type: ignore[arg-type]
    clock.forward(seconds=1)
    ended = lawful.guardian(9, 2, end=True)
    assert last(lawful)[1]["ended"] is True
    with pytest.raises(FactRejected, match="was no verified guardian"):
        lawful.choose(9, "withdraw", "campaigns", guardian="2")
    lawful.erase(2)
    assert lawful.record(ended.position) is None


def refused() -> list[tuple[str, Callable[[Gate], object]]]:
    """Each mistake and its words."""
    why = "audit"
    return [
        ("there is no customer `nobody`", lambda gate: gate.hold("nobody", "tax", why)),
        ("there is no customer `nobody`", lambda gate: gate.unhold("nobody", "tax")),
        ("there is no customer `nobody`", lambda gate: gate.restrict("nobody")),
        ("there is no customer `nobody`", lambda gate: gate.release("nobody")),
        ("there is no customer `nobody`", lambda gate: gate.guardian("nobody", 2)),
        ("there is no customer `nobody`", lambda gate: gate.guardian(2, "nobody")),
        ("there is no purpose `taxes` in the policy: did you mean `tax`", lambda gate: gate.hold(1, "taxes", why)),
        ("only a purpose on a legal obligation holds data", lambda gate: gate.hold(1, "research", why)),
        ("a hold needs its reason in words", lambda gate: gate.hold(1, "tax", " ")),
        ("the reason of a hold has at most 10,000", lambda gate: gate.hold(1, "tax", "x" * 10_001)),
        ("half a surrogate pair", lambda gate: gate.hold(1, "tax", "\ud800")),
        ("half a surrogate pair", lambda gate: gate.restrict("\ud800")),
        ("`7` is held for `tax` already", lambda gate: gate.hold(7, "tax", why)),
        ("`1` is not held for `tax`: nothing holds them", lambda gate: gate.unhold(1, "tax")),
        ("`7` is not held for `offers`: expected one of `tax`", lambda gate: gate.unhold(7, "offers")),
        ("`7` is restricted already, since 2026-11-22", lambda gate: gate.restrict(7)),
        ("`1` is not restricted, so there is nothing to release", lambda gate: gate.release(1)),
        ("`8` is a guardian of `7` already", lambda gate: gate.guardian(7, 8)),
        ("`1` is no guardian of `7`, so there is nothing to end", lambda gate: gate.guardian(7, 1, end=True)),
        ("nobody is their own guardian", lambda gate: gate.guardian(1, 1)),
    ]


def test_what_cannot_be_leaves_nothing(lawful: Gate) -> None:
    """It is refused in words, and neither a fact nor a leaf is there."""
    lawful.hold(7, "tax", "audit")
    lawful.restrict(7)
    lawful.guardian(7, 8)
    before = lawful.head()
    for words, act in refused():
        with pytest.raises(FactRejected, match=words):
            act(lawful)
    assert before == lawful.head()
    assert lawful.may("offers", customer=1).permitted
    assert lawful.erase(1, dry_run=True).erased[0].whole


def test_a_policy_without_an_obligation_holds_nothing(gate: Gate) -> None:
    """And it says so."""
    with pytest.raises(FactRejected, match="which `offers` is not: the policy has none"):
        gate.hold(1, "offers", "audit")


def test_a_leaf_that_cannot_be_written_takes_the_fact_back(lawful: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is on record that the ledger does not know of."""
    grant(lawful, 9)

    def broken(*_: object, **__: object) -> None:
        raise FactRejected("not this one")

    monkeypatch.setattr("bailee.ledger.log.append", broken)
    acts: list[Callable[[Gate], object]] = [
        lambda gate: gate.restrict(9),
        lambda gate: gate.hold(9, "tax", "audit"),
        lambda gate: gate.guardian(9, 8),
    ]
    for act in acts:
        with pytest.raises(FactRejected, match="not this one"):
            act(lawful)
    monkeypatch.undo()
    assert lawful.may("offers", customer=9).permitted
    assert lawful.erase(9, dry_run=True).erased[0].whole
    with pytest.raises(FactRejected, match="is no guardian"):
        lawful.guardian(9, 8, end=True)
