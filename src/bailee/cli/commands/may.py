"""`bailee may`: whether one customer's data may be used."""

from __future__ import annotations

from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.running import command
from bailee.vocabulary import Use


@command
def may(
    customer: Annotated[str, typer.Argument(help="The customer's key.", show_default=False)],
    purpose: o.Purpose,
    recipient: o.Recipient = None,
    effect: o.Effects = None,
    name: o.Name = None,
    roles: o.Roles = None,
    trained: o.Lessons = None,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> int:
    """Ask whether one customer's data may be used. Says why; exit status 3 if it may not."""
    from bailee.cli import choosing
    from bailee.cli.opening import actor

    return choosing.may(home, customer, Use(purpose, actor(name, roles, trained), effect, recipient), as_json=as_json)
