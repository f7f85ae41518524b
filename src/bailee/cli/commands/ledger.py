"""`bailee ledger`: what happened, provably."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.running import command

group = typer.Typer(help="What happened, provably.", no_args_is_help=True, rich_markup_mode=None)


@group.command()
@command
def head(
    signed: Annotated[
        bool, typer.Option("--signed", help="Print the signed checkpoint alone, to keep in a file.")
    ] = False,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Print how many entries there are and the root over them. Whoever keeps this elsewhere can tell later that nothing
    before it was rewritten."""
    from bailee.cli import proving

    proving.head(home, signed=signed, as_json=as_json)


@group.command()
@command
def prove(
    entry: Annotated[
        int | None, typer.Argument(metavar="ENTRY", min=0, help="Its number.", show_default="all of the customer's")
    ] = None,
    customer: Annotated[
        str | None, typer.Option(metavar="KEY", help="Everything that concerned this customer, or --entry of it.")
    ] = None,
    one: Annotated[int | None, typer.Option("--entry", metavar="ENTRY", min=0, help="The same as ENTRY.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write to this file; of a customer, to this new folder."),
    ] = None,
    force: o.Force = False,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Prove what is in the ledger. An entry's proof file (C2SP tlog-proof) shows that it is there; a customer's also
    whether they were in scope of it, and shows nobody else."""
    from bailee.cli import handing

    position = one if entry is None else entry
    if entry is not None and one is not None:
        raise typer.BadParameter("the entry is named already", param_hint="--entry")
    if customer is not None:
        handing.customer(home, customer, position, out, as_json=as_json)
    elif position is not None:
        handing.entry(home, position, out, force=force, as_json=as_json)
    else:
        raise typer.BadParameter("expected the number of an entry, or a customer", param_hint="ENTRY or --customer")


@group.command()
@command
def verify(
    target: Annotated[
        str | None, typer.Argument(help="The folder or URL of an exported ledger.", show_default="the workspace")
    ] = None,
    begins: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FILE|SIZE:ROOT",
            help="A checkpoint that you kept; the ledger must begin with it.",
        ),
    ] = None,
    keys: o.LogKeys = None,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Check a whole ledger. Every hash is worked out again from the leaves; exit status 1 if one is wrong, or the
    signature of an exported one."""
    from bailee.cli import verifying

    kept, known = verifying.kept(begins), verifying.keys(keys)
    if target is None:
        verifying.verify(home, kept, known, as_json=as_json)
    else:
        verifying.verify_target(target, kept, known, as_json=as_json)


@group.command()
@command
def export(
    folder: Annotated[
        Path, typer.Argument(help="A new or empty folder, or one with an earlier export.", show_default=False)
    ],
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Write the ledger as files that any web server can give out. They hold leaves, hashes and signatures, and nothing
    about a person."""
    from bailee.cli import proving

    proving.export(home, folder, as_json=as_json)


@group.command("check")
@command
def check_proofs(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Proof files.", show_default=False)],
    keys: o.LogKeys = None,
    as_json: o.Json = False,
) -> int:
    """Check proof files. It takes no workspace and no network, only the ledger's public key; exit status 1 if one does
    not hold."""
    from bailee.cli import verifying

    if not keys:
        raise typer.BadParameter(
            "expected the ledger's public key: without it, anybody could have signed", param_hint="--key"
        )
    return verifying.check(files, verifying.keys(keys), as_json=as_json)


Position = Annotated[int, typer.Argument(metavar="ENTRY", min=0, help="Its number.", show_default=False)]


@group.command("explain")
@command
def explain_entry(entry: Position, home: o.Home = o.HERE, as_json: o.Json = False) -> int:
    """Show an entry: the leaf, which all may read, and the private record that it commits to.

    A use is derived again from the policy, the map and the standing of that time; status 1 where that does not agree.
    """
    from bailee.cli import proving

    return proving.explain(home, entry, as_json=as_json)
