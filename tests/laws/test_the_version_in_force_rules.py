"""Law 19. A use is ruled by the version of the policy that is in force at its instant.

Two gates of one workspace live through versions that are published, scheduled and withdrawn while time passes, and are
asked for everything. Then each use in the ledger is held against a plain list of what was in force when, kept by the
test, and derived again from what is on record (law 12).
"""

from __future__ import annotations

import itertools
import shutil
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bailee
from bailee.errors import BaileeError, FactRejected, Refused
from bailee.gate.gate import Gate
from tests.gate.shop import POLICY, Clock, make, opened

CHANGES = (
    (b"keep: 13 months", b"keep: 1 month"),
    (b"keep: 13 months", b"keep: 3 years"),
    (b"effects: [personalise, contact]", b"effects: [contact]"),
    (b"recipients: [insurer, supplier]", b"recipients: [supplier]"),
    (b"min_group: 3", b"min_group: 2"),
    (b"title: Offers", b"title: Offers for you"),
    (POLICY[POLICY.index(b"  campaigns:") : POLICY.index(b"  premium:")], b""),
)
ACTS = ("ask", "ask", "may", "check", "standing", "publish", "schedule", "schedule", "withdraw", "choose", "wait")
STEPS = (timedelta(minutes=1), timedelta(days=1), timedelta(days=15), timedelta(days=40))


class Believed:
    """What was in force from when, as a plain list: the definition that the gates are held against."""

    def __init__(self, first: str) -> None:
        self.since: list[tuple[datetime | None, str]] = [(None, first)]
        self.scheduled: tuple[datetime, str] | None = None

    def at(self, instant: datetime) -> str:
        if self.scheduled is not None and self.scheduled[0] <= instant:
            self.since.append(self.scheduled)
            self.scheduled = None
        return next(policy for since, policy in reversed(self.since) if since is None or since <= instant)


def test_every_use_is_ruled_by_the_version_of_its_instant(tmp_path: Path) -> None:
    """D11.2, D11.3: whichever gate was asked, and whoever published, scheduled or withdrew."""
    numbers, counts = itertools.count(2), dict.fromkeys(("uses", "switched"), 0)
    made = tmp_path / "made"
    make(made)

    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 1), st.integers(0, 11)), min_size=15, max_size=40))
    def lives(acts: list[tuple[str, int, int]]) -> None:
        home = tmp_path / f"shop{next(numbers)}"
        shutil.copytree(made, home)
        clock = Clock()

        def monotonic() -> float:
            return clock.now.timestamp()

        with opened(home, clock, monotonic) as one, opened(home, clock, monotonic) as two:
            gates, believed = (one, two), Believed(one.promise.digest)
            checks = [gate.checker("offers") for gate in gates]
            for act, which, number in acts:
                clock.forward(seconds=1)
                gate, size = gates[which], one.head().size
                expected = believed.at(clock.now)
                do(act, gate, checks[which], number, clock, believed, home / f"next{next(numbers)}.yaml")
                for position in range(size, one.head().size):
                    leaf = one.leaf(position)
                    if leaf["kind"] in ("use", "points_opened"):
                        assert expected == leaf["policy"], (act, leaf)
                        counts["uses"] += 1
            counts["switched"] += len(believed.since) - 1
            for position in range(one.verify().size):
                if one.leaf(position)["kind"] in ("use", "points_opened", "points_closed"):
                    assert one.replay(position).agrees, one.replay(position).disagreements

    lives()
    assert counts["uses"] > 40
    assert counts["switched"] > 3


def do(act: str, gate: Gate, check: object, number: int, clock: Clock, believed: Believed, file: Path) -> None:
    """One act, which may be refused; what was published, scheduled or withdrawn is noted as the definition has it."""
    match act:
        case "ask":
            with suppress(BaileeError):
                gate.ask("SELECT total FROM orders", purpose=("offers", "campaigns")[number % 2])
        case "may":
            gate.may(("offers", "research", "campaigns")[number % 3], customer=number + 1)
        case "check":
            with suppress(Refused):
                check(number + 1)  # type: ignore[operator]
        case "standing":
            with suppress(Refused):
                gate.standing("offers")
        case "choose":
            shown = [each for each in gate.notices() if each.purpose == "offers"]
            gate.choose(number + 1, "grant", "offers", instrument="checkbox", notice=shown[-1].digest)
        case "wait":
            clock.forward(seconds=STEPS[number % 4].total_seconds())
        case "withdraw":
            with suppress(FactRejected):
                gate.withdraw_policy()
                believed.scheduled = None
        case _:
            change(act, gate, number, clock.now, believed, file)


def change(act: str, gate: Gate, number: int, now: datetime, believed: Believed, file: Path) -> None:
    """Publish or schedule a version."""
    text = POLICY.replace(b"version: 1", b"version: " + file.stem.encode())
    file.write_bytes(text.replace(*CHANGES[number % len(CHANGES)], 1))
    try:
        if act == "publish":
            believed.since.append((now, gate.publish_policy(file).comparison.new))
        else:
            done = gate.schedule_policy(file, now + STEPS[number % 4])
            believed.scheduled = (done.since, done.comparison.new)
    except (Refused, FactRejected):
        return


def test_the_definition_would_notice_a_gate_that_stays_behind(tmp_path: Path) -> None:
    """A gate that never looked again would rule by the first version: the law is not empty."""
    home = tmp_path / "shop"
    make(home)
    clock = Clock()
    with bailee.open(home, clock=clock) as gate:
        first = gate.promise.digest
        file = home / "next.yaml"
        file.write_bytes(POLICY.replace(b"version: 1", b"version: 2").replace(b"keep: 13 months", b"keep: 1 month"))
        gate.schedule_policy(file, clock.now + timedelta(days=1))
        clock.forward(days=2)
        gate.may("offers", customer=1)
        assert first != gate.leaf(gate.head().size - 1)["policy"]
