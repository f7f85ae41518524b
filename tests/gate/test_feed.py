"""Standing handed out as files: what is written and recorded, and what a follower makes of bad files and clocks."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import bailee
from bailee.errors import NotVerified, RecordError, WorkspaceError
from bailee.gate.feed import folder as folders
from bailee.gate.feed import layout, sealed
from bailee.gate.feed.exporting import Exporter, feed_key
from bailee.gate.feed.following import Feed, FeedChecker, follow
from bailee.gate.feed.sealed import Sealing
from bailee.gate.gate import Gate
from bailee.ledger.verify_source import Folder
from bailee.people import customers, forecast
from bailee.people.instants import micros
from tests.gate.shop import CUSTOMERS, MAP, MARKETING, NOW, POLICY, Clock, codes, grant, last, make, opened

LAG = 5.0


class Seconds:
    """A clock in seconds that goes with a shop's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(self) -> float:
        return self._clock().timestamp()


def nanoseconds(clock: Clock) -> Callable[[], int]:
    return lambda: micros(clock()) * 1000


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "feed"


@pytest.fixture
def gate(home: Path, clock: Clock) -> Iterator[Gate]:
    with opened(home, clock, Seconds(clock)) as made:
        yield made


@pytest.fixture
def exporter(gate: Gate, out: Path) -> Iterator[Exporter]:
    with gate.feed(out, "offers") as made:
        made.beat()
        yield made


@pytest.fixture
def key(home: Path, exporter: Exporter) -> Path:
    return home / "keys" / "feed.key"


def still(out: Path, key: Path, clock: Clock, lag: float = LAG, **clocks: Callable[[], int]) -> Feed:
    """A feed that reads when it is told to, by `_poll`."""
    own = nanoseconds(clock)
    return Feed(
        lambda most: Folder(out, most),
        Sealing(sealed.find_key(key)),
        lag,
        clocks.get("wall", own),
        clocks.get("ticking", own),
    )


@pytest.fixture
def feed(out: Path, key: Path, clock: Clock) -> Feed:
    return still(out, key, clock)


def code(check: FeedChecker, key: object) -> str:
    return check(key).reasons[0].code


def beat(exporter: Exporter, clock: Clock, seconds: float = 1.0) -> None:
    clock.forward(seconds=seconds)
    exporter.beat()


# What is handed out --------------------------------------------------------------------------------------------------


def test_verdicts_far_away_are_those_of_the_gate(gate: Gate, feed: Feed) -> None:
    """Permission, reasons and lines are `gate.may`'s, for numbers, texts, and keys that nobody has."""
    check = feed.checker("offers")
    for who in (*range(1, CUSTOMERS + 1), "1", "01", " 1", "１", "1\0", True, 1.0, "", None, "x" * 100_000):
        assert gate.may("offers", customer=who) == check(who) == check.may(who) == feed.may("offers", customer=who)
    assert (CUSTOMERS, (("offers", None, None),)) == (len(feed), feed.uses)
    assert "unknown_customer" == code(check, "\ud800")  # which no ledger could record
    check.close()


def test_several_uses_in_one_feed(gate: Gate, out: Path, home: Path, clock: Clock) -> None:
    """Each purpose has its own codes, for the recipient that was named; another use is told from those."""
    with gate.feed(out, "research", "research", recipient="insurer") as exporter:
        exporter.beat()
        feed = still(out, home / "keys" / "feed.key", clock)
        check = feed.checker("research", recipient="insurer")
        assert [n <= 8 for n in range(1, CUSTOMERS + 1)] == [bool(check(n)) for n in range(1, CUSTOMERS + 1)]
        for use in ({"recipient": "supplier"}, {}, {"recipient": "insurer", "effect": "learn"}):
            with pytest.raises(WorkspaceError, match=r"does not hand out .*only `research to insurer`"):
                feed.checker("research", **use)


