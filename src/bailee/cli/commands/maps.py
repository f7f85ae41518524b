"""`bailee map`: where customers' data lives."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.running import command

group = typer.Typer(help="The data map: where customers' data lives.", no_args_is_help=True, rich_markup_mode=None)

HERE = Path()


@group.callback()
def _maps() -> None:
    """The data map: where customers' data lives."""


@group.command("suggest")
@command
def suggest(
    engine: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Look at a further engine of bailee.toml.",
            show_default="the main one",
            autocompletion=o.completion.engines,
        ),
    ] = None,
    tables: Annotated[
        list[str] | None,
        typer.Option("--table", "-t", metavar="TABLE", help="Look at this table only; may be repeated."),
    ] = None,
    sample: Annotated[
        int,
        typer.Option(metavar="N", min=100, max=100_000, help="Rows that are looked at one by one, beside the counts."),
    ] = 2_000,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write a data map to review, to a new file; - prints it."),
    ] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="Write a copy of the workspace's data map with the suggestions in it.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Exit status 1 if the map lacks a column that is surely or likely personal.")
    ] = False,
    name: o.Name = None,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> int:
    """Look for personal data that the data map does not know. Says of every other column what it probably is, how sure
    that is and why, from its name and from counts over the whole column; never shows a value. It is recorded."""
    from bailee.cli import mapping

    asked = mapping.Asked(engine, tuple(tables or ()), sample, name)
    return mapping.suggest(home, asked, mapping.Written(out, merge), check=check, as_json=as_json)
