"""The command line: it translates words into calls and answers into text, and holds no rule."""

from __future__ import annotations


def main() -> None:
    """Entry point of the `bailee` command."""
    from bailee.cli.app import run

    run()
