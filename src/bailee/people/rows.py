"""Rows of a CSV or Parquet file as Arrow columns of text, some ten thousand at a time.

Both kinds give the same columns, so whoever takes the rows need not know which it was. A CSV file without quotes
and empty lines means the same to every parser, and Arrow's is six times faster; any other file goes through Python's,
which knows the line of each row.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING

from bailee.people.nearest import expected
from bailee.people.problems import Problems, shown

#: Looking up keys costs as much for a few rows as for a hundred thousand.
BATCH_BYTES = 32 << 20
BATCH_ROWS = 50_000
if TYPE_CHECKING:
    import pyarrow as pa

_BREAK = re.compile(r"\r\n|\r|\n")
#: How files begin that people take for CSV.
_OTHERS = {
    b"PK\x03\x04": "is a ZIP or Excel file; save it as CSV or Parquet",
    b"\x1f\x8b": "is compressed; decompress it first",
    b"\xff\xfe": "is in UTF-16; save it in UTF-8",
    b"\xfe\xff": "is in UTF-16; save it in UTF-8",
    b"SQLite format 3": "is a database, expected CSV or Parquet",
}
_PARQUET = b"PAR1"


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows: an Arrow array of text for each column of the file; times of a Parquet file are timestamps, UTC.

    `line` gives the place of a row by its index here; `done` is how many bytes of the file were read.
    """

    columns: Mapping[str, pa.Array]
    rows: int
    line: Callable[[int], int]
    done: int


