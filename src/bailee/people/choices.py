"""What customers said: recorded once, never changed, read back by customer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping

from bailee.errors import FactRejected
from bailee.people import keyring, progress
from bailee.people.customers import number_of
from bailee.people.instants import EARLIEST, instant, micros
from bailee.people.kinds import Kind, Known
from bailee.people.relations import is_guardian
from bailee.policy.model import Policy
from bailee.vocabulary import Instrument

#: How far another machine's clock may be ahead of ours; what was said within it is taken as said now.
SKEW = timedelta(minutes=5)
LONGEST_EVIDENCE = 10_000
#: What evidence is sealed for, under its customer's key.
EVIDENCE = b"choices.evidence"

COLUMNS = (
    "sequence, customer, purpose, act, at, instrument, notice, cited, language, recipient, channel, guardian, "
    'conflict_shown, evidence, "import", position, recorded_at'
)
_ADD = f"INSERT INTO choices ({COLUMNS}) VALUES ({', '.join('?' * 17)})"
_HISTORY = (
    "SELECT c.sequence, c.purpose, c.act, c.at, c.instrument, coalesce(n.digest, c.cited) AS notice, "
    "n.terms_digest AS terms, c.language, c.recipient, c.channel, g.key AS guardian, c.conflict_shown, c.evidence, "
    "i.name AS imported_from, c.recorded_at "
    "FROM choices c LEFT JOIN notices n ON n.number = c.notice LEFT JOIN customers g ON g.number = c.guardian "
    'LEFT JOIN imports i ON i.number = c."import" WHERE c.customer = ? ORDER BY c.at, c.sequence'
)

_A_DAY = 86_400_000_000
_BY_DAY = f"SELECT purpose, act, at / {_A_DAY}, count(*) FROM choices WHERE at >= ? GROUP BY 1, 2, 3"


@dataclass(frozen=True, slots=True)
class Said:
    """One act of one customer; `customer` and `guardian` are the company's keys, `kind.notice` a notice's digest."""

    customer: str
    kind: Kind
    at: datetime
    guardian: str | None = None
    evidence: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A choice on record; `terms` is the digest of what its notice showed, None if nothing shows that."""

    sequence: int
    purpose: str
    act: str
    at: datetime
    instrument: str
    notice: str | None
    terms: str | None
    language: str | None
    recipient: str | None
    channel: str | None
    guardian: str | None
    conflict_shown: bool
    #: None too where the customer's key is gone.
    evidence: str | None
    imported_from: str | None
    recorded_at: datetime


def record(connection: Connection, policy: Policy, said: Said, now: datetime) -> int:
    """Record one choice in the caller's write transaction and return its sequence.

    FactRejected for an unknown customer, purpose, recipient or notice, a time more than five minutes ahead, a guardian
    who was not verified, or a grant that cites no notice. Nothing that was recorded can be changed afterwards.
    """
    return record_many(connection, policy, [said], now)[0]


def record_many(connection: Connection, policy: Policy, said: Iterable[Said], now: datetime) -> range:
    """Record choices in order and return their sequences; FactRejected as `record`, and then none was."""
    listed = list(said)
    if not listed:
        return range(0)
    kinds = {each.kind for each in listed}
    known = Known.of(connection, policy, {kind.notice for kind in kinds if kind.notice is not None})
    for kind in kinds:
        _check(known, kind)
    rows = [_row(connection, known, each, now) for each in listed]
    first = progress.advance(connection, len(rows))
    connection.exec_driver_sql(_ADD, [(first + i, *row) for i, row in enumerate(rows)])
    return range(first, first + len(rows))


def history(connection: Connection, number: int) -> list[Recorded]:
    """Return all that a customer said, in order of time."""
    return [
        _recorded(row, None if row["evidence"] is None else _evidence(connection, number, row["evidence"]))
        for row in connection.exec_driver_sql(_HISTORY, (number,)).mappings().all()
    ]


