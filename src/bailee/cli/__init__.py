"""The command line: it translates words into calls and answers into text, and holds no rule."""

from __future__ import annotations


def main() -> None:
    """Entry point of the `bailee` command."""
    try:
        from bailee.cli.app import run

        run()
    except KeyboardInterrupt:
        # Interrupted before a command had begun; once it has, `command` tells so.
        raise SystemExit(130) from None