def test_a_refused_purpose_is_not_handed_out(gate: Gate, out: Path) -> None:
    """One refused purpose refuses the whole feed, is recorded, and nothing is written."""
    for asked, why in ((("offers", "premium"), "standard"), (("nonsense",), "unknown_purpose")):
        with pytest.raises(bailee.Refused) as refused:
            gate.feed(out, *asked)
        assert ([why], gate.head().size - 1) == (codes(refused.value), refused.value.receipt)
        assert ("refused", "feed") == (last(gate)[0]["decision"], last(gate)[1]["question"])
    with pytest.raises(bailee.Refused):
        gate.feed(out, "campaigns")
    with gate.feed(out, "campaigns", actor=MARKETING):
        pass
    with pytest.raises(WorkspaceError, match="name one"):
        gate.feed(out)
    assert [] == list(out.iterdir())


@pytest.mark.parametrize(("lag", "every"), [(1.0, 1.0), (1e6, 1.0), (5.0, 0.0), (5.0, float("nan")), (float("nan"), 1)])
def test_a_lag_that_cannot_be(gate: Gate, out: Path, lag: float, every: float) -> None:
    """A lag that one late word would break, or that is no number, is refused before anything is recorded."""
    before = gate.head()
    with pytest.raises(WorkspaceError, match="expected"):
        gate.feed(out, "offers", lag=lag, every=every)
    assert before == gate.head()


# What is recorded ----------------------------------------------------------------------------------------------------


def test_a_feed_is_recorded_before_it_is_out(gate: Gate, out: Path, clock: Clock) -> None:
    """S11: a use about everybody, then each minute, and each change for the purpose; no minute is ever closed."""
    start = gate.head().size
    with gate.feed(out, "offers") as exporter:
        exporter.beat()
        beat(exporter, clock)
        gate.choose(1, "withdraw", "offers")
        beat(exporter, clock)
        grant(gate, 7, "research")
        beat(exporter, clock)
        beat(exporter, clock, 60)
    leaves = [gate.leaf(position) for position in range(start, gate.head().size)]
    kinds = [leaf["kind"] for leaf in leaves]
    assert ["use", "points_opened", "choice", "points_opened", "choice", "points_opened"] == kinds
    assert ["answered", None, start + 1, None] == [leaves[0]["decision"], *[leaves[n]["continues"] for n in (1, 3, 5)]]
    record = gate.record(start) or {}
    assert ("feed", None, 5000) == (record["question"], record["customers"], record["lag_ms"])
    assert (True, 5000) == ((gate.record(start + 1) or {})["feed"], (gate.record(start + 1) or {})["lag_ms"])
    with gate.proofs("1") as prover:  # it concerned them, and they were in scope of all that came before they withdrew
        found = {each.position: each for each in map(prover.prove, prover.concerns(None, None))}
    assert [True, True, False, False] == [found[start + n].in_scope for n in (0, 1, 3, 5)]
    assert "never closed" == found[start + 5].said
    with gate.proofs("2") as prover:  # of the two openings of a minute one is told to whoever stayed as they were
        found = {each.position: each for each in map(prover.prove, prover.concerns(None, None))}
    assert [0, 3, 5] == [position - start for position in found if position >= start]
    assert [gate.replay(start + n).agrees for n in (0, 1, 3, 5)] == [True] * 4
    assert gate.head() == gate.verify()


def test_nothing_is_out_that_could_not_be_recorded(gate: Gate, exporter: Exporter, out: Path, clock: Clock) -> None:
    """Where the ledger does not take the minute, no file changes; the round after it says all that was missed."""
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    gate.choose(1, "withdraw", "offers")
    with gate.database.write() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER broken BEFORE INSERT ON ledger_leaves BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    clock.forward(seconds=1)
    with pytest.raises(RecordError):
        exporter.beat()
    assert before == {file.name: file.read_bytes() for file in out.iterdir()}
    with gate.database.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER broken")
    beat(exporter, clock)
    feed = still(out, gate.home / "keys" / "feed.key", clock)
    assert ("withdrawn", "stands") == (code(feed.checker("offers"), 1), code(feed.checker("offers"), 2))


