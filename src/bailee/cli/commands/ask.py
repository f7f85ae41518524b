"""`bailee ask`: a question in SQL, for a purpose."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.running import command
from bailee.vocabulary import Use


@command
def ask(
    purpose: o.Purpose,
    sql: Annotated[
        str | None,
        typer.Argument(help="One SELECT; @FILE reads it from a file, - from standard input.", show_default=False),
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Read the SQL from this file.")] = None,
    recipient: o.Recipient = None,
    effect: o.Effects = None,
    name: o.Name = None,
    roles: o.Roles = None,
    trained: o.Lessons = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the ruling, the governed SQL and what was left out.")
    ] = False,
    spend: Annotated[
        str | None,
        typer.Option(
            metavar="EPSILON",
            help="What a question with noise spends of the privacy budget.",
            show_default="what the policy says",
        ),
    ] = None,
    engine: o.Engine = None,
    form: o.Form = None,
    out: o.Out = None,
    force: o.Force = False,
    spreadsheet: o.Spreadsheet = False,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Ask a question in SQL for a purpose. The answer holds what that purpose may see, and says what it left out."""
    from bailee.cli import asking
    from bailee.cli.budgeting import spending
    from bailee.cli.opening import actor
    from bailee.cli.output import Output

    use = Use(purpose, actor(name, roles, trained), effect, recipient)
    output = Output(form, out, force, spreadsheet, as_json)
    amount = spending(spend)
    asking.ask(home, asking.question(sql, file), use, output, engine=engine, explain=explain, spend=amount)
