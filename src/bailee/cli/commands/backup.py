"""`bailee backup` and `bailee restore`: a workspace in a sealed file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.running import command


@command
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.", show_default=False)],
    force: Annotated[bool, typer.Option("--force", help="Take the place of a file that exists.")] = False,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Write a sealed backup, and read it again. It holds all but the company's own tables and the encryption key,
    without which it is of no use: keep that elsewhere."""
    from bailee.cli import backing

    backing.backup(home, file, force=force, as_json=as_json)


@command
def restore(
    file: Annotated[Path, typer.Argument(help="A backup.", show_default=False)],
    key: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE",
            help="The encryption key: a file, env:NAME or 'command: ...'.",
            show_default="the folder's",
        ),
    ] = None,
    erased: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Who was erased since, beside those that the folder knows: a `keys/erased`."),
    ] = None,
    ledger_folder: Annotated[
        Path | None,
        typer.Option("--ledger", metavar="FOLDER", help="An exported ledger that goes on after the backup."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Where there is a workspace, set it aside in a folder within.")
    ] = False,
    fork: Annotated[
        bool, typer.Option("--fork", help="Give up a ledger that does not go on from the backup's.")
    ] = False,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Restore a backup. Whoever was erased since is erased again before anybody can ask, and the ledger goes on from
    the longest state of it that is known."""
    from bailee.cli import backing

    backing.restore(file, home, key=key, erased=erased, ledger=ledger_folder, force=force, fork=fork, as_json=as_json)