def test_another_policy_ends_a_feed(gate: Gate, exporter: Exporter, feed: Feed, home: Path, clock: Clock) -> None:
    """Once another process put another policy in force nothing is written any more, and the lag runs out."""
    (home / "policy.yaml").write_text((home / "policy.yaml").read_text().replace("13 months", "12 months"))
    with opened(home, clock):
        clock.forward(seconds=1)
        with pytest.raises(WorkspaceError, match="another policy"):
            exporter.beat()
    feed._poll()
    assert feed.may("offers", customer=1)
    clock.forward(seconds=4)
    assert ["stale"] == [reason.code for reason in feed.may("offers", customer=1).reasons]


# Following -----------------------------------------------------------------------------------------------------------


def test_choices_and_newcomers_are_followed(gate: Gate, exporter: Exporter, feed: Feed, clock: Clock) -> None:
    """Who withdraws, grants or comes is known at the next word, by small changes and no other snapshot."""
    check = feed.checker("offers")
    gate.choose(1, "withdraw", "offers")
    grant(gate, 9)
    with gate.database.write() as connection:
        customers.add(connection, customers.NewCustomer("new"), NOW)
    grant(gate, "new")
    assert ("stands", "never_asked", "unknown_customer") == (code(check, 1), code(check, 9), code(check, "new"))
    beat(exporter, clock)
    feed._poll()
    assert ("withdrawn", "stands", "stands") == (code(check, 1), code(check, 9), code(check, "new"))
    gate.choose("new", "withdraw", "offers")
    beat(exporter, clock)
    feed._poll()
    assert ("withdrawn", "stands", CUSTOMERS + 1) == (code(check, "new"), code(check, 2), len(feed))


