"""`bailee deal`, from the draft on: who agrees to a deal, what is released, traced, called back and confirmed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.commands.deal import File, group
from bailee.cli.running import command

__all__ = ["group"]

Deal = Annotated[
    str, typer.Argument(metavar="DEAL", help="A deal's key, or the digest of one version.", show_default=False)
]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="Why, as it is kept.", show_default=False)]


@group.command("propose")
@command
def propose(file: File, name: o.Name = None, home: o.Home = o.HERE, as_json: o.Json = False) -> None:
    """Put a deal's file on record as your draft. Whoever drafts a version cannot approve it."""
    from bailee.cli import dealing

    dealing.propose(home, file, name, as_json=as_json)


@group.command("list")
@command
def list_deals(
    every: Annotated[bool, typer.Option("--all", help="Every version, not only the newest of each deal.")] = False,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """List the deals on record, and how each stands. What a killed release left is handed over."""
    from bailee.cli import dealing

    dealing.listing(home, every=every, as_json=as_json)


@group.command("show")
@command
def show(deal: Deal, home: o.Home = o.HERE, as_json: o.Json = False) -> None:
    """Show a deal: its steps, what keeps it from being agreed or released, its releases, and what is to be deleted."""
    from bailee.cli import dealing

    dealing.show(home, deal, as_json=as_json)


@group.command("approve")
@command
def approve(
    deal: Deal,
    met: Annotated[
        list[str] | None,
        typer.Option(
            "--met", metavar="TEST=HOW", help="How a condition of the screen is met; may be repeated. Approves nothing."
        ),
    ] = None,
    name: o.Name = None,
    roles: o.Roles = None,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Approve a version as it was screened, in a role that the deal names. As in
    `bailee deal approve harbour-2027 --as "Cora Counsel" --role counsel`."""
    from bailee.cli import dealing

    dealing.approve(home, deal, met or [], name, roles, as_json=as_json)


@group.command("agree")
@command
def agree(
    deal: Deal, name: o.Name = None, roles: o.Roles = None, home: o.Home = o.HERE, as_json: o.Json = False
) -> None:
    """Agree to a version that was screened under the promise in force and not refused, whose conditions are met, and
    which two people who did not draft it approved. Exit status 3 where it may not be."""
    from bailee.cli import dealing

    dealing.agree(home, deal, name, roles, as_json=as_json)


@group.command("withdraw")
@command
def withdraw(deal: Deal, why: Why, name: o.Name = None, home: o.Home = o.HERE, as_json: o.Json = False) -> None:
    """Take an agreement back. Nothing is released under it any more. What was is called back by
    `bailee deal recall`."""
    from bailee.cli import dealing

    dealing.withdraw(home, deal, why, name, as_json=as_json)


@group.command("release")
@command
def release(
    deal: Deal,
    key: Annotated[
        str,
        typer.Option(
            "--key", metavar="AGE1...", help="The recipient's public key, or a file that holds it.", show_default=False
        ),
    ],
    into: Annotated[
        Path, typer.Option("--into", metavar="FOLDER", help="Where the release's folder is made.", show_default=False)
    ],
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="parquet or csv.")] = "parquet",
    canaries: Annotated[
        int, typer.Option("--canaries", min=0, max=100, metavar="N", help="Customers who do not exist.")
    ] = 3,
    reserved: Annotated[
        str | None,
        typer.Option(
            "--reserved", metavar="FIRST-LAST", help="Keys that you give to nobody, for canaries among clear keys."
        ),
    ] = None,
    engine: o.Engine = None,
    name: o.Name = None,
    roles: o.Roles = None,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Release what a deal agrees to, sealed for the recipient's age key, with a manifest and its proof. It is recorded
    before it is handed over. Exit status 3 where it may not be."""
    from bailee.cli import dealing

    dealing.release(
        home,
        deal,
        key,
        into,
        form,
        canaries,
        reserved,
        engine,
        name,
        roles,
        as_json=as_json,
    )


@group.command("verify")
@command
def verify(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A release as it was handed over.")],
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Check that a release's files and manifest are those that the ledger recorded."""
    from bailee.cli import dealing

    dealing.verify(home, folder, as_json=as_json)


@group.command("trace")
@command
def trace(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV or Parquet file that turned up.")],
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Say from which release a file comes, with the chance of being wrong. A file that is nobody's accuses nobody."""
    from bailee.cli import dealing

    dealing.trace(home, file, as_json=as_json)


@group.command("recall")
@command
def recall(deal: Deal, why: Why, name: o.Name = None, home: o.Home = o.HERE, as_json: o.Json = False) -> None:
    """Call back all that was released under a deal, and end it. `bailee deal notices` hands the notices over."""
    from bailee.cli import dealing

    dealing.recall(home, deal, why, name, as_json=as_json)


@group.command("notices")
@command
def notices(
    write: Annotated[
        Path | None, typer.Option("--write", metavar="FOLDER", help="Write each as a file, to be handed over.")
    ] = None,
    send: Annotated[bool, typer.Option("--send", help="Send them to the webhooks of their recipients.")] = False,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Say what recipients must delete and have not confirmed: whoever withdrew or was erased, and what has ended."""
    from bailee.cli import dealing

    dealing.notices(home, write, send=send, as_json=as_json)


@group.command("confirm")
@command
def confirm(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="A deletion, as `bailee deal notices` numbers them.")],
    by: Annotated[str, typer.Option("--by", metavar="TEXT", help="Who confirmed it, and by what.", show_default=False)],
    name: o.Name = None,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Keep that a recipient has deleted what they were asked to."""
    from bailee.cli import dealing

    dealing.confirm(home, number, by, name, as_json=as_json)
