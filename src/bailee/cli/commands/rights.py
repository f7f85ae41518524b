"""`bailee rights`: what people ask of the company about themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.running import command

group = typer.Typer(
    help="What people ask of the company about themselves.", no_args_is_help=True, rich_markup_mode=None
)


@group.command("copy")
@command
def copy_of_a_person(
    customer: Annotated[str, typer.Argument(help="The customer's key.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The ZIP to write.", show_default=False)],
    language: Annotated[str, typer.Option(help="The language of its page: en or es.")] = "en",
    purpose: Annotated[
        str | None,
        typer.Option(
            metavar="PURPOSE",
            help="A purpose with own_request.",
            show_default="the only one",
            autocompletion=o.completion.purposes,
        ),
    ] = None,
    name: o.Name = None,
    roles: o.Roles = None,
    trained: o.Lessons = None,
    force: o.Force = False,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Give a person everything that is held about them: rows, choices with receipts, and every use with its proof, as a
    ZIP with a page to read. Each look at the company's tables is recorded, and is in it."""
    from bailee.cli import answering
    from bailee.cli.opening import actor

    who = actor(name, roles, trained)
    answering.copy(home, customer, out, who, language, purpose, force=force, as_json=as_json)


@group.command("open")
@command
def open_request(
    customer: Annotated[str, typer.Argument(help="The customer's key.", show_default=False)],
    right: Annotated[o.Right, typer.Argument(help="What they ask.", show_default=False)],
    said: Annotated[str | None, typer.Option("--text", help="Their words, kept encrypted.")] = None,
    manner: Annotated[o.Manner, typer.Option(help="How they asked.")] = o.Manner.PERSON,
    name: o.Name = None,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Record what a person asks about their own data. It gets a number and the day by which to answer, by where they
    live. Nothing is done yet: fulfil it with the other commands, then close it."""
    from bailee.cli import answering
    from bailee.cli.opening import actor

    by = actor(name, None, None).name
    answering.open_request(home, customer, str(right), said, str(manner), by, as_json=as_json)


@group.command("list")
@command
def list_requests(
    every: Annotated[bool, typer.Option("--all", help="Those that are closed too.")] = False,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """List the requests that wait for an answer, the most urgent first."""
    from bailee.cli import answering

    answering.list_requests(home, every=every, as_json=as_json)


Number = Annotated[int, typer.Argument(metavar="N", min=1, help="The request's number.", show_default=False)]


@group.command("show")
@command
def show_request(number: Number, home: o.Home = o.HERE, as_json: o.Json = False) -> None:
    """Show one request: what was asked, by when to answer, and what became of it."""
    from bailee.cli import answering

    answering.show_request(home, number, as_json=as_json)


@group.command("extend")
@command
def extend_request(
    number: Number,
    why: Annotated[str, typer.Option("--why", help="The reason, which the person must be told.", show_default=False)],
    name: o.Name = None,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Put an answer off, once and within the first term, as far as the law allows."""
    from bailee.cli import answering
    from bailee.cli.opening import actor

    answering.extend_request(home, number, why, actor(name, None, None).name, as_json=as_json)


@group.command("close")
@command
def close_request(
    number: Number,
    outcome: Annotated[o.Outcome, typer.Argument(help="What came of it.", show_default=False)],
    why: Annotated[str | None, typer.Option("--why", help="The answer; a refusal needs its reason.")] = None,
    name: o.Name = None,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Say what came of a request. This does not do what was asked; it records that it was done, or why not."""
    from bailee.cli import answering
    from bailee.cli.opening import actor

    answering.close_request(home, number, str(outcome), why, actor(name, None, None).name, as_json=as_json)
