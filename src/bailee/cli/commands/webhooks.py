"""`bailee webhooks`: word of choices to other systems."""

from __future__ import annotations

from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.running import command

group = typer.Typer(help="Word of choices to other systems.", no_args_is_help=True, rich_markup_mode=None)


@group.command("list")
@command
def list_webhooks(home: o.Home = o.HERE, as_json: o.Json = False) -> None:
    """List the webhooks of bailee.toml, and what each has not taken yet."""
    from bailee.cli import telling_others

    telling_others.listing(home, as_json=as_json)


HookName = Annotated[str | None, typer.Argument(metavar="NAME", help="One webhook.", show_default="all of them")]


@group.command("retry")
@command
def retry_webhooks(name: HookName = None, home: o.Home = o.HERE, as_json: o.Json = False) -> None:
    """Make everything that waits, or was given up, due now. It is sent by the next `bailee webhooks send`."""
    from bailee.cli import telling_others

    telling_others.retry(home, name, as_json=as_json)


@group.command("send")
@command
def send_webhooks(
    every: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=0.1, help="Go on, a round every so many seconds.", show_default="once"),
    ] = None,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> int:
    """Send what is due to every webhook, signed as Standard Webhooks asks. What is not taken is tried again later, and
    given up after some days; exit status 1 if something was not taken."""
    from bailee.cli import telling_others

    return telling_others.send(home, every, as_json=as_json)
