"""Makes a workspace of the grocer, in a folder beside and then moved: it is there whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from bailee.errors import WorkspaceError
from bailee.examples import grocer
from bailee.examples.grocer import enrol, load
from bailee.gate.settings import FILE
from bailee.gate.workspace import STATE, create, holds

WAREHOUSE = "warehouse.duckdb"
#: All that is made, in the order of being moved into place: with the last of them the folder is a workspace.
MADE = (
    "notices",
    "deals",
    enrol.CUSTOMERS,
    enrol.CHOICES,
    WAREHOUSE,
    "keys",
    "datamap.yaml",
    "policy.yaml",
    FILE,
    STATE,
)


def install(
    folder: Path,
    clock: Callable[[], datetime],
    progress: grocer.Progress | None = None,
    store: str | None = None,
) -> None:
    """Make the workspace in a folder without one; `progress` is called with rows done and to do in all.

    Raises WorkspaceError where packages are missing, or the folder holds what would be made or cannot be written.
    """
    lacking = grocer.missing()
    if lacking:
        raise WorkspaceError(lacking)
    there = next((name for name in reversed(MADE) if holds(folder, name)), None)
    if there:
        what = "holds a workspace already" if there == STATE else "has a file that would be overwritten"
        raise WorkspaceError(f"`{folder}` {what} (`{there}`); name another folder")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".making-", dir=folder) as beside:
            _make(Path(beside), clock, progress, store)
            _move(Path(beside), folder)
    except OSError as error:
        raise WorkspaceError(f"`{folder}` cannot be written: {(error.strerror or 'unknown error').lower()}") from None


def _make(home: Path, clock: Callable[[], datetime], progress: grocer.Progress | None, store: str | None) -> None:
    parquet, now = load.parquet_folder(), clock()
    if parquet is None:
        raise WorkspaceError("the grocer's data went away while it was read; install it again")
    layer = grocer.synthetic(parquet, now)
    load.load(home / WAREHOUSE, parquet, layer.tables, now, _counting(layer, progress))
    for folder in ("notices", "deals"):
        shutil.copytree(grocer.FOLDER / folder, home / folder)
    policy, datamap = ((grocer.FOLDER / name).read_bytes() for name in ("policy.yaml", "datamap.yaml"))
    with create(home, policy, datamap, clock=clock, store=store) as gate:
        enrol.enrol(gate, layer, home, now)
        gate.status()  # derives everybody's standing, so that the first question does not


def _counting(layer: grocer.Layer, progress: grocer.Progress | None) -> load.Progress | None:
    """The warehouse's progress by table as rows done of all."""
    if progress is None:
        return None
    done, total = 0, sum(load.ROWS.values()) + sum(table.num_rows for table in layer.tables.values())
    progress(0, total)

    def tell(_: str, rows: int) -> None:
        nonlocal done
        done += rows
        progress(done, total)

    return tell


def _move(beside: Path, folder: Path) -> None:
    for name in MADE:
        if (beside / name).exists():  # with a shared store there is no file of it
            (beside / name).replace(folder / name)
