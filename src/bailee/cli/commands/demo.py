"""`bailee demo`: the grocer's story."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bailee.cli.running import command


@command
def demo(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Where to put the grocer's workspace; a temporary folder, gone at the end."),
    ] = None,
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Then serve its pages, until interrupted.", show_default=False)
    ] = False,
) -> None:
    """Tell the grocer's story. Real questions are answered, narrowed and refused, there and then."""
    from bailee.cli import starting

    starting.demo(folder, serve=serve)
