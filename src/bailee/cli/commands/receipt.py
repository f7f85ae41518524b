"""`bailee receipt`: receipts of choices, as customers keep them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.running import command

group = typer.Typer(help="Receipts of choices, as customers keep them.", no_args_is_help=True, rich_markup_mode=None)


@group.command("verify")
@command
def verify_receipts(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Receipts.", show_default=False)],
    keys: o.LogKeys = None,
    as_json: o.Json = False,
) -> int:
    """Check receipts of choices. It takes no workspace and no network; exit status 1 if one does not hold. Without a
    key, a receipt is checked by the one that it names, and says so."""
    from bailee.cli import receipting, verifying

    return receipting.verify(files, verifying.keys(keys), as_json=as_json)
