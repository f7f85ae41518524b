"""The folder of a release: written aside, named once the release is recorded, finished or swept after a crash."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.deals import manifest
from bailee.deals.manifest import MANIFEST, PROOF
from bailee.errors import BaileeError, WorkspaceError
from bailee.people import deals, secret_files
from bailee.people.deals import Release

if TYPE_CHECKING:
    from bailee.gate.gate import Gate

#: Called where a process may be killed, for the tests of that.
Reached = Callable[[str], object]
#: How the folder of a release begins until it is recorded; the name of the release follows.
ASIDE = ".bailee-release-"


def finish(gate: Gate) -> list[Release]:
    """Give the folders of releases that were recorded, and whose process was killed then, their names.

    Returns those that were recorded and whose files are nowhere: they count as disclosed, for nobody can say better.
    """
    with gate.database.read() as connection:
        waiting = [each for each in deals.releases(connection, opened=True) if each.handed_at is None]
    return [each for each in waiting if not _finished(gate, each)]


def hand_over(gate: Gate, entry: int, aside: Path, into: Path, reached: Reached) -> None:
    """Put the proof beside what was recorded, and give it its name."""
    try:
        if not (aside / PROOF).exists():
            write(aside / PROOF, gate.proof(entry))
        secret_files.sync(aside)
        aside.rename(into)
        reached("named")
        secret_files.sync(into.parent)
    except OSError as error:
        raise WorkspaceError(
            f"the release is recorded as entry {entry}, and its folder could not be named: "
            f"{(error.strerror or 'unknown error').lower()}; `bailee deal list` finishes it"
        ) from None


def _finished(gate: Gate, each: Release) -> bool:
    """Whether a release that was recorded lies in its folder now."""
    into = Path(str(each.private.get("folder", "")))
    aside = into.parent / f"{ASIDE}{each.name}"
    if not into.is_dir():
        if not (aside / MANIFEST).is_file() or manifest.digest((aside / MANIFEST).read_bytes()) != each.manifest:
            return False
        hand_over(gate, each.entry, aside, into, lambda where: None)
    gate.database.commit(lambda connection: deals.handed(connection, each.number, gate.clock()))
    return True


def sweep(folder: Path, gate: Gate) -> None:
    """Take away what a killed process left that recorded nothing; what it did record is finished."""
    finish(gate)
    with gate.database.read() as connection:
        recorded = {each.name for each in deals.releases(connection)}
    for left in folder.glob(f"{ASIDE}*"):
        if left.name.removeprefix(ASIDE) not in recorded:
            away(left)


def must_be_a_place(folder: Path, into: Path) -> None:
    if not folder.is_dir():
        raise BaileeError(f"there is no folder `{folder}` for the release: make it first")
    if into.exists():
        raise BaileeError(f"`{into}` exists already and was left as it is; try again")
    if not os.access(folder, os.W_OK):
        raise BaileeError(f"the folder `{folder}` cannot be written to")


def write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def away(folder: Path) -> None:
    with suppress(OSError):
        shutil.rmtree(folder)
