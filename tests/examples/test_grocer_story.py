"""The demo's story, as a stranger sees it."""

from __future__ import annotations

from tests.cli.commands import bailee


def test_the_story_is_told_to_its_end() -> None:
    """Every question, refusal and attack, then the ledger verified and every ruling derived again: exit status 0."""
    done = bailee("demo")
    assert 0 == done.exit_code, done.output[-2000:]
    assert "verified" in done.stdout
