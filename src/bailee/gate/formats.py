"""An answer as CSV, JSON or Parquet, and what is known about it beside its rows.

CSV is RFC 4180 in UTF-8: lines end in CR LF, NULL is empty and empty text is `""`. Values are written as they are: CSV
is for programs, and a changed value is a wrong one. A spreadsheet runs text that begins like a formula, so `write_csv`
counts such values, and with `spreadsheet` puts `'` before them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, BinaryIO

from bailee.errors import EngineError
from bailee.gate.values import batches, for_json, for_text, is_plain, rows

if TYPE_CHECKING:
    import pyarrow as pa

_QUOTED = re.compile('[",\r\n]')
#: With what a text begins that a spreadsheet takes for a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def write_csv(answer: pa.Table, file: BinaryIO, *, spreadsheet: bool = False) -> int:
    """Write RFC 4180 in UTF-8 and return how many texts begin like a formula; with `spreadsheet` those get a `'`."""
    # What Bailee itself words, such as numbers and times, needs no quotes and is no formula.
    worded = [is_plain(field.type) for field in answer.schema]
    names: Sequence[str] = answer.schema.names
    formulas = sum(name.startswith(_FORMULA) for name in names)
    file.write(_line([_field(name, name, guard=spreadsheet) for name in names]))
    for columns in batches(answer):
        fields: list[Sequence[str]] = []
        for column, safe in zip(columns, worded, strict=True):
            texts = [for_text(value) for value in column]
            if not safe:
                formulas += sum(text.startswith(_FORMULA) for text in texts)
                texts = [_field(value, text, guard=spreadsheet) for value, text in zip(column, texts, strict=True)]
            fields.append(texts)
        file.write(b"".join(map(_line, zip(*fields, strict=True))))
    return formulas


def _line(fields: Sequence[str]) -> bytes:
    # A line of one empty field would be an empty line, which readers skip.
    line = ",".join(fields) if len(fields) > 1 or fields[0] else '""'
    return f"{line}\r\n".encode("utf-8", "backslashreplace")


def _field(value: object, text: str, *, guard: bool) -> str:
    if value is None:
        return ""
    return _quoted(f"'{text}" if guard and text.startswith(_FORMULA) else text)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if not text or _QUOTED.search(text) else text


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


def write_arrow(answer: pa.Table, file: BinaryIO) -> None:
    """Write an Arrow IPC stream."""
    import pyarrow as pa

    with pa.ipc.new_stream(file, answer.schema) as stream:
        stream.write_table(answer)


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
