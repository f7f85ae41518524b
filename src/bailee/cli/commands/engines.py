"""`bailee engines`: where the company's data is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.groups import put_behind
from bailee.cli.running import command
from bailee.vocabulary import Use

group = typer.Typer(
    help="Where the company's data is asked. Without a command: every engine of `bailee.toml`.",
    rich_markup_mode=None,
)


@group.callback(invoke_without_command=True)
def list_engines(context: typer.Context, home: o.Home = o.HERE, as_json: o.Json = False) -> None:
    if context.invoked_subcommand is None:
        _list_engines(home=home, as_json=as_json)
    put_behind(context)


@command
def _list_engines(*, home: Path, as_json: bool) -> None:
    from bailee.cli import connecting

    connecting.listing(home, as_json=as_json)


EngineName = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        help="A further engine of bailee.toml.",
        show_default="the main one",
        autocompletion=o.completion.engines,
    ),
]


@group.command("test")
@command
def examine_engines(
    name: EngineName = None,
    every: Annotated[bool, typer.Option("--all", help="Test every engine.")] = False,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> int:
    """Connect to an engine. Says whether its fence holds, the data map fits, and its rights are what they should be;
    reads none of the company's data. Exit status 1 if anything is amiss."""
    from bailee.cli import connecting

    return connecting.examine(home, name, every=every, as_json=as_json)


@group.command("print")
@command
def print_question(
    engine: Annotated[
        str, typer.Argument(metavar="ENGINE", help="trino, snowflake, bigquery or databricks.", show_default=False)
    ],
    sql: Annotated[str, typer.Argument(help="One SELECT in DuckDB's SQL; @FILE or - as for ask.", show_default=False)],
    purpose: o.Purpose,
    recipient: o.Recipient = None,
    effect: o.Effects = None,
    name: o.Name = None,
    roles: o.Roles = None,
    trained: o.Lessons = None,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Print a governed question for a warehouse that Bailee does not run. It is neither run nor recorded, and says what
    it does not hold there."""
    from bailee.cli import asking
    from bailee.cli.opening import actor

    use = Use(purpose, actor(name, roles, trained), effect, recipient)
    asking.printed(home, asking.question(sql, None), use, engine, as_json=as_json)


@group.command("grants")
@command
def engine_grants(name: EngineName = None, home: o.Home = o.HERE, as_json: o.Json = False) -> None:
    """Print the SQL of the rights that an engine needs. It gives its login what the data map names, and no more; run it
    as the tables' owner, and again after a change of the map."""
    from bailee.cli import connecting

    connecting.grants(home, name, as_json=as_json)


@group.command("maintain")
@command
def maintain_columns(
    name: EngineName = None,
    every: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=1, help="Go on, so many seconds after each time.", show_default="once"),
    ] = None,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Bring the standing columns of the data map up to date, so that questions test a bit where they would join. On
    PostgreSQL, what `emit-rls` opened shows rows only while this goes on."""
    from bailee.cli import maintaining

    maintaining.maintain(home, name, every=every, as_json=as_json)


@group.command("emit-rls")
@command
def emit_row_level_security(
    database_role: Annotated[
        str, typer.Option("--role", metavar="DBROLE", help="The role of the database that sees the rows.")
    ],
    name: EngineName = None,
    purpose: Annotated[
        str | None,
        typer.Option("--purpose", "-p", metavar="PURPOSE", help="Why.", autocompletion=o.completion.purposes),
    ] = None,
    effect: o.Effects = None,
    recipient: o.Recipient = None,
    who: o.Name = None,
    held: Annotated[
        list[str] | None, typer.Option("--holds", metavar="ROLE", help="A role of whoever asks; may be repeated.")
    ] = None,
    trained: o.Lessons = None,
    lag: Annotated[float, typer.Option(metavar="SECONDS", help="How long rows are shown after each `maintain`.")] = 300,
    run: Annotated[bool, typer.Option("--run", help="Run the statements too, as the user of --owner.")] = False,
    owner: Annotated[
        str, typer.Option(metavar="SOURCE", help="The owner's URL: env:NAME or command: PROGRAM.")
    ] = "env:BAILEE_OWNER_URL",
    undo: Annotated[bool, typer.Option("--undo", help="Print the statements that take it away.")] = False,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Write row-level security by which DBROLE sees a purpose's rows of PostgreSQL without the gate. Rows then leave
    unseen, so all whom they are about are recorded now, and again as anybody comes in; what it cannot do is left out by
    name."""
    from bailee.cli import doors
    from bailee.cli.opening import actor

    source = owner if run else None
    if undo:
        doors.close(home, name, database_role, source, as_json=as_json)
        return
    if purpose is None:
        raise typer.BadParameter("a door needs --purpose, which says what it shows")
    use = Use(purpose, actor(who, held, trained), effect, recipient)
    doors.emit(home, name, database_role, use, lag, source, as_json=as_json)
