"""`bailee status`: the state of the workspace."""

from __future__ import annotations

from bailee.cli import options as o
from bailee.cli.running import command


@command
def status(home: o.Home = o.HERE, as_json: o.Json = False) -> None:
    """Show the state of the workspace."""
    from bailee.cli import reporting

    reporting.status(home, as_json=as_json)
