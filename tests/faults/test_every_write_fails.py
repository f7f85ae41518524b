"""Law 18: whatever write fails, before it happened or after, an operation is found whole or not at all.

Every write of every operation fails once each way; then the database is opened anew, all that is kept is derived again,
and the operation, done again, works.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import Connection

import bailee
from bailee.errors import BaileeError
from bailee.gate.gate import Gate
from bailee.ledger import log
from bailee.people import customers, documents, tombstones
from tests.faults.failing import Disk, disk
from tests.faults.sound import kept, must_be_sound, reopened
from tests.gate.shop import ORDERS, Clock, grant, make, notice, opened
from tests.postgres import Cluster

__all__ = ["disk"]

Step = Callable[[Gate, Path, int], object]

#: How many rows more or less.
Change = dict[str, int]


class Operation(NamedTuple):
    """What is done, numbered so that each time is another, and what is done before it on a disk that does not fail."""

    run: Step
    before: Step = lambda gate, folder, number: None
    #: Leaves that may be there although it failed: that it failed.
    said: tuple[str, ...] = ()
    #: Whether there is more to do after it was kept, so that it may fail and be there.
    goes_on: bool = False


def choices_file(folder: Path, number: int, digest: str) -> Path:
    path = folder / f"choices{number}.csv"
    lines = [f"{n},offers,grant,2026-11-{n:02d}T00:00:{number % 60:02d}Z,checkbox,{digest}" for n in range(1, 13)]
    path.write_text("\n".join(["customer,purpose,act,at,instrument,notice", *lines]))
    return path


def customers_file(folder: Path, number: int) -> Path:
    path = folder / f"customers{number}.csv"
    path.write_text("key,born,place\n" + "".join(f"new-{number}-{n},1980-01-{n:02d},US-VT\n" for n in range(1, 6)))
    return path


def given_file(folder: Path, number: int) -> Path:
    path = folder / f"given{number}.csv"
    path.write_text("customer,at\n" + "".join(f"{n},2026-11-0{n}T00:00:{number % 60:02d}Z\n" for n in range(1, 6)))
    return path


def choose(gate: Gate, folder: Path, number: int) -> object:
    return gate.choose(number % 6 + 1, "withdraw" if number % 2 else "refuse", "offers", evidence=f"letter {number}")


def change(gate: Gate, folder: Path, number: int) -> object:
    """Let one customer's standing be another, so that it is derived anew."""
    return grant(gate, 1) if number % 2 else gate.choose(1, "withdraw", "offers")


def checked(gate: Gate, folder: Path, number: int) -> object:
    check = gate.checker("offers")
    given = check(str(number % 12 + 1))
    check.close()
    return given


def arrive(gate: Gate, folder: Path, number: int) -> object:
    """Take in somebody who said something and was asked about, whom nobody else's records name."""
    with gate.database.write() as connection:
        customers.add(connection, customers.NewCustomer(f"gone-{number}"), gate.clock())
    grant(gate, f"gone-{number}")
    return gate.may("offers", customer=f"gone-{number}")


def erase(gate: Gate, folder: Path, number: int) -> object:
    """Erase them or, where that was done, overwrite what was left, as whoever was told of a failure does."""
    with gate.database.read() as connection:
        there = customers.find(connection, f"gone-{number}")
    return gate.erase(f"gone-{number}") if there else gate.clean()


def sequence(gate: Gate, folder: Path, number: int) -> object:
    """A fact and its entries in one transaction, as any part of Bailee writes them."""
    at, safe = gate.clock(), gate.database.keyring
    assert safe is not None

    def work(connection: Connection) -> object:
        documents.set_setting(connection, f"fact {number}", "said")
        drafts = [log.Draft("customer", {"change": "changed"}, {"n": n}, at, bytes(32), (n + 1,)) for n in range(3)]
        return log.append_many(connection, drafts, safe=safe)

    return gate.database.commit(work)


