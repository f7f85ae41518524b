"""Where an answer goes and in which form: to a terminal as a table, to a pipe or a file as data."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import typer

from bailee.cli.options import Format
from bailee.cli.running import note, print_json, print_lines
from bailee.cli.saving import must_be_free, whole

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Output:
    """What was asked for: a form (or what fits), a file (or standard output)."""

    form: Format | None = None
    out: Path | None = None
    force: bool = False
    spreadsheet: bool = False
    as_json: bool = False

    def must_fit(self) -> None:
        """Say before the question is asked that its answer could not be delivered so."""
        if self.out is not None:
            must_be_free(self.out, force=self.force)
        elif self.as_json and self.form not in (None, Format.JSON):
            raise typer.BadParameter(
                f"`--json` and `--format {self.form}` are two forms: give one, or name `--out FILE`"
            )
        elif self.form is Format.PARQUET and sys.stdout.isatty():
            raise typer.BadParameter("Parquet is not for a terminal: name `--out FILE`, or pipe it")

    @property
    def chosen(self) -> Format:
        """The form asked for; else what the file's name says; else a table on a terminal and CSV in a pipe."""
        if self.form is not None:
            return self.form
        if self.out is not None:
            suffix = self.out.suffix.removeprefix(".").lower()
            return Format(suffix) if suffix in ("json", "parquet") else Format.CSV
        if self.as_json:
            return Format.JSON
        return Format.TABLE if sys.stdout.isatty() else Format.CSV

    def deliver(self, answer: pa.Table, about: Mapping[str, object]) -> None:
        """Write the answer with what is known about it; a file is written whole or not at all."""
        if self.out is not None:
            with whole(self.out, force=self.force) as file:
                self._write(answer, about, file)
        elif self.chosen is Format.TABLE:
            from bailee.cli import tables

            print_lines(tables.terminal_lines(answer, shutil.get_terminal_size().columns))
        else:
            sys.stdout.flush()
            self._write(answer, about, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        if self.as_json and self.out is not None:
            print_json({**about, "out": str(self.out)})

    def _write(self, answer: pa.Table, about: Mapping[str, object], file: BinaryIO) -> None:
        from bailee.cli import tables
        from bailee.gate import formats

        match self.chosen:
            case Format.JSON:
                formats.write_json(answer, about, file)
            case Format.PARQUET:
                formats.write_parquet(answer, about, file)
            case Format.CSV:
                self._warn_of_formulas(formats.write_csv(answer, file, spreadsheet=self.spreadsheet))
            case Format.TABLE:
                lines = tables.terminal_lines(answer, 10_000)
                file.write("\n".join([*lines, ""]).encode("utf-8", "backslashreplace"))

    def _warn_of_formulas(self, found: int) -> None:
        if found and not self.spreadsheet and not self.as_json:
            from bailee.cli.terminal import counted

            values = counted(found, "value begins", "values begin")
            note(f"{values} like a formula: before a spreadsheet opens this, write it with --spreadsheet")
