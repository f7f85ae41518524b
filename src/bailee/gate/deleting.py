"""What recipients must delete: kept in the caller's transaction, with an entry about each customer whom it concerns.

A release of keys or pseudonyms names its customers, so one can be asked for. How it names them is worked out while
their key is on record, and kept sealed until the deletion is confirmed: the law wants each recipient told (GDPR article
19), also of somebody who is erased here. Of figures and de-identified rows nobody can be taken out any more.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from bailee.deid.pseudonyms import pseudonym
from bailee.gate.disclosing import members
from bailee.people import customers, deals
from bailee.people.deals import Release
from bailee.policy.units import Duration

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bailee.people.keys import PseudonymKeys

ERASED, WITHDRAWN, EXPIRED, RECALLED = "erased", "withdrawn", "expired", "recalled"
#: Appends an entry to the ledger and gives its position.
Leaf = Callable[..., int]


def erasing(connection: Connection, keys: PseudonymKeys, numbers: Iterable[int], at: datetime, leaf: Leaf) -> int:
    """Ask for the deletion of people who are about to be erased, wherever they were released; how often that is."""
    wanted, count = list(numbers), 0
    for release in deals.releases(connection, opened=True):
        count += of_people(connection, keys, release, wanted, ERASED, at, leaf)
    return count


def of_people(
    connection: Connection,
    keys: PseudonymKeys,
    release: Release,
    numbers: Iterable[int],
    why: str,
    at: datetime,
    leaf: Leaf,
) -> int:
    """Ask for the deletion of those of some customers whom a release names, once each; how many there are."""
    if not release.private.get("people") or not (wanted := list(numbers)):
        return 0
    inside, before = members(connection, release.entry), deals.asked(connection, release.number)
    if None in before:  # all of it is to be deleted
        return 0
    mine = sorted(number for number in wanted if number < len(inside) and inside[number] and number not in before)
    named = dict(zip(mine, customers.keys(connection, mine), strict=True)) if mine else {}
    secret, clear = keys.key_for(release.purpose, release.recipient), bool(release.private.get("clear"))
    count = 0
    for number, key in named.items():
        if key is not None:
            reference = key if clear else pseudonym(secret, key)
            _ask(connection, release, number, key, reference, why, at, due(release, at), leaf)
            count += 1
    return count


def of_all(connection: Connection, release: Release, why: str, at: datetime, by: datetime, leaf: Leaf) -> bool:
    """Ask for the deletion of a whole release by an instant; False where it was asked before."""
    if None in deals.asked(connection, release.number):
        return False
    _ask(connection, release, None, None, None, why, at, by, leaf)
    return True


def due(release: Release, at: datetime) -> datetime:
    """By when somebody must be deleted who is asked for now: as the deal says, and never after all of it is due."""
    after = release.private.get("delete_after")
    by = at if after is None else Duration.parse(after).plus(at)
    return by if release.delete_by is None else min(by, release.delete_by)


def _ask(
    connection: Connection,
    release: Release,
    number: int | None,
    key: str | None,
    reference: str | None,
    why: str,
    at: datetime,
    by: datetime,
    leaf: Leaf,
) -> None:
    mine = deals.next_deletion(connection)
    private = {"release": release.name, "deletion": mine, "why": why, **({"customer": key} if key else {})}
    public = {"change": "asked", "disclosure": release.entry}
    entry = leaf("deletion", public, private, [number] if number is not None else [])
    message = f"delete_{secrets.token_hex(16)}"
    deals.ask(connection, mine, release.number, number, reference, why, message, at, by, entry)
