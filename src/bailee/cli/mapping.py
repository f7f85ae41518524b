"""`bailee map suggest`: what columns that the data map lacks probably hold, as a table, a document or a data map."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bailee.cli.opening import actor, opened
from bailee.cli.progress import bar
from bailee.cli.running import DONE, FAILED, note, print_json, print_lines
from bailee.cli.saving import must_be_free, whole
from bailee.cli.terminal import counted, fitted, plain, width
from bailee.errors import BaileeError

if TYPE_CHECKING:
    from datetime import datetime

    from bailee.deid.discovery import Suggestion
    from bailee.gate.discovery.found import Discovered, Proposed

#: How a table about nobody is mapped.
OPERATIONS = "system.operations"
#: Columns that are named where nothing is known of them, and characters of a name.
SHOWN, LONGEST = 20, 60
NOTHING = "every column is mapped; nothing to suggest"


@dataclass(frozen=True, slots=True)
class Asked:
    """Where to look, and who asks."""

    engine: str | None
    tables: tuple[str, ...]
    sample: int
    name: str | None


@dataclass(frozen=True, slots=True)
class Written:
    """The file that a data map goes to, `-` for standard output, and whether it is a copy of the workspace's."""

    out: Path | None
    merge: bool

    @property
    def printed(self) -> bool:
        """Whether it goes to standard output."""
        return self.out == Path("-")

    def must_fit(self, home: Path, *, as_json: bool) -> None:
        """Say before the look that what it finds could not be written so."""
        if self.out is None:
            if self.merge:
                raise typer.BadParameter("`--merge` writes a copy of the data map: name it with `--out FILE`")
            return
        if self.printed:
            if as_json:
                raise typer.BadParameter("`--json` and `--out -` are two forms on one output: give one")
            return
        if self.out.exists() and (home / "datamap.yaml").exists() and self.out.samefile(home / "datamap.yaml"):
            raise BaileeError(
                f"`{self.out}` is the workspace's data map and was left as it is: name another file, review it, and "
                "put it in its place; `--merge` keeps the lines and comments that the map has"
            )
        must_be_free(self.out, force=False)


def suggest(home: Path, asked: Asked, written: Written, *, check: bool, as_json: bool) -> int:
    """Look, and print what was found or write it; with `check` the status says whether the map lacks personal data."""
    written.must_fit(home, as_json=as_json)
    with opened(home) as gate:
        by = actor(asked.name, None, None)
        with bar("looking at columns", quiet=as_json) as progress:
            found = gate.discover(asked.engine, tables=asked.tables, sample=asked.sample, actor=by, progress=progress)
        at = gate.clock()
    if written.out is not None and found.tables:
        _write(home, written, found, at)
    if as_json:
        print_json(_document(found))
    elif not written.printed:
        print_lines(_lines(found, written))
    elif not found.tables:
        note(NOTHING)
    return FAILED if check and found.amiss else DONE


def _write(home: Path, written: Written, found: Discovered, at: datetime) -> None:
    from bailee.gate.discovery import drafting, merging

    if written.merge:
        text = merging.merged((home / "datamap.yaml").read_text(encoding="utf-8-sig"), found, at)
    else:
        text = drafting.draft(found, at)
    if written.printed:
        sys.stdout.write(text)
    elif written.out is not None:
        with whole(written.out, force=False) as file:
            file.write(text.encode("utf-8"))


def _lines(found: Discovered, written: Written) -> Iterator[str]:
    if not found.tables:
        yield NOTHING if found.looked else "the engine has no tables; nothing to suggest"
        return
    for each in found.tables:
        yield from _table_lines(each)
        yield ""
    for told in found.left_out:
        yield plain(f"not looked at: {told}")
    yield plain(_summary(found))
    if written.out is not None:
        yield plain(f"written to {written.out}; review it line by line before it takes the place of datamap.yaml")
    else:
        yield "a data map to review: --out FILE; a copy of yours with these columns in it: --merge --out FILE"


def _table_lines(proposed: Proposed) -> Iterator[str]:
    yield plain(f"{proposed.name}: {_about(proposed)}")
    if proposed.personal is False and not proposed.mapped:
        yield plain(f"  {counted(len(proposed.columns), 'column')}: {OPERATIONS}")
        return
    told = [each for each in proposed.columns if each.category is not None]
    names, says = (max((width(plain(text)) for text in texts), default=0) for texts in _texts(told))
    for each in told:
        name, what = (fitted(plain(text), cells) for text, cells in zip(_pair(each), (names, says), strict=True))
        yield f"  {name}  {what}  {each.confidence}"
        yield f"  {' ' * min(names, 12)}  {plain('; '.join(each.evidence))}"
    rest = [each.column for each in proposed.columns if each.category is None]
    if rest:
        yield plain(f"  nothing says what these are: {', '.join(rest[:SHOWN])}{' ...' if len(rest) > SHOWN else ''}")


def _texts(told: Sequence[Suggestion]) -> tuple[list[str], list[str]]:
    pairs = [_pair(each) for each in told]
    return [name for name, _ in pairs], [what for _, what in pairs]


def _pair(column: Suggestion) -> tuple[str, str]:
    return column.column[:LONGEST], ", ".join((str(column.category), *column.also))


def _about(proposed: Proposed) -> str:
    rows = "fewer than 10 rows" if proposed.rows is None else counted(proposed.rows, "row")
    if proposed.trouble is not None:
        return f"could not be read, so it is judged by names alone ({proposed.trouble})"
    if proposed.mapped:
        return f"{rows}; in the map, but for {counted(len(proposed.columns), 'column')}"
    if proposed.personal is False:
        return f"{rows}; about nobody: {proposed.why}"
    if proposed.subject is not None:
        return f"{rows}; about people: `subject: {proposed.subject}`, `at: {proposed.at}`: {proposed.why}"
    if proposed.via is not None:
        column, parent, key = proposed.via
        return f"{rows}; about people, by `{column}` of `{parent}.{key}`, `at: {proposed.at}`: {proposed.why}"
    return f"{rows}; not settled: something speaks of people, and no column is known to name the customer"


def _summary(found: Discovered) -> str:
    columns = sum(len(each.columns) for each in found.tables)
    told = f"{counted(columns, 'column')} of {counted(len(found.tables), 'table')} not in the data map; "
    told += f"{found.amiss} of them surely or likely personal"
    return f"{told} (ledger entry {found.receipt})"


def _document(found: Discovered) -> dict[str, object]:
    return {
        "engine": found.engine,
        "tables_looked_at": found.looked,
        "personal": found.amiss,
        "left_out": list(found.left_out),
        "tables": list(map(_table_document, found.tables)),
        "receipt": found.receipt,
    }


def _table_document(proposed: Proposed) -> dict[str, object]:
    via = proposed.via
    return {
        "table": proposed.name,
        "mapped": proposed.mapped,
        "rows": proposed.rows,
        "personal": proposed.personal,
        "subject": proposed.subject,
        "via": None if via is None else {"column": via[0], "table": via[1], "target": via[2]},
        "at": proposed.at,
        "why": proposed.why,
        "trouble": proposed.trouble,
        "columns": [_column_document(each) for each in proposed.columns],
    }


def _column_document(column: Suggestion) -> dict[str, object]:
    return {
        "column": column.column,
        "type": column.type,
        "category": column.category,
        "also": list(column.also),
        "confidence": column.confidence,
        "probability": round(column.probability, 2),
        "evidence": list(column.evidence),
        "coarsen": column.coarsen,
    }
