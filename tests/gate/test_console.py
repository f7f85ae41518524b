"""What the gate tells the people who run a workspace, and how it records that somebody looked at a customer."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import bailee
from tests.gate import shop

ANA = bailee.Actor("Ana", frozenset({"marketing"}), self_declared=False)
READS = b"reads: {user.unique_id: clear, user.contact.email: clear,"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop, whose offers read what customers chose."""
    home = tmp_path_factory.mktemp("console") / "shop"
    shop.make(home)
    policy = (home / "policy.yaml").read_bytes()
    (home / "policy.yaml").write_bytes(policy.replace(READS, READS + b" user.privacy_preferences: clear,", 1))
    with bailee.open(home):
        pass
    return home


@pytest.fixture
def gate(made: Path, tmp_path: Path) -> Iterator[bailee.Gate]:
    """A fresh copy, opened."""
    with bailee.open(shutil.copytree(made, tmp_path / "shop")) as opened:
        yield opened


def agreed(gate: bailee.Gate) -> None:
    """Customer 1 agrees to the terms of today."""
    notice = gate.add_notice("offers", "We also look at what you chose.")
    gate.choose(1, "grant", "offers", instrument="checkbox", notice=notice.digest)


def test_a_look_at_choices_is_recorded_about_that_customer_alone(gate: bailee.Gate) -> None:
    """Whoever may look sees each act, and the ledger has a use about that customer, which derives again."""
    agreed(gate)
    found, entry = gate.look(1, "offers", actor=ANA)
    assert [each.act for each in found if each.purpose == "offers"] == ["grant", "grant"]
    leaf, record = gate.leaf(entry), gate.record(entry)
    assert (leaf["kind"], leaf["purpose"], leaf["decision"], leaf["about"]) == ("use", "offers", "answered", "some")
    assert record is not None
    assert (record["question"], record["customer"], record["actor"]["name"]) == ("choices", "1", "Ana")
    assert gate.replay(entry).agrees


@pytest.mark.parametrize(
    ("customer", "purpose", "actor", "code"),
    [
        ("1", "research", ANA, "not_read"),  # reads no choices
        ("1", "campaigns", bailee.Actor("Bo", self_declared=False), "role_missing"),
        ("1", "nothing", ANA, "unknown_purpose"),
        ("7", "offers", ANA, "refused"),  # said no
        ("nobody", "offers", ANA, "unknown_customer"),
    ],
)
def test_a_look_that_nothing_permits_is_refused_and_recorded(
    gate: bailee.Gate, customer: str, purpose: str, actor: bailee.Actor, code: str
) -> None:
    """No purpose that reads choices, no role, no such customer or one who refused: nothing is shown."""
    with pytest.raises(bailee.Refused) as refused:
        gate.look(customer, purpose, actor=actor)
    assert code in shop.codes(refused.value)
    assert refused.value.receipt is not None
    assert gate.leaf(refused.value.receipt)["decision"] == "refused"
    assert gate.replay(refused.value.receipt).agrees


def test_who_may_look(gate: bailee.Gate) -> None:
    """Only purposes that read choices are offered."""
    assert gate.may_look(ANA) == ("offers",)


def test_what_a_purpose_may_see(gate: bailee.Gate) -> None:
    """Each column has its treatment and, where it is not clear, a reason; a table of nobody's is clear."""
    found = {table.name: table for table in gate.visible("research", recipient="insurer", actor=ANA)}
    orders = {column.name: column.treatment.name for column in found["orders"].columns}
    assert orders == {"customer_id": "PSEUDONYM", "total": "AGGREGATE", "coupon": "AGGREGATE", "placed": "AGGREGATE"}
    assert (found["customers"].empty, found["products"].personal, found["orders"].grouped) == (True, False, True)
    assert all(column.reason is not None for column in found["customers"].columns if column.treatment != 0)
    with pytest.raises(bailee.Refused):
        gate.visible("premium", actor=ANA)


def test_figures_count_what_was_said_and_asked(gate: bailee.Gate) -> None:
    """Acts by purpose and day, uses and refusals: as many as were made."""
    gate.ask(shop.ORDERS, purpose="offers", actor=ANA)
    for _ in range(2):
        with pytest.raises(bailee.Refused):
            gate.ask("SELECT ssn FROM customers", purpose="offers", actor=ANA)
    found = gate.overview()
    acts = [sum(day.values()) for day in found.choices["offers"].values()]
    uses = {each.purpose: (each.answered, each.refused) for each in found.uses}
    assert (sum(acts), uses["offers"], dict(found.refusals)["column_withheld"]) == (7, (1, 2), 2)
    assert found.status.customers == shop.CUSTOMERS


def test_everybody_sees_their_own_questions_only(gate: bailee.Gate) -> None:
    """What Ana asked is hers; nobody who merely calls themselves Ana sees it, and nobody else does."""
    entry = gate.ask(shop.ORDERS, purpose="offers", actor=ANA).receipt
    gate.ask("SELECT 1", purpose="offers", actor=bailee.Actor("Ana"))
    (mine,) = gate.asked_by(ANA)
    assert (mine.position, mine.question, mine.decision, mine.rows) == (entry, shop.ORDERS, "answered", 0)
    assert gate.asked_by(bailee.Actor("Bo", self_declared=False)) == ()
    assert gate.asked_by(bailee.Actor("Ana")) == ()
    assert gate.own_record(entry, ANA) is not None
    assert gate.own_record(entry, bailee.Actor("Bo", self_declared=False)) is None


def test_versions_on_record_are_compared(gate: bailee.Gate) -> None:
    """The widened reads are told as a change that asks again."""
    old, new = gate.policies()
    (changed,) = gate.compare_policies(old.digest, new.digest).purposes
    assert (old.in_force, new.in_force, changed.key, str(changed.again)) == (False, True, "offers", "ask again")
    assert b"privacy_preferences" in (gate.policy_text(new.digest) or "").encode()