def by_day(connection: Connection, since: datetime) -> Mapping[str, Mapping[date, Mapping[str, int]]]:
    """Count acts since an instant by purpose and day in UTC."""
    first = date(1970, 1, 1)
    found: dict[str, dict[date, dict[str, int]]] = {}
    for purpose, act, day, count in connection.exec_driver_sql(_BY_DAY, (micros(since),)).all():
        found.setdefault(purpose, {}).setdefault(first + timedelta(days=int(day)), {})[act] = count
    return found


def signalled(connection: Connection, number: int) -> int:
    """Return the sequence of the last browser's signal (GPC) of a customer, 0 where there was none."""
    newest = "SELECT coalesce(max(sequence), 0) FROM choices WHERE customer = ? AND instrument = 'gpc'"
    return int(connection.exec_driver_sql(newest, (number,)).scalar_one())


def came_as(connection: Connection, sequence: int) -> tuple[int, int] | None:
    """Return the number of the import that a choice came with and its row there; None where it was made here."""
    row = connection.exec_driver_sql('SELECT "import", position FROM choices WHERE sequence = ?', (sequence,)).first()
    return None if row is None or row[0] is None else (int(row[0]), int(row[1]))


def _evidence(connection: Connection, number: int, sealed: bytes) -> str | None:
    plain = keyring.of(connection).open(connection, [number], sealed, EVIDENCE)
    return None if plain is None else plain.decode()


def _recorded(row: RowMapping, evidence: str | None) -> Recorded:
    return Recorded(
        **{
            **row,
            "at": instant(row["at"]),
            "conflict_shown": bool(row["conflict_shown"]),
            "evidence": evidence,
            "recorded_at": instant(row["recorded_at"]),
        }
    )


def _check(known: Known, kind: Kind) -> None:
    wrong = known.wrong(kind)
    if wrong:
        raise FactRejected(wrong.message)
    if kind.notice is not None and known.shown(kind) is None:
        about = known.notices.get(kind.notice)
        raise FactRejected(
            f"the notice `{kind.notice}` is about `{about[1]}`, not `{kind.purpose}`"
            if about
            else f"there is no registered notice `{kind.notice}`; register it first"
        )
    if known.grants_nothing(kind) and kind.instrument != Instrument.IMPORT:
        raise FactRejected(f"a grant of `{kind.purpose}` must cite the notice that was shown")


def _row(connection: Connection, known: Known, said: Said, now: datetime) -> tuple[Any, ...]:
    """The columns of a choice after its sequence."""
    number, kind = number_of(connection, said.customer), said.kind
    if said.at > now + SKEW:
        moment = f"{said.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        raise FactRejected(f"the choice was made at {moment}, which has not come yet; check the clock")
    at = micros(min(said.at, now))
    if at < EARLIEST:
        raise FactRejected(f"the choice was made at `{said.at.isoformat()}`, expected the year 1900 or later")
    if said.evidence is not None and len(said.evidence) > LONGEST_EVIDENCE:
        raise FactRejected(f"evidence has at most {LONGEST_EVIDENCE:,} characters, found {len(said.evidence):,}")
    guardian = None if said.guardian is None else number_of(connection, said.guardian)
    if guardian is not None and not is_guardian(connection, number, guardian, at):
        raise FactRejected(f"`{said.guardian}` was no verified guardian of `{said.customer}` at that time")
    kind = known.told(kind)
    shown = known.shown(kind)
    cited = kind.notice if shown is None else None
    words = (kind.purpose, kind.act, at, kind.instrument, shown, cited, kind.language, kind.recipient, kind.channel)
    evidence = None
    if said.evidence is not None:
        evidence = keyring.of(connection).seal(connection, [number], said.evidence.encode(), EVIDENCE)
    return (number, *words, guardian, kind.conflict_shown, evidence, None, None, micros(now))