OPERATIONS = {
    "ask": Operation(lambda gate, _, n: gate.ask(ORDERS, purpose="offers"), change, ("leaf use failed",)),
    "ask about one": Operation(
        lambda gate, _, n: gate.ask(f"SELECT total FROM orders WHERE customer_id = {n % 6 + 1}", purpose="offers"),
        change,
        ("leaf use failed",),
    ),
    "may": Operation(lambda gate, _, n: gate.may("offers", customer=2), change),
    "minute of a checker": Operation(checked, change, ("leaf points_opened",)),
    "standing": Operation(lambda gate, _, n: gate.standing("offers"), change),
    "choose": Operation(choose),
    "grant": Operation(lambda gate, _, n: grant(gate, n % 12 + 1)),
    "import choices": Operation(lambda gate, folder, n: gate.import_choices(choices_file(folder, n, notice(gate)))),
    "import customers": Operation(lambda gate, folder, n: gate.import_customers(customers_file(folder, n))),
    "add a notice": Operation(lambda gate, _, n: gate.add_notice("offers", f"About offers, {n}.")),
    "give a notice": Operation(
        lambda gate, _, n: gate.give_notice(notice(gate), [(str(k), gate.clock()) for k in range(1, 12)])
    ),
    "import notices given": Operation(lambda gate, folder, n: gate.import_given(notice(gate), given_file(folder, n))),
    "sequence": Operation(sequence),
    "erase": Operation(erase, arrive, goes_on=True),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("failing") / "shop"
    make(home)
    return home


@pytest.fixture
def home(request: pytest.FixtureRequest, store: str, made: Path, tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "shop"
    if store == "sqlite":
        shutil.copytree(made, home)
        yield home
    else:
        cluster: Cluster = request.getfixturevalue("postgres")
        url = cluster.new()
        make(home, url)
        yield home
        cluster.drop(url)


#: Those on PostgreSQL that do not wait for `make soak`.
SOON = {"may", "choose", "import choices"}
PLACES = [
    pytest.param(store, name, marks=pytest.mark.soak if store == "postgresql" and name not in SOON else ())
    for store in ("sqlite", "postgresql")
    for name in OPERATIONS
]


@pytest.mark.parametrize(("store", "name"), PLACES)
def test_an_operation_is_found_whole_or_not_at_all(name: str, home: Path, tmp_path: Path, disk: Disk) -> None:
    """Law 18: of an operation whose write failed there is everything or nothing, and done again it works."""
    operation, clock, number = OPERATIONS[name], Clock(), 0
    with opened(home, clock) as gate:
        compiled = gate.promise.compiled

        def prepared() -> Counter[str]:
            nonlocal number
            number += 1
            clock.forward(seconds=61)
            operation.before(gate, tmp_path, number)
            with reopened(home) as database:
                return kept(database)

        prepared()
        operation.run(gate, tmp_path, number)
        before = prepared()
        with disk.failing():
            operation.run(gate, tmp_path, number)
        steps = list(disk.steps)
        with reopened(home) as database:
            whole = difference(kept(database), before)
        assert whole
        for step in range(len(steps)):
            for after in (False, True):
                before, error = prepared(), None
                with disk.failing(step, after=after):
                    try:
                        operation.run(gate, tmp_path, number)
                    except BaileeError as raised:
                        error = raised
                where = f"{name}, {'after' if after else 'before'} step {step} {disk.failed}: {error!r}"
                assert disk.failed is not None, where
                assert "CANARY" not in str(error), where
                with reopened(home) as database:
                    must_be_sound(database, compiled, clock())
                    found = difference(kept(database), before)
                maybe = operation.goes_on or (disk.failed == "COMMIT" and after)
                must_be_whole_or_nothing(operation, error, found, whole, maybe=maybe, where=where)
                operation.run(gate, tmp_path, number)
                must_be_remembered(home)
    print(f"{name}: {len(steps)} writes, failed twice each: {steps}")


def must_be_remembered(home: Path) -> None:
    """Everybody who was erased is noted beside the keys, so that no backup brings them back."""
    with reopened(home) as database, database.read() as connection:
        assert set(tombstones.of(connection)) <= set(tombstones.read(home / "keys" / tombstones.NAME))


def difference(now: Counter[str], before: Counter[str]) -> Change:
    return {name: now[name] - before[name] for name in {*now, *before} if now[name] != before[name]}


def must_be_whole_or_nothing(
    operation: Operation,
    error: BaileeError | None,
    found: Change,
    whole: Change,
    *,
    maybe: bool,
    where: str,
) -> None:
    """What was acknowledged is there whole; what was not is not there, unless its commit itself was in doubt."""
    if error is None:
        assert found == whole, where
        return
    only_said = {"ledger_records", "ledger_subjects", *operation.said}
    said = set(found) <= only_said and bool(set(found) & set(operation.said))
    assert not found or said or (maybe and found == whole), f"{where}: {found}"


def test_a_policy_is_announced_whole_or_not_at_all(made: Path, tmp_path: Path, disk: Disk) -> None:
    """Law 18: where putting another policy in force fails, the next one who opens the workspace does it."""
    number, steps = 0, 1
    while number < 2 * steps:
        home = tmp_path / str(number)
        shutil.copytree(made, home)
        policy = (home / "policy.yaml").read_text().replace("version: 1", "version: 2", 1)
        (home / "policy.yaml").write_text(policy)
        error = None
        with disk.failing(number // 2 if number else None, after=bool(number % 2)):
            try:
                bailee.open(home, clock=Clock()).close()
            except BaileeError as raised:
                error = raised
        if not number:
            steps = len(disk.steps)
            assert error is None
        with bailee.open(home, clock=Clock()) as gate:
            compiled = gate.promise.compiled
            assert gate.may("offers", customer=1)
        with reopened(home) as database:
            must_be_sound(database, compiled, Clock()())
            assert 2 == kept(database)["leaf policy"]
        number += 1
