"""`bailee serve`: the pages and the API, over HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.running import command


@command
def serve(
    address: Annotated[
        str | None, typer.Option("--address", metavar="ADDRESS", help="Listen here, and not where `[server]` says.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", metavar="N", min=1, max=65_535, help="Listen at this port.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", min=1, max=64, help="As many processes share the work.")
    ] = None,
    home: o.Home = o.HERE,
) -> None:
    """Serve the customers' pages, the banner, the staff console and the API, until interrupted."""
    from bailee.cli import serving

    serving.serve(home, address, port, workers)
