"""What somebody asked before, from the ledger's own records: the questions of one actor, and nobody else's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bailee.ledger import log
from bailee.ledger.leaves import read
from bailee.people import keyring

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from bailee.vocabulary import Actor

#: How many of the newest entries are looked at.
LOOKED_AT = 2_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was asked: its entry, its text and use, and what was decided on it."""

    position: int
    at: datetime
    question: str
    purpose: str
    effect: str | None
    recipient: str | None
    decision: str
    rows: int | None


def asked_by(connection: Connection, actor: Actor, most: int) -> list[Asked]:
    """The newest questions of an actor who did not declare their own name, newest first."""
    size = log.head(connection).size
    found: list[Asked] = []
    for position in range(size - 1, max(size - 1 - LOOKED_AT, -1), -1):
        if len(found) == most:
            break
        leaf: dict[str, Any] = read(log.leaf(connection, position))
        if leaf["kind"] != "use":
            continue
        record = own(connection, position, actor)
        if record is not None and _is_sql(record):
            found.append(_asked(position, leaf, record))
    return found


def own(connection: Connection, position: int, actor: Actor) -> dict[str, Any] | None:
    """The private record of a use that this actor made, or None."""
    leaf = read(log.leaf(connection, position))
    if leaf["kind"] != "use":
        return None
    record: dict[str, Any] | None = log.record(connection, position, safe=keyring.of(connection))
    if record is None or actor.self_declared:
        return None
    who = record.get("actor", {})
    return record if who.get("name") == actor.name and who.get("self_declared") is False else None


def _is_sql(record: Mapping[str, Any]) -> bool:
    """Whether it was a question in SQL; other uses name one of a few words, or a customer."""
    return "question" in record and "customer" not in record and record["question"] not in _OTHERS


#: What uses that are no SQL call themselves.
_OTHERS = frozenset({"checker", "standing", "feed", "choices", "weigh"})


def _asked(position: int, leaf: Mapping[str, Any], record: Mapping[str, Any]) -> Asked:
    use = record["use"]
    return Asked(
        position,
        datetime.fromisoformat(str(leaf["at"])),
        str(record["question"]),
        str(use["purpose"]),
        use["effect"],
        use["recipient"],
        str(leaf["decision"]),
        record.get("rows"),
    )
