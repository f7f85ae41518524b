"""Law 4. What was acknowledged longer ago than a feed's lag is honoured wherever the feed is followed.

Far from the store, a verdict is the meaning's at that very instant, birthdays and expiries included, over what was on
record when the last word was sent; and without a word for as long as the lag it is a refusal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bailee import decide
from bailee.decide import Ruling
from bailee.gate.feed.exporting import Exporter
from bailee.gate.feed.following import Feed
from bailee.gate.feed.sealed import Sealing
from bailee.gate.promise import Promise
from bailee.gate.record import ANNOUNCED, Recorder
from bailee.gate.workspace import ledger_tables
from bailee.ledger.verify_source import Folder
from bailee.people import choices, documents, facts, notices
from bailee.people.choices import Said
from bailee.people.database import Database, open_database
from bailee.people.instants import micros
from bailee.people.kinds import Kind
from bailee.people.standing import Board
from bailee.policy import canonical, meaning
from bailee.policy.model import DataMap
from bailee.policy.terms import Terms
from bailee.vocabulary import Actor, Customer, Use, Verdict
from tests.people.records import put
from tests.strategies import worlds
from tests.worlds import LESSONS, ROLES, World

ANN = Actor("ann", frozenset(ROLES), frozenset(LESSONS))
#: A day, so that much changes by itself within it.
LAG = timedelta(days=1)
SECRET = b"s" * 32


@dataclass
class Far:
    """A world on record, a gate's exporter of all that it permits, and one who follows; both clocks are set by hand."""

    now: datetime
    policy: Any
    database: Database
    exporter: Exporter
    uses: list[Use]
    folder: Path

    def follower(self) -> Feed:
        return Feed(
            lambda most: Folder(self.folder, most),
            Sealing(SECRET),
            LAG.total_seconds(),
            self.nanoseconds,
            self.nanoseconds,
        )

    def nanoseconds(self) -> int:
        return micros(self.now) * 1000

    def known(self) -> tuple[dict[str, Customer], Mapping[str, Terms]]:
        with self.database.read() as connection:
            return {each.key: each for _, each in facts.of_all(connection)}, dict(notices.terms(connection))

    def meant(self, known: tuple[dict[str, Customer], Mapping[str, Terms]], use: Use, key: str) -> Verdict:
        customer = known[0].get(key)
        at = self.now if customer is None else meaning.judged_at(customer, self.now)
        return meaning.permitted(self.policy, use, customer, at, known[1])


@contextmanager
def far(world: World) -> Iterator[Far]:
    digest = canonical.policy_digest(world.policy)
    compiled = decide.compile(world.policy, digest)
    promise = Promise(world.policy, digest, cast("DataMap", SimpleNamespace()), "sha256:" + "0" * 64, compiled)
    with (
        TemporaryDirectory() as folder,
        closing(open_database(Path(folder) / "state.db", create=True, extra=[ledger_tables])) as database,
    ):
        recorder = Recorder(database, promise)
        with database.write() as connection:
            put(connection, world)
            documents.set_setting(connection, ANNOUNCED, recorder.announcement)
        board = Board(database)
        asked = [Use(slot.purpose, ANN, recipient=slot.recipient) for slot in compiled.slots]
        rulings: list[Ruling] = [ruling for ruling in map(compiled.rule, asked) if ruling.permitted]
        made = Far(
            world.at, world.policy, database, cast("Exporter", None), [r.use for r in rulings], Path(folder) / "f"
        )
        made.exporter = Exporter(
            made.folder,
            (SECRET, "a test"),
            rulings,
            recorder,
            lambda: board.fresh(compiled, made.now),
            lambda: made.now,
            lambda: made.now.timestamp(),
            [0],
            lag=LAG.total_seconds(),
        )
        if rulings:
            with made.exporter:
                yield made
        else:
            yield made


def instants(start: datetime, people: Mapping[str, Customer], drawn: list[float]) -> list[datetime]:
    """Instants within the lag, in order: drawn ones, and those beside which anything may change."""
    marks = [start + LAG * part for part in drawn]
    marks += [choice.at for each in people.values() for choice in each.choices]
    around = [mark + timedelta(microseconds=shift) for mark in marks for shift in (-1, 0, 1)]
    return sorted(at for at in {*around, start} if start <= at < start + LAG)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(customers=4), st.lists(st.floats(0, 1, exclude_max=True), max_size=6))
def test_what_time_changes_is_changed_without_a_word(world: World, drawn: list[float]) -> None:
    """S11: one snapshot gives the meaning's verdict, with its reasons, at every instant until the lag is over."""
    with far(world) as place:
        if not place.uses:
            return
        place.exporter.beat()
        feed, known = place.follower(), place.known()
        checks = [(use, feed.checker(use.purpose, recipient=use.recipient)) for use in place.uses]
        for place.now in instants(world.at, known[0], drawn):
            for use, check in checks:
                for key in (*known[0], "nobody"):
                    assert place.meant(known, use, key) == check(key), (use, key, place.now)
        place.now = world.at + LAG
        assert {"stale"} == {check(key).reasons[0].code for _, check in checks for key in known[0]}


STEPS = ("act", "send", "read", "wait", "begin")


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(customers=3), st.data())
def test_an_act_is_honoured_before_the_lag_is_over(world: World, data: st.DataObject) -> None:
    """S11: whatever the order of acts, words sent and words read, a verdict is the meaning's of now over what was on
    record when the word that was read last was sent; once that is the lag ago, it is a refusal."""
    with far(world) as place:
        if not place.uses:
            return
        place.exporter.beat()
        feed, sent = place.follower(), (place.now, place.known())
        read = sent
        for step in ("act", "send", "read", *data.draw(st.lists(st.sampled_from(STEPS), max_size=9))):
            place.now += timedelta(seconds=1)
            if step == "act":
                act(place, data)
            elif step == "send":
                place.exporter.beat()
                sent = place.now, place.known()
            elif step == "read":
                feed._poll()
                read = sent
            elif step == "begin":
                feed, read = place.follower(), sent
            else:
                place.now += LAG * data.draw(st.sampled_from((0.3, 0.7)))
            for use in place.uses:
                for key in read[1][0]:
                    found = feed.may(use.purpose, customer=key, recipient=use.recipient)
                    if place.now >= read[0] + LAG:
                        assert ["stale"] == [reason.code for reason in found.reasons]
                    else:
                        assert place.meant(read[1], use, key) == found, (use, key)


def act(place: Far, data: st.DataObject) -> None:
    """Somebody says something of a purpose."""
    use, said = data.draw(st.sampled_from(place.uses)), data.draw(st.sampled_from(("refuse", "withdraw", "object")))
    who = data.draw(st.sampled_from([key for key, each in place.known()[0].items() if not each.erased]))
    with place.database.write() as connection:
        kind = Kind(use.purpose, said, "api", None, None, use.recipient, None, False)
        choices.record(connection, place.policy, Said(who, kind, place.now, None, None), place.now)
