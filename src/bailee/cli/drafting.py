"""`bailee deal new`: a first deal file, asked for on a terminal, or put together from options."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bailee.cli.opening import opened
from bailee.cli.running import print_json, print_lines
from bailee.cli.saving import must_be_free, whole
from bailee.cli.terminal import plain
from bailee.errors import BaileeError

if TYPE_CHECKING:
    from bailee.gate.gate import Gate
    from bailee.policy.model import DataMap, Policy

#: What is asked, by the name of its option.
ASKED: Mapping[str, str] = {
    "deal": "a key for the deal, such as `harbour-2027`",
    "title": "what it is called",
    "purpose": "for which purpose of the policy",
    "to": "who would receive the data",
    "effects": "what it does to customers",
    "intention": "what they will do with it, in a sentence",
    "gains": "what customers have from it",
    "under": "under which purpose we look at our own data to weigh it",
    "form": "in which form it would leave",
    "table": "which table they want",
    "columns": "which columns of it",
    "learns": "what they want to learn, in a sentence",
    "question": "the same as a SELECT over that table",
    "begins": "from which day",
    "ends": "until which day",
}
_MANY = frozenset({"effects", "columns"})
_FORMS = ("aggregate", "deidentified", "pseudonymous", "identified")


@dataclass(frozen=True, slots=True)
class _Known:
    """What may be answered, and what is taken where nothing is said."""

    policy: Policy
    datamap: DataMap
    today: date

    def words(self, name: str, said: Mapping[str, str]) -> list[str] | None:
        """The words that an answer may be; None where it is free."""
        purpose = self.policy.purposes.get(said.get("purpose", ""))
        table = self.datamap.tables.get(said.get("table", ""))
        words: dict[str, Callable[[], Iterable[str]]] = {
            "purpose": lambda: [key for key, each in self.policy.purposes.items() if not each.own_request],
            "to": lambda: self.policy.recipients,
            "effects": lambda: sorted(purpose.effects) if purpose is not None else [],
            "under": lambda: [key for key, each in self.policy.purposes.items() if not each.recipients],
            "form": lambda: _FORMS,
            "table": lambda: self.datamap.tables,
            "columns": lambda: table.columns if table is not None else [],
        }
        return list(words[name]()) if name in words else None

    def usual(self, name: str, said: Mapping[str, str]) -> str | None:
        """What is taken where nothing is said."""
        from bailee.deals.drafting import purposes_to_weigh

        purpose = self.policy.purposes.get(said.get("purpose", ""))
        weighing = purposes_to_weigh(self.policy)
        usual = {
            "to": purpose.recipients[0] if purpose is not None and purpose.recipients else None,
            "effects": ",".join(sorted(purpose.effects)) if purpose is not None else None,
            "gains": purpose.customer_gains if purpose is not None else None,
            "under": weighing[0] if len(weighing) == 1 else None,
            "form": "aggregate",
            "begins": self.today.isoformat(),
            "ends": date(self.today.year + 1, self.today.month, min(self.today.day, 28)).isoformat(),
        }
        return usual.get(name)


def new(home: Path, file: Path, given: Mapping[str, str | None], *, as_json: bool) -> None:
    """Write a deal's file that is whole and valid, and never over one; nothing is written where anything is wrong."""
    if file.exists():
        raise BaileeError(f"`{file}` exists already and was left as it is: name another file")
    must_be_free(file, force=False)
    with opened(home, settled=True) as gate:
        text = _text(gate, file, given)
    with whole(file, force=False) as out:
        out.write(text.encode())
    if as_json:
        print_json({"file": str(file)})
        return
    next_ = (f"  bailee deal check {file}", f"  bailee deal screen {file} --role ROLE")
    print_lines(map(plain, [f"`{file}` is written; say in it what its remarks ask for, then", *next_]))


def _text(gate: Gate, file: Path, given: Mapping[str, str | None]) -> str:
    from bailee.deals.document import parse_deal
    from bailee.deals.drafting import Draft, written

    known = _Known(gate.promise.policy, gate.promise.datamap, gate.clock().date())
    said = _said(known, given)
    text = written(
        Draft(
            deal=said["deal"],
            title=said["title"],
            purpose=said["purpose"],
            recipient=said["to"],
            effects=_list(said["effects"]),
            intention=said["intention"],
            customer_gains=said["gains"],
            screened_under=said["under"],
            form=said["form"],
            table=said["table"],
            columns=_list(said["columns"]),
            learns=said["learns"],
            question=said["question"],
            begins=said["begins"],
            ends=said["ends"],
        )
    )
    parse_deal(text, gate.promise.policy, file.name, gate.promise.datamap)
    return text


def _said(known: _Known, given: Mapping[str, str | None]) -> dict[str, str]:
    """Every answer: from the options, else asked for on a terminal, else what is usual; BadParameter for what lacks."""
    said: dict[str, str] = {}
    asking = watched()
    lacking = []
    for name, what in ASKED.items():
        value = given.get(name)
        if value is None:
            usual = known.usual(name, said)
            value = _ask(known, name, what, usual, said) if asking else usual
        if value is None:
            lacking.append(f"--{name}")
            value = ""
        said[name] = value
    if lacking:
        raise typer.BadParameter(f"there is no terminal to ask on: expected {', '.join(lacking)} too")
    return said


def watched() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _ask(known: _Known, name: str, what: str, usual: str | None, said: Mapping[str, str]) -> str:
    words = known.words(name, said)
    if words:
        several = " (several, with commas between)" if name in _MANY else ""
        typer.echo(plain(f"  {', '.join(words)}{several}"), err=True)
    while True:
        answer = str(typer.prompt(what, default=usual, err=True)).strip()
        strange = [each for each in _list(answer) if each not in words] if words else []
        if name not in _MANY and words and answer not in words:
            strange = [answer]
        if not strange:
            return answer
        typer.echo(plain(f"  `{strange[0]}` is none of them"), err=True)


def _list(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]
