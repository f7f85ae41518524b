"""Every command with its help as it was last agreed to; `python -m tests.cli.commands` writes the texts anew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from typer.testing import CliRunner, Result

from bailee.cli.app import app

TEXTS = Path(__file__).parent / "help"
COMMANDS: tuple[tuple[str, ...], ...] = (
    (),
    ("init",),
    ("check",),
    ("diff",),
    ("policy",),
    ("policy", "status"),
    ("policy", "compare"),
    ("policy", "publish"),
    ("policy", "schedule"),
    ("policy", "withdraw"),
    ("ask",),
    ("budget",),
    ("may",),
    ("choices",),
    ("import",),
    ("import", "customers"),
    ("import", "choices"),
    ("notices",),
    ("notices", "add"),
    ("notices", "write"),
    ("notices", "compare"),
    ("notices", "given"),
    ("standing",),
    ("serve",),
    ("staff",),
    ("staff", "link"),
    ("points",),
    ("points", "export"),
    ("points", "look"),
    ("ledger",),
    ("ledger", "head"),
    ("ledger", "prove"),
    ("ledger", "verify"),
    ("ledger", "export"),
    ("ledger", "check"),
    ("ledger", "explain"),
    ("keys",),
    ("keys", "rotate"),
    ("keys", "make"),
    ("people",),
    ("people", "erase"),
    ("people", "clean"),
    ("people", "remaining"),
    ("people", "hold"),
    ("people", "unhold"),
    ("people", "restrict"),
    ("people", "release"),
    ("people", "guardian"),
    ("people", "link"),
    ("deal",),
    ("deal", "new"),
    ("deal", "check"),
    ("deal", "screen"),
    ("deal", "propose"),
    ("deal", "list"),
    ("deal", "show"),
    ("deal", "approve"),
    ("deal", "agree"),
    ("deal", "withdraw"),
    ("deal", "release"),
    ("deal", "verify"),
    ("deal", "trace"),
    ("deal", "recall"),
    ("deal", "notices"),
    ("deal", "confirm"),
    ("deal", "questions"),
    ("rights",),
    ("rights", "copy"),
    ("rights", "open"),
    ("rights", "list"),
    ("rights", "show"),
    ("rights", "extend"),
    ("rights", "close"),
    ("webhooks",),
    ("webhooks", "list"),
    ("webhooks", "retry"),
    ("webhooks", "send"),
    ("receipt",),
    ("receipt", "verify"),
    ("engines",),
    ("engines", "test"),
    ("engines", "print"),
    ("engines", "grants"),
    ("engines", "maintain"),
    ("engines", "emit-rls"),
    ("map",),
    ("map", "suggest"),
    ("backup",),
    ("restore",),
    ("status",),
    ("demo",),
)


def bailee(*words: object, input: str | bytes | None = None, **environment: str) -> Result:
    """Run a command in this process, on a terminal of 80 columns that is none."""
    alone = {"COLUMNS": "80", "BAILEE_HOME": None, **environment}
    return CliRunner().invoke(app, [str(word) for word in words], input=input, env=alone, prog_name="bailee")


def text_file(command: Sequence[str]) -> Path:
    return TEXTS / f"{'_'.join(('bailee', *command))}.txt"


def write() -> None:
    """Write the help of each command into its file."""
    TEXTS.mkdir(exist_ok=True)
    for command in COMMANDS:
        text_file(command).write_text(bailee(*command, "--help").stdout, encoding="utf-8")


if __name__ == "__main__":
    write()
