"""Puts the synthetic people on record: customers, contracts, guardians, restrictions, notices and who got them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bailee.people import customers, notices, relations

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bailee.examples.grocer import Layer
    from bailee.examples.grocer.people import Notice, Shown

#: A parent shows who they are when the card is made, before anything is said for a child.
_VERIFIED = timedelta(days=700)

#: The digest under which each version of a purpose's notice is registered.
Registered = dict[tuple[str, str], str]


def enrol(connection: Connection, layer: Layer, notices_: list[Notice], now: datetime) -> Registered:
    """Record everybody and the notices in the caller's transaction; what they said is imported afterwards."""
    numbers = _customers(connection, layer, now)
    registered = {
        (each.purpose, each.version): notices.register(
            connection, each.terms, each.purpose, each.language, each.text, now
        )
        for each in notices_
    }
    for key, digest in registered.items():
        shown = [each for each in layer.shown if (each.purpose, each.version) == key]
        _given(connection, digest, shown, numbers)
    return registered


def _customers(connection: Connection, layer: Layer, now: datetime) -> dict[int, int]:
    """Customers with all that is known of them beside what they said; returns their numbers by household."""
    new = [customers.NewCustomer(each.key, each.born, each.place, each.last_activity) for each in layer.households]
    numbers = dict(
        zip((each.number for each in layer.households), customers.add_many(connection, new, now), strict=True)
    )
    relations.contracts(
        connection,
        [(numbers[each.number], card.since, card.ended) for each in layer.households for card in each.contracts],
    )
    for each in layer.households:
        if each.guardian is not None:
            relations.verify_guardian(connection, numbers[each.number], numbers[each.guardian], now - _VERIFIED)
        if each.restricted is not None:
            customers.restrict(connection, numbers[each.number], each.restricted)
    return numbers


def _given(connection: Connection, digest: str, shown: list[Shown], numbers: dict[int, int]) -> None:
    if shown:
        notices.given(connection, digest, [(numbers[each.household], each.at) for each in shown])
