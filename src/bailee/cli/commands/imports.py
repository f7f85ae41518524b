"""`bailee import`: what was recorded elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.running import command

group = typer.Typer(help="Bring in what was recorded elsewhere.", no_args_is_help=True, rich_markup_mode=None)


@group.command("customers")
@command
def import_customers(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet.", show_default=False)],
    dry_run: o.DryRun = False,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Import customers from a file. New ones are added and known ones changed, all rows or none; an empty field says
    nothing. Columns: key, and where known born, place, last_activity, contract_since, contract_ended, email,
    phone; the last two are kept encrypted."""
    from bailee.cli import importing

    importing.customers(home, file, dry_run=dry_run, as_json=as_json)


@group.command("choices")
@command
def import_choices(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet.", show_default=False)],
    dry_run: o.DryRun = False,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Import customers' choices from a file. All are taken or none, and it is safe to run twice. Columns: customer,
    purpose, act, at, instrument, and where known notice, language, recipient, channel, evidence, conflict_shown,
    guardian."""
    from bailee.cli import importing

    importing.choices(home, file, dry_run=dry_run, as_json=as_json)
