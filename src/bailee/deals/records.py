"""What came of each screen: a leaf of the ledger, and the verdict by the deal's digest and the policy of its time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any

from bailee.deals.finding import Screen, Verdict
from bailee.deals.model import Deal
from bailee.people import documents
from bailee.policy import canonical
from bailee.policy.units import Duration, Rate

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bailee.gate.gate import Gate, Leaf

_KEPT = "screen "
#: How the ledger says a verdict, in a word.
WORDS: Mapping[Verdict, str] = {
    Verdict.ACCEPTABLE: "acceptable",
    Verdict.CONDITIONS: "conditions",
    Verdict.REFUSED: "refused",
}


@dataclass(frozen=True, slots=True)
class Screened:
    """A screen on record: of which version of a deal, when, what came of it, and its entry in the ledger."""

    deal: str
    digest: str
    recipient: str
    verdict: Verdict
    at: datetime
    seed: int
    receipt: int


def digest(deal: Deal) -> str:
    """`sha256:` and the hex SHA-256 of a version of a deal as canonical JSON, the same however its file is laid out."""
    return canonical.digest(_plain(deal))


def keep(gate: Gate, screen: Screen) -> int:
    """Record a screen, with its verdict by the deal's digest and policy, and return its entry."""
    deal = digest(screen.deal)

    def work(connection: Connection, at: datetime, leaf: Leaf) -> int:
        public = {
            "deal": deal,
            "policy": screen.policy,
            "map": screen.map,
            "verdict": WORDS[screen.verdict],
            "seed": screen.seed,
        }
        private = {
            "deal": screen.deal.key,
            "recipient": screen.deal.recipient,
            "looks": list(screen.receipts),
            "findings": {each.test.value: each.outcome.name.lower() for each in screen.findings},
        }
        entry = leaf("screen", public, private)
        kept = {
            "deal": screen.deal.key,
            "recipient": screen.deal.recipient,
            "verdict": WORDS[screen.verdict],
            "at": at.isoformat(),
            "seed": screen.seed,
            "receipt": entry,
        }
        documents.set_setting(connection, _name(deal, screen.policy), json.dumps(kept))
        return entry

    return gate.together(work)


def screened(gate: Gate, deal: Deal) -> Screened | None:
    """What came of the last screen of just this version under the policy in force; None where there was none."""
    name = _name(digest(deal), gate.promise.digest)
    with gate.database.read() as connection:
        found = documents.setting(connection, name)
    return None if found is None else _read(name, found)


def history(gate: Gate, recipient: str, *, but: Deal) -> tuple[tuple[str, str, date], ...]:
    """Earlier deals with a recipient: key, verdict and day of the last screen of each, the oldest first."""
    with gate.database.read() as connection:
        kept = documents.settings(connection, _KEPT)
    every = sorted((_read(name, text) for name, text in kept.items()), key=lambda each: each.at)
    last = {each.deal: each for each in every if each.recipient == recipient and each.deal != but.key}
    return tuple((each.deal, each.verdict.value, each.at.date()) for each in last.values())


def _name(deal: str, policy: str) -> str:
    return f"{_KEPT}{deal} {policy}"


def _read(name: str, text: str) -> Screened:
    said: dict[str, Any] = json.loads(text)
    verdict = next(verdict for verdict, word in WORDS.items() if word == said["verdict"])
    of = name.removeprefix(_KEPT).partition(" ")[0]
    at = datetime.fromisoformat(said["at"])
    return Screened(said["deal"], of, said["recipient"], verdict, at, said["seed"], said["receipt"])


def _plain(value: object) -> Any:
    """A frozen value as JSON-able ones; a number is its shortest text, so that 1 and 1.0 are one."""
    match value:
        case Duration() | Rate():
            return str(value)
        case IntEnum():
            return value.name.lower()
        case Enum():
            return value.value
        case Decimal():
            return format(value.normalize(), "f")
        case datetime() | date():
            return value.isoformat()
        case Mapping():
            return {str(key): _plain(each) for key, each in value.items()}
        case frozenset():
            return sorted(_plain(each) for each in value)
        case tuple() | list():
            return [_plain(each) for each in value]
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value) if each.compare}
    return value
