"""`bailee budget`: what questions with noise spent, and may still spend."""

from __future__ import annotations

from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.running import command


@command
def budget(
    purpose: Annotated[
        str | None,
        typer.Option("--purpose", "-p", metavar="PURPOSE", help="Why.", autocompletion=o.completion.purposes),
    ] = None,
    recipient: o.Recipient = None,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """How privacy budgets stand: what questions with noise spent, and what they may still spend."""
    from bailee.cli import budgeting

    budgeting.show(home, purpose, recipient, as_json=as_json)