class Source:
    """A file of rows with known columns, of which some must be there; problems of its shape go to `problems`."""

    def __init__(self, path: Path, required: Sequence[str], optional: Sequence[str], problems: Problems) -> None:
        self.path, self.problems = path, problems
        self.required, self.known = tuple(required), (*required, *optional)
        self.total, self._changed = 0, (0, 0)
        self.header: list[str] = []

    def digest(self) -> str:
        """The SHA-256 of the file, which names it."""
        with self.path.open("rb") as file:
            self._changed = self._stamp(file)
            self.total = self._changed[0]
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"

    def batches(self) -> Iterator[Batch]:
        """Give the rows in order; stops at what makes the rest unreadable. A file without rows is a problem."""
        with self.path.open("rb") as file:
            begin = file.read(16)
            file.seek(0)
            found = 0
            for batch in self._read(file, begin):
                found += batch.rows
                yield batch
            if self._stamp(file) != self._changed:
                self.problems.add(1, 1, "the file changed while it was read; import it when it is complete")
        if not found and not self.problems.count:
            self.problems.add(1, 1, "the file has no rows" if begin else "the file is empty")

    def column(self, name: str) -> int:
        """The place of a column in the file, from 1."""
        return self.header.index(name) + 1 if name in self.header else 1

    def _read(self, file: IO[bytes], begin: bytes) -> Iterator[Batch]:
        other = next((words for magic, words in _OTHERS.items() if begin.startswith(magic)), None)
        if other:
            self.problems.add(1, 1, f"the file {other}")
        elif begin.startswith(_PARQUET):
            yield from self._parquet(file)
        elif begin:
            yield from self._csv(file)

    @staticmethod
    def _stamp(file: IO[bytes]) -> tuple[int, int]:
        import os

        found = os.fstat(file.fileno())
        return found.st_size, found.st_mtime_ns

    def _fits(self, header: Sequence[str]) -> bool:
        """Whether the columns are ours: none unknown, which might narrow a choice, none missing and none twice."""
        self.header = [name.strip().lower() for name in header]
        before = self.problems.count
        for place, name in enumerate(self.header, 1):
            if name not in self.known:
                self.problems.add(1, place, f"there is no column {shown(name)}: {expected(name, self.known)}")
            elif name in self.header[: place - 1]:
                self.problems.add(1, place, f"the column `{name}` is there twice")
        for name in self.required:
            if name not in self.header:
                apart = " (columns are separated by `,`)" if len(self.header) == 1 else ""
                self.problems.add(1, 1, f"the column `{name}` is missing{apart}")
        return self.problems.count == before

    # CSV --------------------------------------------------------------------------------------------------------

    def _csv(self, file: IO[bytes]) -> Iterator[Batch]:
        yield from self._plain(file) if _plain(file) else self._quoted(file)

    def _plain(self, file: IO[bytes]) -> Iterator[Batch]:
        """A file in which every comma ends a field and every line break a row."""
        import pyarrow as pa
        from pyarrow import csv as arrow

        names = file.readline().decode("utf-8-sig", "replace").rstrip("\r\n").split(",")
        if not self._fits(names) or file.tell() == self.total:
            return
        reading = arrow.ReadOptions(column_names=self.header, block_size=BATCH_BYTES)
        parsing = arrow.ParseOptions(quote_char=False, ignore_empty_lines=False)
        text = arrow.ConvertOptions(column_types=dict.fromkeys(self.header, pa.string()), strings_can_be_null=False)
        rows = 0
        try:
            for each in arrow.open_csv(file, reading, parsing, text):
                columns = dict(zip(self.header, each.columns, strict=True))
                yield Batch(columns, each.num_rows, lambda i, first=rows + 2: first + i, file.tell())  # type: ignore[misc]
                rows += each.num_rows
        except pa.ArrowInvalid:
            before = self.problems.count
            self._misshapen()
            if self.problems.count == before:
                self.problems.add(rows + 2, 1, "a line from here on is too long to be one of choices or customers")

    def _misshapen(self) -> None:
        """Note the lines that have another number of columns than the first, and the first that is not UTF-8."""
        with self.path.open("rb") as file:
            for line, text in enumerate(file, 1):
                found = text.count(b",") + 1
                if found != len(self.header):
                    self.problems.add(line, 1, f"found {found} columns, expected {len(self.header)}")
        self._not_text()

    def _not_text(self) -> None:
        """Note the first line that is not UTF-8, if there is one."""
        with self.path.open("rb") as file:
            for line, text in enumerate(file, 1):
                try:
                    text.decode()
                except UnicodeDecodeError as error:
                    told = f"the line is not in UTF-8 (found byte 0x{text[error.start]:02x}); save the file in UTF-8"
                    self.problems.add(line, 1, told)
                    return

    def _quoted(self, file: IO[bytes]) -> Iterator[Batch]:
        import io

        text = io.TextIOWrapper(file, "utf-8-sig", newline="")
        reader = csv.reader(text, strict=True)
        try:
            if self._fits(next(reader, [])):
                while rows := list(islice(reader, BATCH_ROWS)):
                    yield from self._columns(rows, reader.line_num, file.tell())
        except UnicodeDecodeError:
            self._not_text()
        except csv.Error as error:
            self.problems.add(reader.line_num, 1, self._words(str(error)))
        finally:
            text.detach()

    def _columns(self, rows: list[list[str]], last: int, done: int) -> Iterator[Batch]:
        """The rows as columns; rows of another length are problems, and empty lines are passed over."""
        places = _Lines(rows, last)
        width = len(self.header)
        if any(len(row) != width for row in rows):
            for index, row in enumerate(rows):
                if row and len(row) != width:
                    self.problems.add(places(index), 1, f"found {len(row)} columns, expected {width}")
            kept = [index for index, row in enumerate(rows) if len(row) == width]
            rows, places = [rows[index] for index in kept], places.only(kept)
        if rows:
            import pyarrow as pa

            columns = (pa.array(column, pa.string()) for column in zip(*rows, strict=True))
            yield Batch(dict(zip(self.header, columns, strict=True)), len(rows), places, done)

    @staticmethod
    def _words(error: str) -> str:
        if "field larger" in error:
            return f"a field is longer than {csv.field_size_limit():,} characters; is a quote not closed?"
        if "unexpected end of data" in error:
            return "a quote is opened and never closed"
        return "the quotes of this line do not match; double a quote that stands inside a quoted field"

    # Parquet ----------------------------------------------------------------------------------------------------

    def _parquet(self, file: IO[bytes]) -> Iterator[Batch]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            opened = pq.ParquetFile(file)
            if not self._fits(opened.schema_arrow.names):
                return
            count, rows = opened.metadata.num_rows, 0
            for each in opened.iter_batches(BATCH_ROWS):
                columns = self._texts(each)
                if columns is None:
                    return
                first, rows = rows, rows + each.num_rows
                yield Batch(columns, each.num_rows, lambda i, first=first: first + i + 1, self.total * rows // count)  # type: ignore[misc]
        except (pa.ArrowException, OSError):
            self.problems.add(1, 1, "the Parquet file is damaged or incomplete; make it again")

    def _texts(self, batch: pa.RecordBatch) -> dict[str, pa.Array] | None:
        """Every column as text, or times to the microsecond; None where a type is neither."""
        import pyarrow as pa
        import pyarrow.compute as pc

        columns: dict[str, pa.Array] = {}
        for name, column in zip(self.header, batch.columns, strict=True):
            try:
                timed = pa.types.is_timestamp(column.type)
                # Nanoseconds may be lost; a time that does not fit may not become another one.
                safe = not timed or column.type.unit != "ns"
                columns[name] = pc.cast(column, pa.timestamp("us", "UTC") if timed else pa.string(), safe=safe)
                columns[name].validate(full=True)  # a file may say UTF-8 and hold other bytes
            except pa.ArrowException:
                wanted = "times from year 1 to 9999" if timed else "text in UTF-8"
                self.problems.add(1, self.column(name), f"the column `{name}` is {column.type}, expected {wanted}")
                return None
        return columns


def _plain(file: IO[bytes]) -> bool:
    """Whether the file has no quote, no empty line, and no carriage return but before a line feed."""
    before = b""
    while chunk := file.read(1 << 20):
        if chunk.endswith(b"\r"):
            chunk += file.read(1)
        joined = before + chunk
        if b'"' in chunk or b"\n\n" in joined or b"\n\r\n" in joined or chunk.count(b"\r") != chunk.count(b"\r\n"):
            file.seek(0)
            return False
        before = joined[-2:]
    file.seek(0)
    return True


class _Lines:
    """The line of each row of a batch, worked out only where somebody asks."""

    def __init__(self, rows: list[list[str]], last: int) -> None:
        self._rows, self._last = rows, last
        self._lines: list[int] | None = None

    def __call__(self, index: int) -> int:
        if self._lines is None:
            self._lines, line = [], self._last + 1
            for row in reversed(self._rows):
                line -= 1 + sum(len(_BREAK.findall(field)) for field in row)
                self._lines.append(line)
            self._lines.reverse()
        return self._lines[index]

    def only(self, kept: list[int]) -> _Lines:
        """The lines of some of the rows."""
        found = _Lines([], 0)
        found._lines = [self(index) for index in kept]
        return found
