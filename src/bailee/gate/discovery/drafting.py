"""What was found, as lines of a data map to be reviewed: each suggestion with its evidence in a comment beside it.

Only what is sure or likely gets its category; the rest has none, which withholds it. A table of which it is not settled
whose rows are is written as a comment, so it stays out of the map, where no question sees it. Names come from a
database and can hold anything: they are quoted, and in comments written out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from bailee.deid.discovery import Suggestion
from bailee.errors import WorkspaceError
from bailee.gate.discovery.found import Discovered, Proposed
from bailee.policy.datamap import parse_map
from bailee.policy.reader import BYTES

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_DOTTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+", re.ASCII)
_WORDS = frozenset(["null", "true", "false", "yes", "no", "on", "off", "y", "n"])
#: What YAML reads as the end of a line, what drives a terminal, and what hides or reorders beside it.
_UNSAFE = re.compile(
    "[^\t\x20-\x7e\xa1-\xac\xae-\u061b\u061d-\u180d\u180f-\u200a\u2010-\u2027\u2030-\u205f\u2070-\ud7ff\ue000-\ufefe"
    "\uff00-\ufff8\ufffc\ufffd\U00010000-\U000dffff]"
)


def draft(found: Discovered, at: datetime) -> str:
    """A data map of the tables that the workspace's map does not have; WorkspaceError where none is settled."""
    new = [table for table in found.tables if not table.mapped]
    settled = [table for table in new if table.personal is not None]
    if not settled:
        raise WorkspaceError(_nothing(found))
    lines = [
        *_head(at),
        "dataset:",
        "  - fides_key: suggested",
        "    name: Suggested",
        "    collections:",
        *(line for table in settled for line in collection(table, "      ")),
        *unsettled(found, with_mapped=True),
    ]
    text = "\n".join(lines) + "\n"
    must_be_short(text)
    parse_map(text, "the draft")  # what cannot be read again must not be handed out
    return text


def must_be_short(text: str) -> None:
    """WorkspaceError for a data map that would be too long to be read."""
    size = len(text.encode("utf-8"))
    if size > BYTES:
        raise WorkspaceError(
            f"the data map would have {size:,} bytes, at most {BYTES:,}: look at fewer tables (--table)"
        )


def _nothing(found: Discovered) -> str:
    if any(table.mapped for table in found.tables):
        return "only tables of the data map have columns that it lacks; --merge writes them into a copy of it"
    return "no table is settled, so there is no data map to write; the suggestions say what is missing"


def _head(at: datetime) -> Iterator[str]:
    yield f"# Suggested by `bailee map suggest` on {at:%Y-%m-%d}. Review every line before it is used: none is known."
    yield "# What is `sure` or `likely` has a category; what is `unsure` has none, and so it is withheld."


def collection(table: Proposed, indent: str, *, commented: bool = False) -> Iterator[str]:
    """The lines of one table."""
    before = f"{indent}# " if commented else indent
    yield f"{indent}# {comment(_about(table))}"
    yield f"{before}- name: {scalar(table.name)}"
    yield f"{before}  fides_meta: {{bailee: {_bailee(table)}}}"
    yield f"{before}  fields:"
    for column in table.columns:
        yield from field(column, f"{indent}    ", commented=commented)


def field(column: Suggestion, indent: str, *, commented: bool = False) -> Iterator[str]:
    """The lines of one column: why, then what."""
    before = f"{indent}# " if commented else indent
    yield f"{indent}# {comment(reasons(column))}"
    parts = [f"name: {scalar(column.column)}"]
    if column.firm and column.category is not None:
        parts.append(f"data_categories: [{', '.join((column.category, *column.also))}]")
        if column.coarsen is not None:
            parts.append(f"fides_meta: {{bailee: {{coarsen: {column.coarsen}}}}}")
    yield f"{before}- {{{', '.join(parts)}}}"


def reasons(column: Suggestion) -> str:
    """How sure a suggestion is, and why."""
    if column.category is None:
        return "nothing says what it is: without a category it is withheld"
    why = "; ".join(column.evidence)
    if column.firm:
        return f"{column.confidence}: {why}"
    return f"unsure, perhaps {column.category}: {why}; without a category it is withheld"


def unsettled(found: Discovered, *, with_mapped: bool) -> Iterator[str]:
    """What is not settled, as comments at the end."""
    open_ = [table for table in found.tables if not table.mapped and table.personal is None]
    if open_:
        yield "# Not settled, and so no part of the map, in which no question sees them:"
        for table in open_:
            yield "#"
            yield from (f"# {line}" for line in collection(table, "", commented=False))
    lacking = [table for table in found.tables if table.mapped]
    if lacking and with_mapped:
        yield "# Columns that tables of the data map have and it does not (`--merge` writes them in):"
        for table in lacking:
            yield "#"
            yield f"# {comment(table.name)}"
            for column in table.columns:
                yield from (f"# {line}" for line in field(column, "  "))


def _about(table: Proposed) -> str:
    rows = "fewer than 10 rows" if table.rows is None else f"{table.rows:,} rows"
    if table.trouble is not None:
        return f"could not be read, so it is judged by names alone: {table.trouble}"
    if table.personal is None:
        return (
            f"{rows}; something speaks of people, and no column is known to name the customer: say whose its rows are"
        )
    return f"{rows}; {table.why}"


def _bailee(table: Proposed) -> str:
    if table.personal is False:
        return "{personal: false}"
    if table.via is not None:
        column, parent, key = table.via
        own = "" if column == key else f", column: {scalar(column)}"
        subject = f"{{via: {scalar(f'{parent}.{key}')}{own}}}"
    else:
        subject = scalar(table.subject) if table.subject is not None else "whose?"
    at = "none" if table.at is None else scalar(table.at)
    return f"{{subject: {subject}, at: {at}}}"


def scalar(text: str) -> str:
    """A text as YAML reads it back, whatever is in it."""
    if (_PLAIN.fullmatch(text) and text.casefold() not in _WORDS) or _DOTTED.fullmatch(text):
        return text
    bare = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + _UNSAFE.sub(lambda found: _escaped(found[0]), bare.replace("\t", "\\t")) + '"'


def comment(text: str) -> str:
    """A text that cannot end the line that it is on."""
    return _UNSAFE.sub(lambda found: _escaped(found[0]), text.replace("\t", " "))


def _escaped(character: str) -> str:
    number = ord(character)
    if number < 256:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 65536 else f"\\U{number:08x}"
