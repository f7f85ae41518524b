"""Notices at the gate: written from today's terms, registered with a leaf each, and compared in a customer's words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import bailee
from bailee.errors import FactRejected
from bailee.gate.gate import Gate
from bailee.policy.wording import languages
from tests.gate.shop import Clock


def test_what_is_registered_is_what_is_shown(gate: Gate) -> None:
    """The text by its digest is the text that was written, and whoever agrees under it stands."""
    written, receipt = gate.register_notices("offers", languages=["es"])[0]
    assert gate.write_notice("offers", language="es") == written
    assert written.text == gate.notice_text(receipt.digest)
    assert "Solo lo hacemos si dices que s\u00ed." in gate.notice_text(receipt.digest)
    gate.choose(9, "grant", "offers", instrument="checkbox", notice=receipt.digest, language="es")
    assert gate.may("offers", customer=9)


def test_every_purpose_in_every_language(gate: Gate) -> None:
    """Without names all are registered; the second time nothing is."""
    size = gate.head().size
    first, again = gate.register_notices(), gate.register_notices()
    many = len(languages()) * len(gate.promise.policy.purposes)
    assert [many, many] == [len(first), len(again)]
    assert size + many == gate.head().size
    assert [None] * many == [receipt.position for _, receipt in again]
    leaves = [gate.leaf(receipt.position) for _, receipt in first if receipt.position is not None]
    assert [(receipt.digest, receipt.terms, each.purpose) for each, receipt in first] == [
        (leaf["notice"], leaf["terms"], leaf["purpose"]) for leaf in leaves
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda gate: gate.write_notice("ofers"), "did you mean `offers`"),
        (
            lambda gate: gate.write_notice("offers", language="fr"),
            "no notice can be written in `fr`, expected `en` or `es`",
        ),
        (lambda gate: gate.register_notices("offers", "nothing"), "there is no purpose `nothing`"),
        (lambda gate: gate.notice_text("sha256:0"), "there is no registered notice `sha256:0`"),
        (lambda gate: gate.compare_notices("sha256:0", "sha256:1"), "there is no registered notice `sha256:0`"),
    ],
)
def test_what_cannot_be_written(gate: Gate, call: Callable[[Gate], object], message: str) -> None:
    """It is said what was found and what to do, and nothing is recorded."""
    size = gate.head().size
    with pytest.raises(FactRejected, match=message):
        call(gate)
    assert size == gate.head().size


def test_two_notices_are_compared(home: Path, clock: Clock) -> None:
    """Also where the recipient is not in the policy any more; other words for the same terms are no change."""
    policy = home / "policy.yaml"
    with bailee.open(home, clock=clock) as gate:
        old = gate.register_notices("research", languages=["en"])[0][1].digest
    text = policy.read_text(encoding="utf-8")
    clock.forward(days=1)
    text = text.replace("recipients: [insurer, supplier]", "recipients: [insurer]")
    text = text.replace("  supplier: {title: Supplier, industry: food, place: US-MA}\n", "")
    policy.write_text(text.replace("min_group: 3", "min_group: 2"), encoding="utf-8")
    with bailee.open(home, clock=clock) as gate:
        (_, new), (_, other) = gate.register_notices("research")
        assert [
            "Smaller groups: figures may be about 2 people, instead of at least 3.",
            "Supplier no longer gets it.",
        ] == [each.sentence for each in gate.compare_notices(old, new.digest)]
        assert ["Supplier ya no lo recibe."] == [
            each.sentence for each in gate.compare_notices(old, new.digest, language="es")[1:]
        ]
        assert () == gate.compare_notices(new.digest, other.digest)
        offers = gate.register_notices("offers", languages=["en"])[0][1].digest
        with pytest.raises(FactRejected, match="expected two of one purpose"):
            gate.compare_notices(old, offers)
