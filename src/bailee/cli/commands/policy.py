"""`bailee policy`: versions of the promise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.running import command

group = typer.Typer(
    help="Versions of the promise: what each changes, and from when.", no_args_is_help=True, rich_markup_mode=None
)


@group.command("status")
@command
def policy_status(home: o.Home = o.HERE, as_json: o.Json = False) -> None:
    """Say which version is in force, which is scheduled, and whether policy.yaml says something else."""
    from bailee.cli import publishing

    publishing.status(home, as_json=as_json)


PolicyFile = Annotated[
    Path | None, typer.Argument(help="A version of the policy.", show_default="the workspace's policy.yaml")
]


@group.command("compare")
@command
def policy_compare(
    file: PolicyFile = None,
    language: Annotated[str, typer.Option(help="What customers would read, in en or es.")] = "en",
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Say what a version would change, and for how many customers. Nothing is recorded. As in
    `bailee policy compare next.yaml`."""
    from bailee.cli import publishing

    publishing.compare(home, file, language, as_json=as_json)


@group.command("publish")
@command
def policy_publish(file: PolicyFile = None, home: o.Home = o.HERE, as_json: o.Json = False) -> None:
    """Put a version in force now, with its notices in every language. Where it widens anything for anybody it is
    refused (exit status 3), with the day from which it could be. As in `bailee policy publish next.yaml`."""
    from bailee.cli import publishing

    publishing.publish(home, file, as_json=as_json)


@group.command("schedule")
@command
def policy_schedule(
    file: Annotated[Path, typer.Argument(help="A version of the policy.", show_default=False)],
    on: Annotated[
        str, typer.Option("--on", metavar="DAY", help="2027-01-31 (its midnight in UTC), or a time with a zone.")
    ],
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Have a version come into force by itself. Its notices are registered now, so that customers can be asked before;
    `[policy] notice_days` in bailee.toml says how long they are given. As in
    `bailee policy schedule next.yaml --on 2027-01-31`."""
    from bailee.cli import publishing

    publishing.schedule(home, file, on, as_json=as_json)


@group.command("withdraw")
@command
def policy_withdraw(home: o.Home = o.HERE, as_json: o.Json = False) -> None:
    """Take back the version that is scheduled, before it comes into force. As in `bailee policy withdraw`."""
    from bailee.cli import publishing

    publishing.withdraw(home, as_json=as_json)
