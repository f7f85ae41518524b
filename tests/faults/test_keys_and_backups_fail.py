"""Law 18 for what is kept in files beside the database: keys that are changed, backups that are written and restored.

Every write fails once before it happened and once after, the database's and the files'.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import bailee
from bailee.errors import BaileeError
from bailee.gate.gate import Gate
from bailee.gate.restore import restore
from bailee.ledger.verify_source import Folder
from bailee.ledger.verify_tree import verify_tree
from tests.faults.failing import Disk, disk
from tests.faults.sound import kept, must_be_sound, reopened
from tests.gate.shop import MAP, POLICY, Clock, grant, make, opened

__all__ = ["disk"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("keys") / "shop"
    make(home)
    return home


def tried(do: Callable[[], object], disk: Disk, step: int | None, *, after: bool) -> BaileeError | None:
    """The error that a person is told, if any; any other passes."""
    with disk.failing(step, after=after):
        try:
            do()
        except BaileeError as error:
            told: BaileeError | None = error
        else:
            told = None
    assert "CANARY" not in str(told)
    return told


def each_step(
    do: Callable[[int], object],
    disk: Disk,
    before: Callable[[int], object],
    check: Callable[[BaileeError | None, str, int], object],
) -> int:
    """Fail every write of what is done, both ways; the number makes each time another. Return how many writes."""
    before(0)
    assert tried(lambda: do(0), disk, None, after=False) is None
    steps = list(disk.steps)
    check(None, "nothing failed", 0)
    for number in range(2 * len(steps)):
        before(number + 1)
        error = tried(lambda: do(number + 1), disk, number // 2, after=bool(number % 2))  # noqa: B023
        where = f"{'after' if number % 2 else 'before'} step {number // 2} {disk.failed}: {error!r}"
        assert disk.failed is not None, where
        check(error, where, number + 1)
    print(f"{len(steps)} writes, failed twice each: {steps}")
    return len(steps)


ROTATIONS: dict[str, Callable[[Gate], object]] = {
    "encryption": lambda gate: gate.keys.rotate_encryption(),
    "signing": lambda gate: gate.keys.rotate_signing(),
}


@pytest.mark.parametrize("kind", ROTATIONS)
def test_a_key_is_changed_whole_or_goes_on(kind: str, made: Path, tmp_path: Path, disk: Disk) -> None:
    """Law 18: wherever changing a key is interrupted, all that was sealed opens, the ledger signs, and it goes on."""
    home, clock = tmp_path / "shop", Clock()
    shutil.copytree(made, home)

    def rotate(number: int) -> object:
        with opened(home, clock) as gate:
            return ROTATIONS[kind](gate)

    def prepare(number: int) -> None:
        clock.forward(minutes=1)
        with opened(home, clock) as gate:
            gate.choose(number % 6 + 1, "withdraw", "offers", evidence="a letter")

    def check(error: BaileeError | None, where: str, number: int) -> None:
        with opened(home, clock) as gate:
            assert gate.checkpoint()
            assert "a letter" == gate.choices(number % 6 + 1)[-1].evidence, where
            compiled = gate.promise.compiled
            with reopened(home) as database:
                must_be_sound(database, compiled, clock())
        rotate(number)
        with opened(home, clock) as gate:
            assert gate.checkpoint()
            assert gate.record(gate.head().size - 1) is not None or kind == "signing"

    assert 4 < each_step(rotate, disk, prepare, check)


def test_a_backup_is_there_whole_or_not_at_all(made: Path, tmp_path: Path, disk: Disk) -> None:
    """Law 18: a backup that failed left no file of its name, or one to be restored; the workspace is as it was."""
    home, clock = tmp_path / "shop", Clock()
    shutil.copytree(made, home)
    with opened(home, clock) as gate:
        compiled = gate.promise.compiled
        with reopened(home) as database:
            counted = kept(database)

        def file(number: int) -> Path:
            return tmp_path / f"backup{number}"

        def check(error: BaileeError | None, where: str, number: int) -> None:
            with reopened(home) as database:
                assert counted == kept(database), where
            if error is None:
                assert file(number).exists(), where
            gate.backup(file(number), force=True)
            assert sorted(path.name for path in tmp_path.iterdir()) == sorted({"shop", file(number).name}), where
            file(number).unlink()

        each_step(lambda number: gate.backup(file(number)), disk, lambda number: None, check)
        gate.backup(tmp_path / "last")
    restored = tmp_path / "restored"
    restored.mkdir()
    restore(tmp_path / "last", restored, key=str(home / "keys" / "encryption.key"), clock=clock)
    with reopened(restored) as database:
        must_be_sound(database, compiled, clock())
        assert not counted - kept(database)


def test_a_backup_is_restored_whole_or_not_at_all(made: Path, tmp_path: Path, disk: Disk) -> None:
    """Law 18: a restore that was interrupted leaves the old state or brings the new one; another run brings it."""
    first, clock = tmp_path / "shop", Clock()
    shutil.copytree(made, first)
    with opened(first, clock) as gate:
        compiled = gate.promise.compiled
        gate.backup(tmp_path / "file")
        for number in range(1, 4):
            clock.forward(minutes=1)
            gate.choose(number, "withdraw", "offers")
            grant(gate, number + 6)

    def home(number: int) -> Path:
        return tmp_path / f"home{number}"

    def again(number: int) -> object:
        clock.forward(minutes=1)
        return restore(tmp_path / "file", home(number), force=True, fork=True, clock=clock)

    def state(number: int) -> Counter[str]:
        with bailee.open(home(number), clock=clock) as gate:  # goes through what was decided
            assert gate.head() == gate.verify()
        with reopened(home(number)) as database:
            must_be_sound(database, compiled, clock())
            found = kept(database)
        found.pop("leaf restored", None)  # one for each time
        return found

    old, new = Counter[str](), Counter[str]()

    def check(error: BaileeError | None, where: str, number: int) -> None:
        found = state(number)
        if not number:
            new.update(found)
        assert found == new or (error is not None and found == old), where
        # What is only to be finished is not said to have changed nothing.
        assert found == old or "nothing was changed" not in str(error), where
        again(number)
        assert new == state(number), where
        shutil.rmtree(home(number))

    with reopened(first) as database:
        old.update(kept(database))
    each_step(again, disk, lambda number: shutil.copytree(first, home(number)), check)


def test_a_workspace_is_made_whole_or_not_at_all(tmp_path: Path, disk: Disk) -> None:
    """Law 18: where making a workspace failed there is none, which the same call makes, or one that works."""

    def home(number: int) -> Path:
        return tmp_path / f"home{number}"

    def make_it(number: int) -> object:
        return bailee.create(home(number), POLICY, MAP, clock=Clock()).close()

    def check(error: BaileeError | None, where: str, number: int) -> None:
        if not (home(number) / "state.db").exists():
            assert error is not None, where
            make_it(number)
        with bailee.open(home(number), clock=Clock()) as gate:
            assert gate.head() == gate.verify()
            assert gate.checkpoint()
            gate.add_notice("offers", "About offers.")
            kinds = [gate.leaf(position)["kind"] for position in range(gate.head().size)]
            assert ["notice", "policy", "signing_key"] == sorted(kinds), where
            compiled = gate.promise.compiled
        with reopened(home(number)) as database:
            must_be_sound(database, compiled, Clock()())
        assert [] == list(home(number).glob(".bailee-new-*")) or error is not None, where
        shutil.rmtree(home(number))

    assert 10 < each_step(make_it, disk, lambda number: None, check)


def test_an_export_is_whole_or_goes_on(made: Path, tmp_path: Path, disk: Disk) -> None:
    """Law 18: a ledger whose export failed verifies as far as its checkpoint says, and the next export goes on."""
    home, clock, out = tmp_path / "shop", Clock(), tmp_path / "out"
    shutil.copytree(made, home)
    with opened(home, clock) as gate:

        def more(number: int) -> None:
            clock.forward(minutes=1)
            for customer in range(1, 7):
                gate.choose(customer, "withdraw", "offers")

        def check(error: BaileeError | None, where: str, number: int) -> None:
            if (out / "checkpoint").exists():
                assert verify_tree(Folder(out)).size <= gate.head().size, where
            gate.export(out)
            assert gate.head().size == verify_tree(Folder(out)).size, where

        each_step(lambda number: gate.export(out), disk, more, check)
