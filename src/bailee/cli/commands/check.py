"""`bailee check`: mistakes in the policy and the data map."""

from __future__ import annotations

from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.running import command


@command
def check(
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")] = False,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> int:
    """Look for mistakes in the policy and the data map. Exit status 1 if there are any."""
    from bailee.cli import checking

    return checking.check(home, strict=strict, as_json=as_json)
