"""`bailee budget`, and what `bailee ask` says of noise: what is spent, what is left, how wide figures may be off."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bailee.cli.opening import opened
from bailee.cli.running import print_json, print_lines
from bailee.cli.terminal import plain, table
from bailee.errors import BaileeError
from bailee.gate.as_json import budget_json
from bailee.policy.budget import amount, written

if TYPE_CHECKING:
    from bailee.gate.answer import Answer
    from bailee.gate.noising import Noisy


def spending(text: str | None) -> Decimal | None:
    """The amount of `--spend`; a usage error where it is none."""
    if text is None:
        return None
    try:
        return amount(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def show(home: Path, purpose: str | None, recipient: str | None, *, as_json: bool) -> None:
    """Print how privacy budgets stand; BaileeError where none is as asked for."""
    with opened(home) as gate:
        found = gate.budgets(purpose, recipient)
    if not found and (purpose or recipient):
        named = " and ".join(f"`{each}`" for each in (purpose, recipient) if each)
        raise BaileeError(f"there is no privacy budget of {named}: expected a purpose with `release: {{epsilon: ..}}`")
    if as_json:
        print_json([budget_json(each) for each in found])
    elif not found:
        print_lines(["no purpose of the policy has a privacy budget"])
    else:
        names = ["purpose", "for", "budget", "spent", "left", "a question", "rows", "more from"]
        rows = [
            [
                each.purpose,
                each.recipient or "(the company)",
                str(each.rate),
                written(each.spent),
                written(each.left),
                written(each.each),
                str(each.rows),
                "" if each.again is None else f"{each.again:%Y-%m-%d %H:%M}Z",
            ]
            for each in found
        ]
        right, firm = [False, False, False, True, True, True, True, False], [True] * 8
        print_lines(table(names, rows, right=right, firm=firm, columns=shutil.get_terminal_size().columns)[0])


def told(answer: Answer) -> list[str]:
    """What a reader of noisy figures must know, for a terminal; nothing where there is no noise."""
    noised = answer.noise
    if noised is None:
        return []
    lines = [f"  {plain(_width(each))}" for each in noised.aggregates]
    left = ", ".join(
        f"{written(each)} left for {to or 'the company'}" for to, each in sorted(noised.reserved.left.items(), key=str)
    )
    rows = "1 row" if noised.rows == 1 else f"{noised.rows} rows"
    return [
        f"with noise: at most {rows} of each customer count, and groups of fewer than about {noised.minimum} customers "
        "are left out; 19 of 20 figures are off by no more than",
        *lines,
        plain(f"spent {written(noised.reserved.amount)} of {noised.reserved.rate}: {left}"),
    ]


def _width(noisy: Noisy) -> str:
    if noisy.half_width is not None:
        return f"{noisy.text}: {written(noisy.half_width)}"
    return f"{noisy.text}: " + ", ".join(f"its {name} {written(half)}" for name, _, half in noisy.parts)
