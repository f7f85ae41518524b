"""Help changes deliberately, covers every command, and comes quickly."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

from tests.cli.commands import COMMANDS, TEXTS, bailee, text_file

#: What a command line may load before it knows what is asked. Each of these costs 20 to 200 ms.
HEAVY = {"alembic", "duckdb", "numpy", "pyarrow", "pydantic", "rich", "ruamel", "sqlalchemy", "sqlglot"}


def python(script: str) -> str:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: " ".join(words) or "bailee")
def test_help_is_what_was_agreed(command: tuple[str, ...]) -> None:
    """The help of each command is its file's; `python -m tests.cli.commands` writes them after a deliberate change."""
    asked = bailee(*command, "--help")
    assert (0, text_file(command).read_text(encoding="utf-8")) == (asked.exit_code, asked.stdout)


def test_every_command_has_its_text() -> None:
    """No command is forgotten here, and no text stays behind a command that is gone."""
    from typer.main import get_command

    from bailee.cli.app import app

    def named(group: object, words: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
        inner = getattr(group, "commands", {})
        return {words}.union(*(named(each, (*words, name)) for name, each in inner.items()))

    assert (set(COMMANDS), {text_file(command) for command in COMMANDS}) == (
        named(get_command(app)),
        set(TEXTS.iterdir()),
    )


def test_version() -> None:
    """`--version` says the installed version."""
    assert f"bailee {version('bailee')}\n" == bailee("--version").stdout


def test_module_is_the_command() -> None:
    """`python -m bailee` is `bailee`."""
    shown = subprocess.run([sys.executable, "-m", "bailee", "--help"], capture_output=True, text=True, check=True)
    assert shown.stdout.startswith("Usage: bailee [OPTIONS] COMMAND")


def test_help_loads_nothing_heavy() -> None:
    """Start-up is a budget: nothing that reads data, YAML or SQL is loaded before a command needs it."""
    loaded = python("import sys, bailee.cli.app; print(*{name.partition('.')[0] for name in sys.modules})")
    assert set() == HEAVY & set(loaded.split())


def test_asking_loads_nothing_heavy_of_its_own() -> None:
    """What the command line itself adds to a question is light; the data's libraries come with the answer."""
    modules = "asking, choosing, opening, output, progress, proving, reporting, saving, tables"
    loaded = python(
        f"import sys; from bailee.cli import {modules}; print(*{{n.partition('.')[0] for n in sys.modules}})"
    )
    assert set() == HEAVY & set(loaded.split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nonsense",), "No such command 'nonsense'"),
        (("ask", "SELECT 1"), "Missing option '--purpose'"),
        (("ask", "--purpose", "p"), "expected one SELECT: as an argument, as @FILE or --file FILE, or - for"),
        (("ask", "SELECT 1", "--file", "f.sql", "--purpose", "p"), "expected one SELECT: as an argument"),
        (("ask", "SELECT 1", "--purpose", "p", "--effect", "cure"), "'cure' is not one of"),
        (("ask", "SELECT 1", "--purpose", "p", "--json", "--format", "csv"), "give one, or name `--out FILE`"),
        (("choices", "c1", "grant"), "expected the purpose that the customer said `grant` of"),
        (("choices", "c1", "maybe", "p"), "'maybe' is not one of"),
        (("ledger", "prove", "-1"), "-1"),
    ],
)
def test_wrong_usage_is_told_with_status_2(words: tuple[str, ...], message: str) -> None:
    """What cannot be understood ends with status 2 and one line that says what was expected."""
    asked = bailee(*words)
    assert (2, True) == (asked.exit_code, message in " ".join(asked.stderr.split()).replace("│", "")), asked.stderr