def test_who_was_asked_about_lately_is_forgotten_in_time(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept to answer quicker is bounded, never of a stranger, and changes no verdict."""
    monkeypatch.setattr("bailee.gate.feed.table._LATELY", 3)
    check = feed.checker("offers")
    for who in (*range(1, CUSTOMERS + 1), "stranger", True, *range(1, CUSTOMERS + 1)):
        assert (code(check, who) == "stands") == (who is not True and who in range(1, 7))
        assert len(feed.table.lately) <= 3
        assert {"stranger", "True"}.isdisjoint(feed.table.lately)


def test_nothing_is_answered_from_word_that_is_too_old(exporter: Exporter, feed: Feed, clock: Clock) -> None:
    """At the lag and not before it, everybody is refused as stale; the next word makes it good."""
    check = feed.checker("offers")
    clock.forward(seconds=LAG - 0.000001)
    assert ("stands", False, None) == (code(check, 1), feed.stale, feed.problem)
    clock.forward(seconds=0.000001)
    assert (["stale"] * 3, True) == ([code(check, who) for who in (1, 7, "nobody")], feed.stale)
    assert "no new word from the feed for 5.0 s" in str(feed.problem)
    feed._poll()  # the same head again is no word
    assert "stale" == code(check, 1)
    exporter.beat()
    feed._poll()
    assert ("stands", 0.0) == (code(check, 1), feed.age)


def test_the_smaller_lag_counts(gate: Gate, out: Path, home: Path, clock: Clock) -> None:
    """A follower may ask for less than the feed's lag, and never gets more."""
    with gate.feed(out, "offers", lag=3.0) as exporter:
        exporter.beat()
    feeds = [still(out, home / "keys" / "feed.key", clock, lag) for lag in (1.0, 100.0)]
    clock.forward(seconds=1)
    assert [True, False] == [feed.stale for feed in feeds]
    clock.forward(seconds=2)
    assert [True, True] == [feed.stale for feed in feeds]


def test_a_consent_runs_out_on_time_without_a_word(home: Path, out: Path, clock: Clock) -> None:
    """What time changes within the lag was sent ahead, and holds from that very microsecond."""
    text = (home / "policy.yaml").read_text().replace("keep: 13 months", "keep: 13 months\n    consent_lasts: 30 days")
    (home / "policy.yaml").write_text(text)
    clock.now = NOW.replace(minute=0, second=7)  # the grants were made at ten seconds past, thirty days ago
    with opened(home, clock, Seconds(clock)) as gate, gate.feed(out, "offers") as exporter:
        exporter.beat()
        feed = still(out, home / "keys" / "feed.key", clock)
        check = feed.checker("offers")
        clock.now = NOW.replace(minute=0, second=9, microsecond=999_999)
        assert "stands" == code(check, 1)
        clock.forward(microseconds=1)
        assert "consent_expired" == code(check, 1)
        exporter.beat()
        feed._poll()
        assert ("consent_expired", "refused") == (code(check, 1), code(check, 7))


def test_what_many_lose_at_once_is_stale_until_the_next_word(
    home: Path, out: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where too many would have to be judged ahead, none of them is permitted from then until there is word."""
    monkeypatch.setattr(forecast, "FEW", 5)
    text = (home / "policy.yaml").read_text().replace("keep: 13 months", "keep: 13 months\n    consent_lasts: 30 days")
    (home / "policy.yaml").write_text(text)
    clock.now = NOW.replace(minute=0, second=9, microsecond=999_999)
    with opened(home, clock, Seconds(clock)) as gate, gate.feed(out, "offers") as exporter:
        exporter.beat()
        feed = still(out, home / "keys" / "feed.key", clock)
        check = feed.checker("offers")
        assert ("stands", "refused") == (code(check, 1), code(check, 7))
        clock.forward(microseconds=1)
        assert ("stale", "refused") == (code(check, 1), code(check, 7))
        exporter.beat()
        feed._poll()
        assert ("consent_expired", "refused") == (code(check, 1), code(check, 7))


def test_a_shop_without_customers_has_a_feed(out: Path, tmp_path: Path, clock: Clock) -> None:
    """Nobody is in it, everybody is unknown, and whoever comes is followed."""
    with bailee.create(tmp_path / "empty", POLICY, MAP, clock=clock) as gate, gate.feed(out, "offers") as exporter:
        exporter.beat()
        feed = still(out, tmp_path / "empty" / "keys" / "feed.key", clock)
        assert (0, "unknown_customer") == (len(feed), code(feed.checker("offers"), 1))
        with gate.database.write() as connection:
            customers.add(connection, customers.NewCustomer("1"), NOW)
        exporter.beat()
        feed._poll()
        assert (1, "never_asked") == (len(feed), code(feed.checker("offers"), 1))


def test_a_clock_that_is_wrong_permits_nothing(exporter: Exporter, out: Path, key: Path, clock: Clock) -> None:
    """Ahead by the lag: stale at once. Behind by more than a second: refused, with how much."""
    true = nanoseconds(clock)
    ahead = still(out, key, clock, wall=lambda: true() + int(LAG * 1e9))
    assert ahead.stale
    with pytest.raises(NotVerified, match=r"clock is 3600\.0 s behind"):
        still(out, key, clock, wall=lambda: true() - 3600 * 10**9)
    shift = [0]
    feed = still(out, key, clock, wall=lambda: true() + shift[0])
    shift[0] = -(10**9) * 7200  # set back while it runs: no word is taken, and the lag is counted by the other clock
    beat(exporter, clock)
    with pytest.raises(NotVerified, match=r"clock is 7200\.0 s behind"):
        feed._poll()
    clock.forward(seconds=LAG)
    assert feed.stale


def test_a_gate_whose_clock_goes_back_is_not_followed(exporter: Exporter, feed: Feed, clock: Clock) -> None:
    """A head from before the one that was read is no word, though the gate itself wrote it."""
    clock.forward(seconds=-2)
    exporter.beat()
    clock.forward(seconds=3)
    with pytest.raises(NotVerified, match="an older head"):
        feed._poll()


# A server that lies --------------------------------------------------------------------------------------------------


def test_an_old_head_is_no_word(gate: Gate, exporter: Exporter, feed: Feed, out: Path, key: Path, clock: Clock) -> None:
    """Replayed, it neither takes back a withdrawal nor keeps anybody fresh; a late comer finds it stale."""
    old = {file.name: file.read_bytes() for file in out.iterdir()}
    gate.choose(1, "withdraw", "offers")
    beat(exporter, clock)
    feed._poll()
    for name, data in old.items():
        (out / name).write_bytes(data)
    with pytest.raises(NotVerified, match="an older head"):
        feed._poll()
    assert "withdrawn" == code(feed.checker("offers"), 1)
    clock.forward(seconds=LAG)
    assert (True, True) == (feed.stale, still(out, key, clock).stale)


def test_every_altered_byte_is_seen(gate: Gate, exporter: Exporter, out: Path, key: Path, clock: Clock) -> None:
    """Flip, cut or lengthen any file anywhere: it is told, and nobody is permitted by it."""
    gate.choose(1, "withdraw", "offers")
    beat(exporter, clock)
    for path in (out / "head", out / "snapshot-1", out / "changes-2"):
        whole = path.read_bytes()
        spots = range(0, len(whole), 7)
        wrong = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in spots]
        for data in (*wrong, whole[:-1], whole + b"\0", b"", whole[: len(sealed.MAGIC)], whole * 2):
            path.write_bytes(data)
            with pytest.raises(NotVerified):
                still(out, key, clock)
        path.write_bytes(whole)
    assert not still(out, key, clock).stale


def test_files_cannot_be_swapped(gate: Gate, exporter: Exporter, out: Path, key: Path, clock: Clock) -> None:
    """A file under another's name does not open; an earlier one of its own name is not the one that the head names."""
    for number in (1, 2):
        gate.choose(number, "withdraw", "offers")
        beat(exporter, clock)
    kept = {file.name: file.read_bytes() for file in out.iterdir()}
    (out / "changes-3").write_bytes(kept["changes-2"])
    with pytest.raises(NotVerified, match="altered"):
        still(out, key, clock)
    for name, data in kept.items():
        (out / name).write_bytes(data)
    seal = Sealing(sealed.find_key(key))
    other = seal.seal("changes-3", seal.open("changes-3", kept["changes-3"]), os.urandom)
    (out / "changes-3").write_bytes(other)
    with pytest.raises(NotVerified, match="do not lead to its head"):
        still(out, key, clock)


def test_a_lost_file_is_found_in_the_next_snapshot(
    gate: Gate, exporter: Exporter, feed: Feed, out: Path, clock: Clock
) -> None:
    """A gap in the changes permits nothing new; where there is a snapshot after it, the follower goes on."""
    gate.choose(1, "withdraw", "offers")
    beat(exporter, clock)
    (out / "changes-2").unlink()
    with pytest.raises(LookupError):
        feed._poll()
    clock.forward(seconds=LAG)
    assert feed.stale
    exporter._base = None  # as after a round that failed
    exporter.beat()
    feed._poll()
    assert "withdrawn" == code(feed.checker("offers"), 1)


# Keys and folders ----------------------------------------------------------------------------------------------------


def test_the_wrong_key(exporter: Exporter, home: Path, out: Path, key: Path, tmp_path: Path, clock: Clock) -> None:
    """Another feed's key, another kind of key, no key: each is told, and no key is ever repeated."""
    other = tmp_path / "other.key"
    other.write_bytes(sealed.written(b"x" * 32))
    with pytest.raises(NotVerified, match="of another feed than this key"):
        still(out, other, clock)
    for path in (home / "keys" / "encryption.key", home / "policy.yaml", home):
        with pytest.raises(WorkspaceError) as told:
            follow(out, key=path)
        assert "feed" in str(told.value)
        assert (home / "keys" / "encryption.key").read_text().strip() not in str(told.value)
    with pytest.raises(WorkspaceError, match="no such file"):
        follow(out, key=tmp_path / "none")
    with pytest.raises(WorkspaceError, match=r"`FEED_KEY`.*is not set"):
        follow(out, key="env:FEED_KEY")
    assert 0o600 == key.stat().st_mode & 0o777
    for lag in (0, -1, float("inf"), float("nan")):
        with pytest.raises(WorkspaceError, match="max_lag"):
            follow(out, key=key, max_lag=lag)


def test_the_key_may_be_in_the_environment(
    exporter: Exporter, out: Path, key: Path, monkeypatch: pytest.MonkeyPatch, home: Path, gate: Gate
) -> None:
    """`env:NAME` serves both sides, as with every other key."""
    monkeypatch.setenv("FEED_KEY", key.read_text())
    assert feed_key(home / "keys", "file")[0] == feed_key(home / "keys", "env:FEED_KEY")[0]
    clock = gate.clock
    with follow(out, key="env:FEED_KEY", wall=lambda: micros(clock()) * 1000) as feed:
        assert feed.may("offers", customer=1)
    assert ["stale"] == [reason.code for reason in feed.may("offers", customer=1).reasons]


def test_nothing_in_the_folder_names_anybody(
    gate: Gate, exporter: Exporter, out: Path, key: Path, clock: Clock
) -> None:
    """Neither a key nor how it is called in the feed is in any byte there, nor a purpose."""
    with gate.database.write() as connection:
        customers.add(connection, customers.NewCustomer("CANARYCUSTOMER"), NOW)
    beat(exporter, clock)
    name = Sealing(sealed.find_key(key)).name("CANARYCUSTOMER")
    for file in out.iterdir():
        assert not any(word in file.read_bytes() for word in (b"CANARY", name, b"offers", b"personalise"))


def test_an_erased_customer_is_gone_from_the_files(
    gate: Gate, exporter: Exporter, feed: Feed, out: Path, key: Path, clock: Clock
) -> None:
    """At the next word nobody knows them; after the grace no file has how they were called, nor a follower's memory."""
    seal = Sealing(sealed.find_key(key))
    assert "stands" == code(feed.checker("offers"), 2)
    gate.erase(2, anew=False)
    beat(exporter, clock)
    feed._poll()
    assert ("unknown_customer", "stands") == (code(feed.checker("offers"), 2), code(feed.checker("offers"), 3))
    assert seal.name("2") not in bytes(feed.table._names)
    for _ in range(2):
        beat(exporter, clock, folders.GRACE)
    assert {"head", "README.txt", "snapshot-2"} == {file.name for file in out.iterdir()}
    assert seal.name("2") not in seal.open("snapshot-2", (out / "snapshot-2").read_bytes())
    late = still(out, key, clock)
    assert ("unknown_customer", "stands", CUSTOMERS - 1) == (
        code(late.checker("offers"), 2),
        code(late.checker("offers"), 3),
        len(late),
    )
    with gate.database.write() as connection:  # the same key again is somebody else
        customers.add(connection, customers.NewCustomer("2"), NOW)
    beat(exporter, clock)
    late._poll()
    assert "never_asked" == code(late.checker("offers"), 2)


def test_two_exporters_do_not_share_a_folder(gate: Gate, exporter: Exporter, out: Path, clock: Clock) -> None:
    """A second one is told; where a lock is not seen, as on another machine, whoever comes late ends."""
    with pytest.raises(WorkspaceError, match="another process exports points"), gate.feed(out, "offers"):
        pass
    (out / "head").write_bytes(b"somebody else's")
    clock.forward(seconds=1)
    with pytest.raises(WorkspaceError, match="maybe on another machine"):
        exporter.beat()


def test_a_folder_of_something_else_is_left_alone(gate: Gate, out: Path, home: Path, tmp_path: Path) -> None:
    """Another feed's folder, a workspace and a file are refused by name, and nothing in them changes."""
    with gate.feed(out, "offers") as exporter:
        exporter.beat()
    (home / "keys" / "feed.key").unlink()
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    (tmp_path / "file").touch()
    for place, why in (
        (out, "of another workspace or key"),
        (home, "no part of a feed"),
        (tmp_path / "file", "could not be written"),
    ):
        with pytest.raises(WorkspaceError, match=why), gate.feed(place, "offers"):
            pass
    assert before == {file.name: file.read_bytes() for file in out.iterdir()}


def test_a_copied_folder_grows_stale(exporter: Exporter, out: Path, key: Path, tmp_path: Path, clock: Clock) -> None:
    """Whoever follows a copy has no new word, although the original goes on."""
    shutil.copytree(out, tmp_path / "copy")
    feed = still(tmp_path / "copy", key, clock)
    for _ in range(6):
        beat(exporter, clock)
        feed._poll()
    assert feed.stale


def test_followers_go_on_after_a_new_run(gate: Gate, out: Path, home: Path, clock: Clock) -> None:
    """Another run, also one that begins to count anew in an emptied folder, is followed by its snapshot."""
    with gate.feed(out, "offers") as exporter:
        exporter.beat()
        feed = still(out, home / "keys" / "feed.key", clock)
        check = feed.checker("offers")
    for emptied in (False, True):
        if emptied:
            shutil.rmtree(out)
        gate.choose(1 + emptied, "withdraw", "offers")
        clock.forward(seconds=1)
        with gate.feed(out, "research", "offers") as exporter:
            exporter.beat()
            feed._poll()
            assert (["withdrawn"] * (1 + emptied), "stands") == (
                [code(check, n + 1) for n in range(1 + emptied)],
                code(check, 3),
            )
    clock.forward(seconds=1)
    with gate.feed(out, "research") as exporter:  # offers are handed out no more
        exporter.beat()
        feed._poll()
        assert ("stale", False) == (code(check, 3), feed.stale)


def test_many_changes_make_a_snapshot(
    gate: Gate, exporter: Exporter, feed: Feed, out: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changes are not kept without end; who is far behind begins from the new snapshot."""
    monkeypatch.setattr("bailee.gate.feed.exporting._MANY", 3)
    for round_ in range(9):
        grant(gate, 1) if round_ % 2 else gate.choose(1, "withdraw", "offers")
        beat(exporter, clock)
    assert sorted(file.name for file in out.iterdir() if file.name.startswith("snapshot")) == [
        f"snapshot-{step}" for step in (1, 5, 9)
    ]
    feed._poll()
    assert (10, code(feed.checker("offers"), 1)) == (feed.table.step, gate.may("offers", customer=1).reasons[0].code)


def test_a_shared_store_is_handed_out(request: pytest.FixtureRequest, tmp_path: Path, out: Path, clock: Clock) -> None:
    """From PostgreSQL as from a file: what another server acknowledged, erasures and newcomers are in the next word."""
    make(tmp_path / "shared", store=request.getfixturevalue("postgres").new())
    with (
        opened(tmp_path / "shared", clock, Seconds(clock)) as gate,
        opened(tmp_path / "shared", clock) as other,
        gate.feed(out, "offers") as exporter,
    ):
        exporter.beat()
        feed = still(out, tmp_path / "shared" / "keys" / "feed.key", clock)
        check = feed.checker("offers")
        assert [n <= 6 for n in range(1, CUSTOMERS + 1)] == [bool(check(n)) for n in range(1, CUSTOMERS + 1)]
        other.choose(1, "withdraw", "offers")
        other.erase(2, anew=False)
        with other.database.write() as connection:
            customers.add(connection, customers.NewCustomer("new"), NOW)
        grant(other, "new")
        beat(exporter, clock)
        feed._poll()
        assert ["withdrawn", "unknown_customer", "stands", "stands"] == [code(check, who) for who in (1, 2, 3, "new")]


# Processes and threads -----------------------------------------------------------------------------------------------


@contextmanager
def server(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    made = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    made.server_close()


def wait_for(what: Callable[[], bool], seconds: float = 10.0) -> float:
    began = time.monotonic()
    while not what():
        assert time.monotonic() < began + seconds
        time.sleep(0.01)
    return time.monotonic() - began


def test_through_a_web_server_with_true_clocks(home: Path, out: Path) -> None:
    """A withdrawal is refused over HTTP within the lag while threads ask; a server that is gone permits nothing."""
    with bailee.open(home) as gate, gate.feed(out, "offers", every=0.2) as exporter, ExitStack() as stack:
        stop, done = threading.Event(), threading.Event()
        began = threading.Event()
        writer = threading.Thread(target=exporter.run, args=(stop, lambda _: began.set()))
        writer.start()
        assert began.wait(10)
        web = ExitStack()
        feed = stack.enter_context(follow(web.enter_context(server(out)), key=home / "keys" / "feed.key"))
        check, wrong = feed.checker("offers"), []

        def ask() -> None:
            while not done.is_set():
                if code(check, 3) != "stands" or code(check, 7) != "refused":
                    wrong.append(feed.problem)
                time.sleep(0.001)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for number in (1, 2):
            assert check(number)
            gate.choose(number, "withdraw", "offers")
            assert wait_for(lambda number=number: not check(number)) < LAG  # type: ignore[misc]
        done.set()
        for thread in threads:
            thread.join()
        assert [] == wrong
        web.close()
        wait_for(lambda: feed.stale)
        assert "cannot be read" in str(feed.problem)
        stop.set()
        writer.join()
    with pytest.raises(NotVerified, match="no address of a feed"):
        follow("ftp://127.0.0.1/feed", key=home / "keys" / "feed.key")


def test_a_forked_process_follows_too(home: Path, out: Path) -> None:
    """A server that opens its feed before it forks has it in each child, and is never left with an old one."""
    script = f"""
import os, sys, threading, time, warnings
warnings.simplefilter("ignore")
import bailee
with bailee.open({str(home)!r}) as gate, gate.feed({str(out)!r}, "offers", lag=1.0, every=0.1) as exporter:
    stop = threading.Event()
    exporter.beat()
    feed = bailee.follow({str(out)!r}, key={str(home / "keys" / "feed.key")!r}, max_lag=1.0)
    check = feed.checker("offers")
    child = os.fork()
    if not child:
        end = time.monotonic() + 5
        while time.monotonic() < end and check(1).reasons[0].code != "withdrawn":
            time.sleep(0.01)
        os._exit(0 if check(1).reasons[0].code == "withdrawn" else 1)
    threading.Thread(target=exporter.run, args=(stop,)).start()
    time.sleep(0.3)
    gate.choose(1, "withdraw", "offers")
    _, status = os.waitpid(child, 0)
    stop.set()
    sys.exit(os.waitstatus_to_exitcode(status))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (0, "") == (done.returncode, done.stderr)


def test_killed_at_any_moment_the_feed_is_whole(home: Path, out: Path) -> None:
    """An exporter that is killed leaves a feed that opens, or none; the next one goes on from it."""
    run = [sys.executable, "-m", "bailee", "points", "export", str(out), "-p", "offers", "--home", str(home)]
    key = home / "keys" / "feed.key"
    for wait in (0.0, 0.05, 0.2):
        process = subprocess.Popen([*run, "--every", "0.05"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        with follow(out, key=key) as feed:
            assert feed.may("offers", customer=1)
    process = subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(3)]
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=30)
    assert (0, True, True) == (process.returncode, "12 customers" in told[0], "ended after" in error)


def test_following_loads_nothing_heavy() -> None:
    """A shop's process gets neither the store nor the ledger's writer, no engine and no numpy."""
    script = (
        "import sys, bailee; bailee.follow; import bailee.ledger.verify_source; "
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert set() == {"alembic", "duckdb", "numpy", "pyarrow", "pydantic", "sqlalchemy", "sqlglot"} & set(found)


def test_a_head_of_another_version_is_told(exporter: Exporter, out: Path, key: Path, clock: Clock) -> None:
    """What a later version writes is refused in words and not by a traceback."""
    seal = Sealing(sealed.find_key(key))
    for data in (b"{}", b"[]", b"\xff", b'{"made": true}'):
        (out / layout.HEAD).write_bytes(seal.seal(layout.HEAD, data, os.urandom))
        with pytest.raises(NotVerified, match="not of this version"):
            still(out, key, clock)
