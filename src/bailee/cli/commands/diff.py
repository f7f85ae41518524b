"""`bailee diff`: two versions of a policy, compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.running import command


@command
def diff(
    old: Annotated[Path, typer.Argument(help="A policy file.", show_default=False)],
    new: Annotated[Path, typer.Argument(help="Another version of it.", show_default=False)],
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Compare two versions of a policy. Says of every change whether it widens the promise or narrows it, and who must
    be asked again."""
    from bailee.cli import comparing

    comparing.diff(old, new, home, as_json=as_json)
