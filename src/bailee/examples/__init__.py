"""Worked examples that ship with Bailee: whole workspaces over real data, made by `bailee init --example NAME`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

#: What can be named, and what it is.
EXAMPLES: Mapping[str, str] = {
    "grocer": "a grocer's loyalty card: a year of real purchases, with synthetic customers around them",
}

#: Called with the rows done and the rows to do in all.
Progress = Callable[[int, int | None], object]


def _now() -> datetime:
    return datetime.now(UTC)


def missing(name: str) -> str | None:
    """What has to be installed before an example can be made, as a sentence, or None. KeyError for an unknown name."""
    _known(name)
    from bailee.examples import grocer

    return grocer.missing()


def install(
    name: str,
    folder: Path,
    progress: Progress | None = None,
    *,
    clock: Callable[[], datetime] = _now,
    store: str | None = None,
) -> None:
    """Make a workspace of an example in a folder that holds none; it is there whole or not at all.

    `store` as of `bailee.create`: what was put there stays where the rest is interrupted. KeyError for an unknown
    name; WorkspaceError where packages are missing, or the folder is taken or not writable.
    """
    _known(name)
    from bailee.examples.grocer.install import install as make

    make(folder, clock, progress, store)


def _known(name: str) -> None:
    if name not in EXAMPLES:
        raise KeyError(name)
