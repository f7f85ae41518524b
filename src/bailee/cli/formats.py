"""An answer as CSV, JSON or Parquet, or as a table on a terminal.

CSV is RFC 4180 in UTF-8: lines end in CR LF, NULL is empty and empty text is `""`. Values are written as they are: CSV
is for programs, and a changed value is a wrong one. A spreadsheet runs text that begins like a formula, so `write`
says how many values do, and `spreadsheet` puts `'` before them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from bailee.cli.terminal import counted, table
from bailee.cli.values import batches, for_json, for_terminal, for_text, is_number, is_plain, is_text, rows
from bailee.errors import EngineError

if TYPE_CHECKING:
    import pyarrow as pa

#: How many rows a terminal is shown.
SHOWN = 40

_QUOTED = re.compile('[",\r\n]')
#: What makes a spreadsheet take a text for a formula (OWASP, "CSV Injection").
FORMULA = r"^[=+\-@\t\r]"
_FORMULA = re.compile(FORMULA)


def write_csv(answer: pa.Table, file: BinaryIO, *, spreadsheet: bool = False) -> None:
    """Write RFC 4180 in UTF-8; with `spreadsheet`, text that begins like a formula begins with `'` instead."""
    # What Bailee itself words, such as numbers and times, needs no quotes and is no formula.
    plain = [is_plain(field.type) for field in answer.schema]
    file.write(_line([_field(name) for name in answer.schema.names]))
    for columns in batches(answer):
        fields = [
            [for_text(value) for value in column] if safe else [_field(value, guard=spreadsheet) for value in column]
            for column, safe in zip(columns, plain, strict=True)
        ]
        file.write(b"".join(map(_line, zip(*fields, strict=True))))


def _line(fields: Sequence[str]) -> bytes:
    # A line of one empty field would be an empty line, which readers skip.
    line = ",".join(fields) if len(fields) > 1 or fields[0] else '""'
    return f"{line}\r\n".encode("utf-8", "backslashreplace")


def _field(value: Any, *, guard: bool = False) -> str:
    text = for_text(value)
    if guard and _FORMULA.match(text):
        text = f"'{text}"
    if _QUOTED.search(text) or (text == "" and value is not None):
        return '"' + text.replace('"', '""') + '"'
    return text


def formulas(answer: pa.Table) -> int:
    """How many text values a spreadsheet would take for formulas."""
    import pyarrow.compute as pc

    found = 0
    for field, column in zip(answer.schema, answer.columns, strict=True):
        if is_text(field.type):
            found += pc.sum(pc.match_substring_regex(column, FORMULA)).as_py() or 0
    return found


def write_json(answer: pa.Table, about: Mapping[str, object], file: BinaryIO) -> None:
    """Write one object: `columns`, `rows` as lists in the order of the columns, and what is known about the answer."""
    columns = [{"name": field.name, "type": str(field.type)} for field in answer.schema]
    head = json.dumps({"columns": columns, **about}, ensure_ascii=False, indent=2, default=str)
    file.write(f'{head[:-2]},\n  "rows": ['.encode("utf-8", "backslashreplace"))
    for line in _json_rows(answer):
        file.write(line.encode("utf-8", "backslashreplace"))
    file.write(b"\n  ]\n}\n" if answer.num_rows else b"]\n}\n")


def _json_rows(answer: pa.Table) -> Iterator[str]:
    encode = json.JSONEncoder(ensure_ascii=False, default=for_text, allow_nan=False).encode
    separator = "\n"
    for row in rows(answer):
        try:
            line = encode(row)
        except ValueError:  # a NaN or an infinity, for which JSON has no number
            line = json.dumps(list(map(for_json, row)), ensure_ascii=False)
        yield f"{separator}    {line}"
        separator = ",\n"


def write_parquet(answer: pa.Table, about: Mapping[str, object], file: BinaryIO) -> None:
    """Write Parquet; the file's own metadata says under `bailee` what is known about the answer."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    known = json.dumps(about, ensure_ascii=False, default=str).encode()
    try:
        pq.write_table(answer.replace_schema_metadata({b"bailee": known}), file)
    except pa.ArrowException:
        kinds = ", ".join(f"`{field.name}` ({field.type})" for field in answer.schema)
        message = f"Parquet cannot hold a column among {kinds}; cast it to text in the question, or use --format csv"
        raise EngineError(message) from None


def terminal_lines(answer: pa.Table, columns: int) -> list[str]:
    """The answer for a terminal `columns` cells wide: at most 40 rows, then how many more and how to get them."""
    shown = [[for_terminal(value) for value in row] for row in rows(answer.slice(0, SHOWN))]
    right = [is_number(field.type) for field in answer.schema]
    lines, hidden = table(answer.schema.names, shown, right=right, columns=columns)
    if answer.num_rows > SHOWN:
        lines.append(f"… {counted(answer.num_rows - SHOWN, 'more row')}; all of them: --format csv, or --out FILE")
    if hidden:
        lines.append(f"… {counted(hidden, 'more column')} to the right; all of them: --format csv, or --out FILE")
    return lines
