"""`bailee notices`: what customers are shown."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.groups import put_behind
from bailee.cli.running import command

group = typer.Typer(
    help="What customers are shown. Without a command: every notice, and whether its terms cover today's.",
    rich_markup_mode=None,
)


@group.callback(invoke_without_command=True)
def list_notices(context: typer.Context, home: o.Home = o.HERE, as_json: o.Json = False) -> None:
    if context.invoked_subcommand is None:
        _list_notices(home=home, as_json=as_json)
    put_behind(context)


@command
def _list_notices(*, home: Path, as_json: bool) -> None:
    from bailee.cli import noticing

    noticing.listing(home, as_json=as_json)


@group.command("add")
@command
def add_notice(
    purpose: Annotated[
        str, typer.Argument(help="What it is about.", show_default=False, autocompletion=o.completion.purposes)
    ],
    file: Annotated[Path, typer.Argument(help="The words, as UTF-8 text.", show_default=False)],
    language: Annotated[str, typer.Option(help="The language of the words.")] = "en",
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Register the words that customers are shown. They stand for the purpose's terms of today; choices cite the digest
    that is printed."""
    from bailee.cli import noticing

    noticing.add(home, purpose, file, language, as_json=as_json)


@group.command("write")
@command
def write_notices(
    purpose: Annotated[
        str | None,
        typer.Argument(help="What it is about.", show_default="every purpose", autocompletion=o.completion.purposes),
    ] = None,
    languages: Annotated[
        list[str] | None,
        typer.Option("--language", help="en or es; may be repeated.", show_default="every language"),
    ] = None,
    register: Annotated[
        bool, typer.Option("--register", help="Register them too, so that choices can cite them.")
    ] = False,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Write what customers are to be shown, in plain words, from the policy's terms of today. As in
    `bailee notices write personal_offers --language es --register`."""
    from bailee.cli import noticing

    noticing.write(home, purpose, languages, register=register, as_json=as_json)


@group.command("compare")
@command
def compare_notices(
    old: Annotated[str, typer.Argument(help="A registered notice, by its digest.", show_default=False)],
    new: Annotated[str, typer.Argument(help="A later one of the same purpose.", show_default=False)],
    language: Annotated[str, typer.Option(help="The language of the answer: en or es.")] = "en",
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Say what changed from one notice to another, in words that a customer understands. As in
    `bailee notices compare sha256:OLD sha256:NEW`."""
    from bailee.cli import noticing

    noticing.compare(home, old, new, language, as_json=as_json)


@group.command("given")
@command
def given(
    notice: Annotated[str, typer.Argument(help="Its digest, or its purpose if that has only one.", show_default=False)],
    file: Annotated[Path, typer.Argument(help="CSV or Parquet: customer, at.", show_default=False)],
    language: Annotated[str | None, typer.Option(help="The one in this language.", show_default="any")] = None,
    dry_run: o.DryRun = False,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Import who was given a notice, and when. A purpose on legitimate interest includes nobody before they were."""
    from bailee.cli import importing

    importing.given(home, notice, file, language, dry_run=dry_run, as_json=as_json)
