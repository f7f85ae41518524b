"""Law 12. Any past ruling can be derived again.

One workspace lives through policies and maps of every kind, and is asked for everything; then every use in its ledger
is replayed from what is on record, whatever is in force now.
"""

from __future__ import annotations

import random
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bailee
from bailee.errors import BaileeError, NotVerified
from bailee.gate.gate import Gate
from tests.gate.shop import POLICY, Clock, make, opened

PURPOSES = ("offers", "research", "campaigns", "premium", "gone")
ROLES = ("marketing", "sales")
CHANGES = {
    b"keep: 13 months": (b"keep: 13 months", b"keep: 1 month"),
    b"effects: [personalise, contact]": (b"effects: [personalise, contact]", b"effects: [contact]"),
    b"roles: [marketing]": (b"roles: [marketing]", b"roles: [marketing]\n    training: [privacy]"),
    b"recipients: [insurer, supplier]": (b"recipients: [insurer, supplier]", b"recipients: [supplier]"),
    b"industry: insurance, effects: [adverse, price]": (
        b"industry: insurance, effects: [adverse, price]",
        b"industry: food, effects: [learn]",
        b"categories: [user.contact], uses: [marketing]",
    ),
    b"because: Nobody": (b"because: Nobody", b"because: Hardly anybody"),
    b"title: Offers": (b"title: Offers", b"title: Offers for you"),
}


@st.composite
def policies(draw: st.DrawFn) -> bytes:
    """The shop's policy with any of its parts changed."""
    text = POLICY
    for part, others in CHANGES.items():
        text = text.replace(part, draw(st.sampled_from(others)))
    return text


def use(gate: Gate, chance: random.Random) -> None:
    """One use of any kind; a refusal is as good as an answer."""
    words = {
        "effect": chance.choice((None, "contact", "learn", "price", "charm")),
        "recipient": chance.choice((None, "insurer", "supplier", "stranger")),
        "actor": bailee.Actor(
            "ana",
            frozenset(chance.sample(ROLES, chance.randint(0, 2))),
            frozenset(chance.choice(((), ("privacy",)))),
            chance.random() < 0.5,
        ),
    }
    purpose = chance.choice(PURPOSES)
    try:
        match chance.randint(0, 3):
            case 0:
                gate.may(purpose, customer=chance.randint(1, 12), **words)  # type: ignore[arg-type]
            case 1:
                gate.checker(purpose, **words)(1)  # type: ignore[arg-type]
            case 2:
                del words["effect"]
                gate.standing(purpose, **words)  # type: ignore[arg-type]
            case _:
                gate.ask("SELECT total FROM orders", purpose=purpose, **words)  # type: ignore[arg-type]
    except BaileeError:
        return


def test_every_use_can_be_replayed(tmp_path: Path) -> None:
    """Each use and each opened minute replays to the ruling that was recorded; other entries say they are none."""
    home = tmp_path / "shop"
    make(home)

    @settings(max_examples=12, suppress_health_check=list(HealthCheck))
    @given(policies(), st.randoms(use_true_random=False))
    def lives(policy: bytes, chance: random.Random) -> None:
        (home / "policy.yaml").write_bytes(policy)
        with opened(home, Clock()) as gate:
            gate.start()
            for _ in range(12):
                use(gate, chance)

    lives()
    (home / "policy.yaml").write_bytes(POLICY.replace(b"version: 1", b"version: last"))
    with opened(home, Clock()) as gate:
        replayed: dict[str, int] = {}
        for position in range(gate.verify().size):
            kind = gate.leaf(position)["kind"]
            if kind in ("use", "points_opened"):
                found = gate.replay(position)
                assert (found.recorded, gate.leaf(position)["policy"]) == (found.derived, found.policy)
                replayed[found.policy] = replayed.get(found.policy, 0) + 1
            else:
                try:
                    gate.replay(position)
                except NotVerified as error:
                    assert "is no use with a private record" in str(error)  # noqa: PT017
                else:
                    raise AssertionError(position)
    assert len(replayed) > 3
    assert sum(replayed.values()) > 60
