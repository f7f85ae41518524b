"""`bailee people`: people's own data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.running import command

group = typer.Typer(help="People's own data.", no_args_is_help=True, rich_markup_mode=None)


@group.command("erase")
@command
def erase_people(
    customers: Annotated[
        list[str] | None, typer.Argument(metavar="CUSTOMER...", help="Their keys.", show_default=False)
    ] = None,
    due: Annotated[bool, typer.Option("--due", help="Those whom a hold kept in part until it ended.")] = False,
    data: Annotated[
        bool, typer.Option("--data", help="Their rows in the company's DuckDB file too, which is written anew.")
    ] = False,
    dry_run: o.DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    vacuum: Annotated[
        bool,
        typer.Option("--vacuum/--no-vacuum", help="Write the database anew, or later by `people clean`."),
    ] = True,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FOLDER", help="Where the certificates for the customers go.")
    ] = None,
    certificate: Annotated[
        bool, typer.Option("--certificate/--no-certificate", help="Nobody can make a certificate later.")
    ] = True,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> int:
    """Erase people. Their rows, records and keys go for good, but for what a recorded hold needs; the ledger says that
    somebody was erased, and only the certificate says who."""
    from bailee.cli import erasing

    if not customers and not due:
        raise typer.BadParameter("expected whom to erase, or --due", param_hint="CUSTOMER")
    return erasing.erase(
        home,
        customers or [],
        due=due,
        data=data,
        dry_run=dry_run,
        yes=yes,
        vacuum=vacuum,
        out=out,
        certificate=certificate,
        as_json=as_json,
    )


@group.command("clean")
@command
def clean_people(home: o.Home = o.HERE, as_json: o.Json = False) -> int:
    """Overwrite what erasures left. The database is written anew, so that no free page holds a byte of the erased."""
    from bailee.cli import erasing

    return erasing.clean(home, as_json=as_json)


@group.command("remaining")
@command
def remaining_rows(
    customers: Annotated[list[str], typer.Argument(metavar="CUSTOMER...", help="Their keys.", show_default=False)],
    erase: Annotated[
        bool, typer.Option("--erase", help="Erase those rows, of people who are on record no more.")
    ] = False,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> int:
    """Count people's rows in the company's own tables, the erased too. Exit status 1 if there are any."""
    from bailee.cli import erasing

    return erasing.remaining(home, customers, erase=erase, as_json=as_json)


Person = Annotated[str, typer.Argument(metavar="CUSTOMER", help="Their key.", show_default=False)]


Obligation = Annotated[
    str,
    typer.Argument(
        metavar="PURPOSE", help="A legal obligation.", show_default=False, autocompletion=o.completion.purposes
    ),
]


@group.command("hold")
@command
def hold_person(
    customer: Person,
    purpose: Obligation,
    why: Annotated[str, typer.Option(metavar="TEXT", help="The reason; kept encrypted.", show_default=False)],
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Keep what a legal obligation needs of a person. An erasure leaves that part until the hold ends."""
    from bailee.cli import relating

    relating.hold(home, customer, purpose, why, as_json=as_json)


@group.command("unhold")
@command
def unhold_person(customer: Person, purpose: Obligation, home: o.Home = o.HERE, as_json: o.Json = False) -> None:
    """End a hold. What it kept of somebody who asked to be erased is due then."""
    from bailee.cli import relating

    relating.unhold(home, customer, purpose, as_json=as_json)


@group.command("restrict")
@command
def restrict_person(customer: Person, home: o.Home = o.HERE, as_json: o.Json = False) -> None:
    """Restrict the use of a person's data (GDPR article 18). Only legal obligations have it then."""
    from bailee.cli import relating

    relating.restrict(home, customer, as_json=as_json)


@group.command("release")
@command
def release_person(customer: Person, home: o.Home = o.HERE, as_json: o.Json = False) -> None:
    """End a restriction. What the person said still counts."""
    from bailee.cli import relating

    relating.release(home, customer, as_json=as_json)


@group.command("link")
@command
def link_person(customer: Person, home: o.Home = o.HERE, as_json: o.Json = False) -> None:
    """Make a link that signs a person in to their own page once. For where no letter can be sent."""
    from bailee.cli import linking

    linking.link(home, customer, as_json=as_json)


@group.command("guardian")
@command
def guardian_of_person(
    child: Annotated[str, typer.Argument(metavar="CHILD", help="The child's key.", show_default=False)],
    guardian: Annotated[str, typer.Argument(metavar="GUARDIAN", help="The guardian's key.", show_default=False)],
    end: Annotated[bool, typer.Option("--end", help="They are no longer.")] = False,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Record that a customer was verified as the guardian of another. Only then do choices that they make for the child
    count."""
    from bailee.cli import relating

    relating.guardian(home, child, guardian, end=end, as_json=as_json)
