"""`bailee engines emit-rls`: row-level security for those who connect to PostgreSQL themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.cli.opening import opened
from bailee.cli.running import note, print_json, print_lines
from bailee.cli.terminal import plain
from bailee.vocabulary import Use

if TYPE_CHECKING:
    from bailee.gate.doors import Door


def emit(home: Path, engine: str | None, role: str, use: Use, lag: float, owner: str | None, *, as_json: bool) -> None:
    """Record and print a door's statements; with the source of the owner's URL, run them too."""
    with opened(home) as gate:
        door = gate.open_door(
            role,
            purpose=use.purpose,
            effect=use.effect,
            recipient=use.recipient,
            actor=use.actor,
            engine=engine,
            lag=lag,
            owner=_url(owner),
        )
    if as_json:
        left = [{"table": each.table, "column": each.column, "why": each.why} for each in door.left_out]
        print_json(
            {
                "role": door.role,
                "statements": door.statements,
                "undo": door.undo,
                "changes": door.changes,
                "left_out": left,
                "receipt": door.receipt,
                "ran": door.ran,
            }
        )
        return
    print_lines(map(plain, _lines(door, use, lag)))
    did = "done" if door.ran else "nothing was run"
    note(f"{did}; rows are shown for {lag:g} s after each `bailee engines maintain`")


def close(home: Path, engine: str | None, role: str, owner: str | None, *, as_json: bool) -> None:
    """Print the statements that take a door away; with the source of the owner's URL, run them too."""
    with opened(home) as gate:
        statements = gate.close_door(role, engine=engine, owner=_url(owner))
    if as_json:
        print_json({"role": role, "statements": statements, "ran": owner is not None})
        return
    print_lines(plain(f"{each};") for each in statements)
    if owner is None:
        note("nothing was run; the ledger goes on recording this door until it is taken away with --run")


def _lines(door: Door, use: Use, lag: float) -> Iterator[str]:
    yield f"-- Rows for {use.purpose} leave by this without the gate seeing each question. Everybody who stands is"
    yield f"-- recorded as in it: ledger entry {door.receipt}, and another for each change that is brought up to date."
    yield f"-- Without that, `{door.role}` sees nothing from {lag:g} s on, nor under another policy or data map."
    yield "-- Whoever reads by it can learn by EXPLAIN ANALYZE, the time taken and the planner's guesses how many rows"
    yield "-- are hidden, also of a value that they name. The gate gives none of these."
    for change in door.changes:
        yield f"-- {change}."
    for left in door.left_out:
        yield f"-- {left}."
    for statement in door.statements:
        yield f"{statement};"
    yield "-- To take it away:"
    for statement in door.undo:
        yield f"--   {statement};"


def _url(source: str | None) -> str | None:
    if source is None:
        return None
    from bailee.gate.connections import POSTGRES, Connection, address

    return address(Connection(POSTGRES, url=source))
