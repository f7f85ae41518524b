"""All that is on record here about one person, in words and by table, for themselves: nobody else is named in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from bailee.people import contacts, keyring, requests
from bailee.people.instants import day, instant_or_none

Rows = list[dict[str, Any]]

_CUSTOMER = "SELECT key, born, place, last_activity, restricted_at, created_at FROM customers WHERE number = ?"
_DATED = {
    "contracts": ("SELECT since, ended FROM contracts WHERE customer = ? ORDER BY since", ("since", "ended")),
    "restrictions": ("SELECT since, ended FROM restrictions WHERE customer = ? ORDER BY since", ("since", "ended")),
    "guardians": (
        "SELECT verified_at, ended_at FROM guardians WHERE child = ? ORDER BY verified_at",
        ("verified", "ended"),
    ),
}
_HOLDS = "SELECT purpose, since, ended, why FROM holds WHERE customer = ? ORDER BY since, purpose"
_GROUNDS = "SELECT purpose, at, why FROM grounds WHERE customer = ? ORDER BY at, purpose"
_GIVEN = (
    "SELECT n.purpose, n.language, n.digest, g.at, n.text FROM notices_given g JOIN notices n ON n.number = g.notice "
    "WHERE g.customer = ? ORDER BY g.at, g.sequence"
)


def of(connection: Connection, number: int) -> Mapping[str, Rows]:
    """What is kept about the customer with this number, but for choices, by table; times are aware."""
    return {
        "customer": _customer(connection, number),
        "contacts": [
            {"channel": channel, "address": address} for channel, address in contacts.of(connection, number).items()
        ],
        **{
            table: [
                dict(zip(names, map(instant_or_none, row), strict=True))
                for row in connection.exec_driver_sql(statement, (number,)).all()
            ]
            for table, (statement, names) in _DATED.items()
        },
        "holds": [
            {"purpose": purpose, "since": instant_or_none(since), "ended": instant_or_none(ended), "why": why}
            for purpose, since, ended, sealed in connection.exec_driver_sql(_HOLDS, (number,)).all()
            for why in [_opened(connection, number, sealed, b"holds.why")]
        ],
        "grounds": [
            {"purpose": purpose, "at": instant_or_none(at), "why": _opened(connection, number, sealed, b"grounds.why")}
            for purpose, at, sealed in connection.exec_driver_sql(_GROUNDS, (number,)).all()
        ],
        "requests": [
            {
                "number": each.number,
                "kind": each.kind,
                "state": each.state,
                "opened": each.opened_at,
                "answer_by": each.answer_by,
                "closed": each.closed_at,
                "said": each.said,
                "answers": [
                    {"at": change.at.isoformat(), "state": change.state, "why": change.why} for change in each.changes
                ],
            }
            for each in requests.of_customer(connection, number)
        ],
        "notices_given": [
            {"purpose": purpose, "language": language, "notice": digest, "at": instant_or_none(at), "text": text}
            for purpose, language, digest, at, text in connection.exec_driver_sql(_GIVEN, (number,)).all()
        ],
    }


def _customer(connection: Connection, number: int) -> Rows:
    row = connection.exec_driver_sql(_CUSTOMER, (number,)).first()
    if row is None:
        return []
    key, born, place, active, restricted, created = row
    return [
        {
            "key": key,
            "number": number,
            "born": None if born is None else day(born),
            "place": place,
            "last_activity": instant_or_none(active),
            "restricted": instant_or_none(restricted),
            "since": instant_or_none(created),
        }
    ]


def _opened(connection: Connection, number: int, sealed: bytes, context: bytes) -> str | None:
    plain = keyring.of(connection).open(connection, [number], bytes(sealed), context)
    return None if plain is None else plain.decode()
