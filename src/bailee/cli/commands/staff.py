"""`bailee staff`: who works here."""

from __future__ import annotations

from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.running import command

group = typer.Typer(help="Who works here.", no_args_is_help=True, rich_markup_mode=None)


@group.command()
@command
def link(
    name: Annotated[
        str,
        typer.Option("--name", metavar="NAME", help="Who they are, as the ledger will call them.", show_default=False),
    ],
    role: o.Roles = None,
    hours: Annotated[
        float, typer.Option("--hours", metavar="N", min=0.1, max=168, help="For how long it is good.")
    ] = 12.0,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Print a link to the staff console that signs somebody in once, with the roles that you give them."""
    from bailee.cli import staffing

    staffing.link(home, name, role or [], hours, as_json=as_json)
