"""`bailee init`: a workspace to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.running import command


@command
def init(
    folder: Annotated[
        Path, typer.Argument(envvar="BAILEE_HOME", help="A folder without a workspace.", show_default="this folder")
    ] = o.HERE,
    example: Annotated[str | None, typer.Option(metavar="NAME", help="Begin with an example: grocer.")] = None,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Keep it all in a PostgreSQL database that several servers share, or env:NAME."
        ),
    ] = None,
    as_json: o.Json = False,
) -> None:
    """Make a workspace. It begins with a policy and a data map to change, or with those of an example."""
    from bailee.cli import starting

    starting.init(folder, example, store, as_json=as_json)
