"""`bailee init` and `bailee demo`: where a workspace comes from."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path

import typer

from bailee.cli.progress import bar
from bailee.cli.running import print_json, print_lines
from bailee.errors import WorkspaceError

#: What an empty workspace still needs, in order.
NEXT = (
    "next:",
    "  policy.yaml     write what you promise your customers",
    "  datamap.yaml    say where their data is, and in bailee.toml which DuckDB file holds it:",
    '                  [engine] database = "/path/to/shop.duckdb"',
    "  bailee check    look for mistakes in them",
    "  bailee status   see what is due",
)


def init(folder: Path, example: str | None, *, as_json: bool) -> None:
    """Make a workspace, empty or an example, and say what to do next."""
    lines = _empty(folder) if example is None else _example(folder, example, quiet=as_json)
    home = folder.absolute()
    if as_json:
        print_json({"workspace": str(home), "example": example})
    else:
        print_lines([f"made a workspace in {home}", *lines])


def _empty(folder: Path) -> tuple[str, ...]:
    import bailee

    starter = files("bailee.examples") / "starter"
    policy, datamap = ((starter / name).read_bytes() for name in ("policy.yaml", "datamap.yaml"))
    bailee.create(folder, policy, datamap).close()
    return NEXT


def _example(folder: Path, name: str, *, quiet: bool) -> tuple[str, ...]:
    raise NotImplementedError
