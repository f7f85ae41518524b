"""Law 12. Any past ruling can be derived again.

One workspace lives through policies and maps of every kind, its customers change their minds, and it is asked for
everything; then every use in its ledger is replayed from what is on record, whatever is in force now: the ruling, the
treatment of each column, the root of the standing tree, each verdict and how many stood.
"""

from __future__ import annotations

import random
from collections import Counter
from contextlib import suppress
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


def choose(gate: Gate, chance: random.Random) -> None:
    """Somebody changes their mind, so that standing differs from one use to the next."""
    shown = [notice for notice in gate.notices() if notice.purpose in gate.promise.policy.purposes]
    if not shown:
        return
    notice, act = chance.choice(shown), chance.choice(("grant", "grant", "withdraw", "refuse"))
    gate.choose(
        chance.randint(1, 12),
        act,
        notice.purpose,
        instrument="checkbox",
        notice=notice.digest if act == "grant" else None,
    )


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
                if chance.random() < 0.5:
                    choose(gate, chance)
                use(gate, chance)
            with suppress(BaileeError):
                gate.ask(
                    "SELECT total FROM orders", purpose="offers", actor=bailee.Actor("ana", {"marketing"}, {"privacy"})
                )

    lives()
    (home / "policy.yaml").write_bytes(POLICY.replace(b"version: 1", b"version: last"))
    with opened(home, Clock()) as gate:
        replayed: dict[str, int] = {}
        checked: Counter[str] = Counter()
        for position in range(gate.verify().size):
            kind = gate.leaf(position)["kind"]
            if kind in ("use", "points_opened", "points_closed"):
                found = gate.replay(position)
                assert (found.recorded, gate.leaf(position)["policy"]) == (found.derived, found.policy)
                assert found.agrees, found.disagreements
                replayed[found.policy] = replayed.get(found.policy, 0) + 1
                checked.update(found.checked)
            else:
                try:
                    gate.replay(position)
                except NotVerified as error:
                    assert "is no use with a private record" in str(error)  # noqa: PT017
                else:
                    raise AssertionError(position)
    assert len(replayed) > 3
    assert sum(replayed.values()) > 60
    assert min(checked[what] for what in ("ruling", "columns", "standing")) > 5, checked


def test_a_past_that_was_rewritten_does_not_agree(tmp_path: Path) -> None:
    """Where somebody changes what standing was, or the tree of that time, the replay says what does not agree."""
    home = tmp_path / "shop"
    make(home)
    with opened(home, Clock()) as gate:
        position = gate.head().size
        gate.may("offers", customer=1, actor=bailee.Actor("ana", {"marketing"}))
        gate.choose(1, "withdraw", "offers", instrument="api")
        gate.may("offers", customer=1, actor=bailee.Actor("ana", {"marketing"}))
        assert gate.replay(position).agrees
        with gate.database.write() as connection:
            connection.exec_driver_sql("UPDATE standing_past SET codes = ?", (b"\x07" * 9,))
        assert "the verdict was" in " ".join(gate.replay(position).disagreements)
        with gate.database.write() as connection:
            connection.exec_driver_sql("DELETE FROM standing_tiles WHERE level = 3")
        assert "the standing root was" in " ".join(gate.replay(position).disagreements)
