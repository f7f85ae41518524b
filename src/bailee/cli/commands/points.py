"""`bailee points`: standing for shops that decide far from the store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.running import command

group = typer.Typer(
    help="Standing for shops that decide far from the store.", no_args_is_help=True, rich_markup_mode=None
)


@group.command("export")
@command
def export_points(
    folder: Annotated[
        Path, typer.Argument(help="A new or empty folder, or one with an earlier feed.", show_default=False)
    ],
    purposes: Annotated[
        list[str],
        typer.Option(
            "--purpose",
            "-p",
            metavar="PURPOSE",
            help="Why the data is used; may be repeated.",
            autocompletion=o.completion.purposes,
        ),
    ],
    recipient: o.Recipient = None,
    effect: o.Effects = None,
    name: o.Name = None,
    roles: o.Roles = None,
    trained: o.Lessons = None,
    lag: Annotated[
        float, typer.Option(metavar="SECONDS", help="Nobody permits anything from word that is older.")
    ] = 5.0,
    every: Annotated[float, typer.Option(metavar="SECONDS", help="How often there is word, changes or not.")] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Write it as it is now, and end.")] = False,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Hand out who may be used, as a feed of sealed files. Any web server can give the folder out, and whoever has the
    feed's key decides from it with `bailee.follow`. It runs until Ctrl-C; each minute of it is recorded."""
    from bailee.cli import feeding
    from bailee.cli.opening import actor

    who = actor(name, roles, trained)
    feeding.export(home, folder, purposes, effect, recipient, who, lag, every, once=once, as_json=as_json)


@group.command("look")
@command
def look_at_points(
    where: Annotated[str, typer.Argument(metavar="WHERE", help="The folder or URL of a feed.", show_default=False)],
    key: Annotated[str, typer.Option(metavar="FILE", help="The feed's key, or env:NAME.", show_default=False)],
    as_json: o.Json = False,
) -> int:
    """Look at a feed as a shop's process does. It takes no workspace; exit status 1 if nobody could answer from it."""
    from bailee.cli import feeding

    return feeding.look(where, key, as_json=as_json)
