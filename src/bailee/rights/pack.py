"""A ZIP file written as it comes, with the SHA-256 of every file in it; a file's content is never in memory whole."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO

from bailee.gate.values import for_json, for_text

#: With what a text begins that a spreadsheet takes for a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Packed:
    """One file of a pack."""

    name: str
    bytes: int
    sha256: str


class Pack:
    """A ZIP under construction in `file`, which need not be seekable; `close` ends it."""

    def __init__(self, file: BinaryIO, at: datetime) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._at = at.astimezone(UTC)
        self.files: list[Packed] = []

    def add(self, name: str, chunks: Iterable[bytes]) -> Packed:
        """Write one file, piece by piece."""
        entry = zipfile.ZipInfo(name, self._at.timetuple()[:6])
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o600 << 16
        digest, size = hashlib.sha256(), 0
        with self._zip.open(entry, "w", force_zip64=True) as out:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                out.write(chunk)
        packed = Packed(name, size, digest.hexdigest())
        self.files.append(packed)
        return packed

    def close(self) -> None:
        """Write the directory of the ZIP; without it nobody can open what was written."""
        self._zip.close()

    def abandon(self) -> None:
        """Let it never be a whole ZIP: Python would write its directory once nobody holds it any more."""
        self._zip.fp = None


def json_rows(names: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """A JSON array of objects, one a line."""
    yield b"["
    before = b"\n"
    for row in rows:
        text = json.dumps(for_json(dict(zip(names, row, strict=True))), ensure_ascii=False)
        yield before + text.encode("utf-8", "backslashreplace")
        before = b",\n"
    yield b"\n]\n"


def csv_rows(names: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """CSV (RFC 4180) for spreadsheets: a text that one would run as a formula has `'` before it, as JSON has not."""
    yield _line([_field(name) for name in names])
    for row in rows:
        yield _line([_field(value) for value in row])


def _line(fields: Sequence[str]) -> bytes:
    line = ",".join(fields) if len(fields) > 1 or (fields and fields[0]) else '""'
    return f"{line}\r\n".encode("utf-8", "backslashreplace")


def _field(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return _quoted(f"'{value}" if value.startswith(_FORMULA) else value)
    return _quoted(for_text(value))


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"' if not word or any(each in word for each in '",\r\n') else word
