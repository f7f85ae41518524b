"""The command line: its root, and which commands it has. Their words stand in `commands/`, each under its own name."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from bailee.cli.commands import (
    agreement,
    ask,
    backup,
    budget,
    check,
    choices,
    demo,
    diff,
    engines,
    imports,
    init,
    keys,
    ledger,
    maps,
    may,
    notices,
    people,
    points,
    policy,
    receipt,
    rights,
    serve,
    staff,
    standing,
    status,
    webhooks,
)

app = typer.Typer(
    name="bailee",
    help="Keep a company to what it promised its customers.",
    epilog="Exit status: 0 done, 1 failed, 2 wrong usage, 3 refused, 130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
)


def run() -> None:
    """Run the command line that this process was given."""
    for stream in (sys.stdout, sys.stderr):
        # A character that a terminal's encoding lacks is written out; it never ends an answer half-way.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="bailee")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"bailee {version('bailee')}\n")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
    home: Annotated[
        Path | None,
        typer.Option("--home", metavar="FOLDER", help="The workspace folder, for the command that follows."),
    ] = None,
) -> None:
    if home is not None:
        # The command's own `--home` reads this too, and prevails.
        os.environ["BAILEE_HOME"] = str(home)


#: In the order of the help.
for each in (
    init.init,
    check.check,
    diff.diff,
    ask.ask,
    budget.budget,
    may.may,
    choices.choices,
    standing.standing,
    backup.backup,
    backup.restore,
    status.status,
    serve.serve,
    demo.demo,
):
    app.command()(each)

app.add_typer(imports.group, name="import")
app.add_typer(policy.group, name="policy")
app.add_typer(maps.group, name="map")
app.add_typer(notices.group, name="notices")
app.add_typer(ledger.group, name="ledger")
app.add_typer(points.group, name="points")
app.add_typer(people.group, name="people")
app.add_typer(receipt.group, name="receipt")
app.add_typer(agreement.group, name="deal")
app.add_typer(rights.group, name="rights")
app.add_typer(webhooks.group, name="webhooks")
app.add_typer(keys.group, name="keys")
app.add_typer(engines.group, name="engines")
app.add_typer(staff.group, name="staff")
