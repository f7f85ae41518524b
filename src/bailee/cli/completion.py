"""What a shell offers while a command is typed: keys of the workspace's own policy.

A shell waits for this at every press of the key, so the policy is skimmed, not read: a policy in some unusual form
gives fewer offers and never a wrong ruling.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import typer

_ENTRY = re.compile(r"^( +)([a-z][a-z0-9_]*):")
_ENGINE = re.compile(r"^\s*\[engines\.([a-z][a-z0-9_]*)\]", re.MULTILINE)
_MOST = 1_000_000


def purposes(context: typer.Context, incomplete: str) -> list[str]:
    """The purposes that begin so."""
    return _keys(context, "purposes", incomplete)


def recipients(context: typer.Context, incomplete: str) -> list[str]:
    """The recipients that begin so."""
    return _keys(context, "recipients", incomplete)


def roles(context: typer.Context, incomplete: str) -> list[str]:
    """The roles that begin so."""
    return _keys(context, "roles", incomplete)


def engines(context: typer.Context, incomplete: str) -> list[str]:
    """The further engines of `bailee.toml` that begin so."""
    return [name for name in _ENGINE.findall(_text(context, "bailee.toml")) if name.startswith(incomplete)]


def _keys(context: typer.Context, section: str, incomplete: str) -> list[str]:
    return [key for key in _skimmed(_text(context, "policy.yaml"), section) if key.startswith(incomplete)]


def _text(context: typer.Context, name: str) -> str:
    """A file of the workspace, or nothing."""
    home = context.params.get("home") or os.environ.get("BAILEE_HOME") or "."
    try:
        with (Path(home) / name).open(encoding="utf-8", errors="replace") as file:
            return file.read(_MOST)
    except OSError:
        return ""


def _skimmed(text: str, section: str) -> Iterator[str]:
    """The keys directly under a top-level key."""
    inside, indent = False, None
    for line in text.splitlines():
        if re.match(r"[^\s#]", line):
            inside = line.rstrip().split("#")[0].rstrip() == f"{section}:"
        elif inside and (entry := _ENTRY.match(line)):
            indent = indent or entry[1]
            if entry[1] == indent:
                yield entry[2]
