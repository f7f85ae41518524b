"""Small and read-only disks, mounted for one child process in a mount namespace of its own, gone when it ends.

`python -m tests.faults.disks NAME HOME PLACE` is that child: it mounts, does what NAME says, and ends with status 0.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import bailee
from bailee.errors import BaileeError
from bailee.gate.gate import Gate
from tests.faults.sound import kept, must_be_sound, reopened
from tests.gate.shop import ORDERS, Clock, grant, opened

ROOM = "no room left on the disk"


def in_a_child(name: str, home: Path, place: Path) -> str:
    """What a child said that had PLACE as another disk; skips, and says why, where none may be mounted."""
    place.mkdir()
    command = [sys.executable, "-m", "tests.faults.disks", name, str(home), str(place)]
    here = Path(__file__).parents[2]
    for alone in (["unshare", "-m"], ["unshare", "-rm"]):
        if not shutil.which("unshare"):
            break
        trial = [*alone, "mount", "-t", "tmpfs", "tmpfs", str(place)]
        if subprocess.run(trial, capture_output=True, check=False).returncode == 0:
            done = subprocess.run(
                [*alone, *command], capture_output=True, text=True, cwd=here, check=False, timeout=300
            )
            assert 0 == done.returncode, done.stdout + done.stderr
            return done.stdout
    pytest.skip("no disk can be mounted here: `unshare -m` and `unshare -rm` are not permitted")


def _small(home: Path, place: Path) -> Path:
    """A copy of a shop on a disk of 6 MiB, and a file that leaves little room on it."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)], check=True)
    shutil.copytree(home, place / "shop")
    return place / "shop"


def _fill(place: Path, leave: int) -> Path:
    filler = place / "filler"
    free = shutil.disk_usage(place).free
    filler.write_bytes(bytes(max(free - leave, 0)))
    return filler


def full(home: Path, place: Path) -> None:
    """Record until there is no room; nothing acknowledged is lost, nothing is released unrecorded, and it goes on."""
    shop, clock, said = _small(home, place), Clock(), 0
    with opened(shop, clock) as gate:
        gate.ask(ORDERS, purpose="offers")  # the engine runs before the disk is full
        filler = _fill(place, 120_000)
        while said < 10_000:
            clock.forward(seconds=1)
            refused = _tried(lambda number=said: gate.choose(number % 6 + 1, "withdraw", "offers", evidence="x" * 500))  # type: ignore[misc]
            if refused:
                break
            said += 1
        assert said
        assert ROOM in str(refused)
        with reopened(shop) as database:
            counted = kept(database)
        _refused(gate)
        with reopened(shop) as database:
            assert not counted - kept(database)
            must_be_sound_when_there_is_room(filler, database, gate, clock)
        clock.forward(seconds=1)
        grant(gate, 1)
        assert gate.may("offers", customer=1)
        assert not gate.may("offers", customer=2)
        gate.ask(ORDERS, purpose="offers")
        print(f"{said} choices until the disk was full")


def _tried(use: Callable[[], object]) -> BaileeError | None:
    try:
        use()
    except BaileeError as error:
        return error
    return None


def must_be_sound_when_there_is_room(filler: Path, database: object, gate: Gate, clock: Clock) -> None:
    filler.unlink()
    must_be_sound(database, gate.promise.compiled, clock())  # type: ignore[arg-type]


def _refused(gate: Gate) -> None:
    """Nothing that must be recorded is done without room, and each says so in words."""
    # What fits into pages that are there may still go through, so each is large.
    uses: tuple[Callable[[], object], ...] = (
        lambda: [gate.choose(1, "withdraw", "offers", evidence="x" * 9_000) for _ in range(90)],
        lambda: [gate.ask(f"SELECT '{'x' * 9_000}' FROM orders", purpose="offers") for _ in range(90)],
        lambda: gate.add_notice("offers", "x" * 90_000),
        lambda: gate.give_notice(gate.notices()[0].digest, [("1", gate.clock())] * 9_000),
    )
    for use in uses:
        refused = str(_tried(use))
        assert ROOM in refused, refused


def read_only(home: Path, place: Path) -> None:
    """A workspace on a disk that may only be read answers nothing, in words, and stays as it is."""
    subprocess.run(["mount", "--bind", str(home), str(place)], check=True)
    subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
    before = {path.name: path.read_bytes() for path in home.iterdir() if path.is_file()}
    with pytest.raises(BaileeError, match="is read-only, so nothing can be recorded") as refused:
        bailee.open(place, clock=Clock())
    print(refused.value)
    with pytest.raises(BaileeError):
        bailee.create(place / "new", b"", b"")
    assert before == {path.name: path.read_bytes() for path in home.iterdir() if path.is_file()}


if __name__ == "__main__":
    {"full": full, "read_only": read_only}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
