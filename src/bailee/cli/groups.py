"""Groups of commands that answer without one of them."""

from __future__ import annotations

import typer


def put_behind(context: typer.Context) -> None:
    """Refuse options of the group itself before one of its commands, which would not see them."""
    for name, word in (("home", "--home"), ("as_json", "--json")):
        if _typed(context, name):
            raise typer.BadParameter(f"put it after `{context.invoked_subcommand}`", param_hint=word)


def _typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
