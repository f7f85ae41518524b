"""`bailee deal`: disclosures that somebody proposes, weighed before a row moves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.running import command

group = typer.Typer(
    help="Disclosures that somebody proposes, weighed before a row moves.", no_args_is_help=True, rich_markup_mode=None
)

File = Annotated[Path, typer.Argument(metavar="FILE", help="The deal's file.", show_default=False)]


@group.command("new")
@command
def new_deal(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file to write, which is not there yet.", show_default=False)
    ],
    deal: Annotated[
        str | None, typer.Option("--deal", metavar="KEY", help="A key of its own, such as harbour-2027.")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT", help="What it is called.")] = None,
    purpose: Annotated[
        str | None,
        typer.Option(
            "--purpose", metavar="PURPOSE", help="A purpose of the policy.", autocompletion=o.completion.purposes
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="RECIPIENT", help="Who would receive the data.", autocompletion=o.completion.recipients
        ),
    ] = None,
    effects: Annotated[
        str | None,
        typer.Option(
            "--effects",
            metavar="EFFECTS",
            help="What it does to customers, with commas between.",
            show_default="those of the purpose",
        ),
    ] = None,
    intention: Annotated[
        str | None, typer.Option("--intention", metavar="TEXT", help="What they will do with it.")
    ] = None,
    gains: Annotated[
        str | None,
        typer.Option(
            "--gains", metavar="TEXT", help="What customers have from it.", show_default="the purpose's words"
        ),
    ] = None,
    under: Annotated[
        str | None,
        typer.Option(
            "--under",
            metavar="PURPOSE",
            help="The purpose under which we weigh it.",
            show_default="the only one fit for it",
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--form",
            metavar="FORM",
            help="aggregate, deidentified, pseudonymous or identified.",
            show_default="aggregate",
        ),
    ] = None,
    table: Annotated[str | None, typer.Option("--table", metavar="TABLE", help="A table of the data map.")] = None,
    columns: Annotated[
        str | None, typer.Option("--columns", metavar="COLUMNS", help="Columns of it, with commas between.")
    ] = None,
    learns: Annotated[str | None, typer.Option("--learns", metavar="TEXT", help="What they want to learn.")] = None,
    question: Annotated[
        str | None, typer.Option("--question", metavar="SQL", help="The same as a SELECT over the table.")
    ] = None,
    begins: Annotated[
        str | None, typer.Option("--begins", metavar="DAY", help="From when.", show_default="today")
    ] = None,
    ends: Annotated[
        str | None, typer.Option("--ends", metavar="DAY", help="Until when.", show_default="in a year")
    ] = None,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Write a deal's file to begin with. On a terminal it asks for what the options leave out."""
    from bailee.cli import drafting

    given = {
        "deal": deal,
        "title": title,
        "purpose": purpose,
        "to": to,
        "effects": effects,
        "intention": intention,
        "gains": gains,
        "under": under,
        "form": form,
        "table": table,
        "columns": columns,
        "learns": learns,
        "question": question,
        "begins": begins,
        "ends": ends,
    }
    drafting.new(home, file, given, as_json=as_json)


@group.command("check")
@command
def check_deal(file: File, home: o.Home = o.HERE, as_json: o.Json = False) -> None:
    """Look for mistakes in a deal's file. No data is asked for, and nothing is recorded."""
    from bailee.cli import screening

    screening.check(home, file, as_json=as_json)


@group.command("screen")
@command
def screen_deal(
    file: File,
    seed: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Begins what is drawn by lot.", show_default="drawn, and printed"),
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page to read and print.")] = None,
    nearest: Annotated[
        Path | None,
        typer.Option("--nearest", metavar="FILE", help="Write the nearest version that would pass, as a deal's file."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Let them take the place of files that exist.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show every figure and table of each test.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Do not search for the nearest version that would pass.")
    ] = False,
    name: o.Name = None,
    roles: o.Roles = None,
    trained: o.Lessons = None,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> int:
    """Weigh a deal by ten tests on what it would really send, and say what would mend it. Only figures leave, about ten
    customers or more. Each look and the verdict are recorded. Exit status 3 where it is refused."""
    from bailee.cli import screening
    from bailee.cli.opening import actor

    return screening.screen(
        home,
        file,
        actor(name, roles, trained),
        seed=seed,
        html=html,
        nearest=nearest,
        force=force,
        explain=explain,
        quick=quick,
        as_json=as_json,
    )


@group.command("questions")
@command
def deal_questions(as_json: o.Json = False) -> None:
    """Print what a recipient is asked before a deal, what each answer counts, and what has to prove it."""
    from bailee.cli import screening

    screening.questions(as_json=as_json)
