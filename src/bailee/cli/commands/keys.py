"""`bailee keys`: what seals customers' data, and what signs the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.groups import put_behind
from bailee.cli.running import command

group = typer.Typer(
    help="What seals customers' data, and what signs the ledger. Without a command: every key, never a secret.",
    rich_markup_mode=None,
)


@group.callback(invoke_without_command=True)
def list_keys(context: typer.Context, home: o.Home = o.HERE, as_json: o.Json = False) -> None:
    if context.invoked_subcommand is None:
        _list_keys(home=home, as_json=as_json)
    put_behind(context)


@command
def _list_keys(*, home: Path, as_json: bool) -> None:
    from bailee.cli import keeping

    keeping.listing(home, as_json=as_json)


KindOfKey = Annotated[str, typer.Argument(metavar="KIND", help="encryption or signing.", show_default=False)]


@group.command("rotate")
@command
def rotate_keys(kind: KindOfKey, home: o.Home = o.HERE, as_json: o.Json = False) -> None:
    """Put a new key in the place of the current one. Everybody's data can still be read, and every earlier proof still
    holds; a run that was interrupted is finished by the next."""
    from bailee.cli import keeping

    keeping.rotate(home, kind, as_json=as_json)


@group.command("make")
@command
def make_key(
    kind: KindOfKey,
    origin: Annotated[
        str | None, typer.Option(metavar="NAME", help="The name that the ledger signs under.", show_default=False)
    ] = None,
    as_json: o.Json = False,
) -> None:
    """Print a fresh key. Keep it where the source in bailee.toml finds it; a source that is a file makes its own."""
    from bailee.cli import keeping

    keeping.make(kind, origin, as_json=as_json)
