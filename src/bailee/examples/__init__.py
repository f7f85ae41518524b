"""Worked examples that ship with Bailee: whole workspaces over real data, made by `bailee init --example NAME`."""

from __future__ import annotations

from collections.abc import Mapping

#: What can be named, and what it is.
EXAMPLES: Mapping[str, str] = {
    "grocer": "a grocer's loyalty card: a year of real purchases, with synthetic customers around them",
}


def missing(name: str) -> str | None:
    """What has to be installed before an example can be made, as a sentence, or None. KeyError for an unknown name."""
    _known(name)
    from bailee.examples import grocer

    return grocer.missing()


def _known(name: str) -> None:
    if name not in EXAMPLES:
        raise KeyError(name)
