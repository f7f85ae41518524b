"""`bailee engines maintain`: the standing columns that the data map declares, kept once or again and again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING

from bailee.cli.opening import opened
from bailee.cli.progress import bar
from bailee.cli.running import print_json, print_lines
from bailee.cli.terminal import counted, plain
from bailee.errors import EngineError

if TYPE_CHECKING:
    from bailee.gate.gate import Gate
    from bailee.gate.standing_columns import Maintained


def maintain(home: Path, engine: str | None = None, *, every: float | None, as_json: bool) -> None:
    """Bring every standing column up to date, and with `every` do it again so many seconds after each time.

    While it goes on again and again, a file that cannot be written now is told and tried again the next time.
    """
    with opened(home) as gate:
        while True:
            _once(gate, engine, patient=every is not None, as_json=as_json)
            if every is None:
                return
            sys.stdout.flush()
            sleep(every)


def _once(gate: Gate, engine: str | None, *, patient: bool, as_json: bool) -> None:
    try:
        with bar("keeping standing columns", quiet=as_json) as progress:
            done = gate.maintain(engine, progress=progress)
    except EngineError as error:
        if not patient:
            raise
        print_lines([plain(str(error))])
        return
    if as_json:
        print_json(asdict(done))
    else:
        print_lines(map(plain, _told(done)))


def _told(done: Maintained) -> Iterator[str]:
    if not done.rows:
        yield f"nothing to do: every standing column is up to date with change {done.version}"
        return
    of = "all customers" if done.whole else counted(done.customers, "customer")
    for column, rows in done.rows.items():
        yield f"{column}: {counted(rows, 'row')} written, for the standing of {of}"
    if done.fresh:
        yield f"questions use them from now on, up to date with change {done.version}"
    else:
        yield "somebody wrote the database meanwhile, so questions join; run it again"
