"""Where customers are reached: an e-mail address and a telephone number, sealed under the customer's key.

An address is found without showing it by its blind: HMAC-SHA256 of the channel and the normalised address, under a key
that only who has the company's own key can make. The caller holds the transaction.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from bailee.errors import FactRejected
from bailee.people import driver, keyring
from bailee.people.keyring import COMPANY

EMAIL, PHONE = "email", "phone"
CHANNELS = (EMAIL, PHONE)

#: What an address is sealed for.
CONTEXT = b"contacts.sealed"
_BLIND = b"bailee contacts v1"
_LONGEST = 254
_PUT = (
    "INSERT INTO contacts (customer, channel, blind, sealed) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (customer, channel) DO UPDATE SET blind = excluded.blind, sealed = excluded.sealed"
)


def put(connection: Connection, number: int, channel: str, address: str) -> None:
    """Keep a customer's address, in the place of an earlier one; FactRejected, which does not repeat it, if it is none.

    FactRejected too for a customer who was erased.
    """
    wrong = problem(channel, address)
    if wrong:
        raise FactRejected(wrong)
    keyring.of(connection).ensure(connection, [number, COMPANY])
    if put_many(connection, [(number, channel, address)]):
        raise FactRejected("the customer was erased, so nothing about them can be kept")


def put_many(connection: Connection, each: Sequence[tuple[int, str, str]]) -> int:
    """Keep checked addresses of (customer, channel, address) whose keys were made; how many had no key."""
    keys, hidden = keyring.of(connection), blinds(connection, [(channel, address) for _, channel, address in each])
    sealed = keys.seal_each(connection, [(number, address.encode()) for number, _, address in each], CONTEXT)
    rows = [
        (number, channel, blind, found)
        for (number, channel, _), blind, found in zip(each, hidden, sealed, strict=True)
        if found is not None
    ]
    driver.many(connection, _PUT, rows)
    return len(each) - len(rows)


def of(connection: Connection, number: int) -> dict[str, str]:
    """A customer's addresses by channel; none where their key is gone."""
    found = connection.exec_driver_sql(
        "SELECT channel, sealed FROM contacts WHERE customer = ? ORDER BY channel", (number,)
    ).all()
    keys = keyring.of(connection)
    opened = {channel: keys.open(connection, [number], bytes(sealed), CONTEXT) for channel, sealed in found}
    return {channel: plain.decode() for channel, plain in opened.items() if plain is not None}


def find(connection: Connection, channel: str, address: str) -> list[int]:
    """The numbers of the customers who have an address, however it is written; none for what is no address."""
    if problem(channel, address) or keyring.of(connection).keys(connection, [COMPANY]) == [None]:
        return []
    (blind,) = blinds(connection, [(channel, address)])
    found = "SELECT customer FROM contacts WHERE blind = ? AND channel = ? ORDER BY customer"
    return list(connection.exec_driver_sql(found, (blind, channel)).scalars())


def remove(connection: Connection, number: int, channel: str | None = None) -> int:
    """Delete a customer's address, or all of them, and say how many there were."""
    some = CHANNELS if channel is None else (channel,)
    marks = ", ".join("?" * len(some))
    removed = f"DELETE FROM contacts WHERE customer = ? AND channel IN ({marks})"
    return connection.exec_driver_sql(removed, (number, *some)).rowcount


def blinds(connection: Connection, each: Iterable[tuple[str, str]]) -> list[bytes]:
    """What finds each (channel, address), under the company's key, which must be there."""
    (company,) = keyring.of(connection).keys(connection, [COMPANY])
    if company is None:
        raise FactRejected("the company has no key yet, so no address can be kept")
    return blinded(company, each)


def blinded(company: bytes, each: Iterable[tuple[str, str]]) -> list[bytes]:
    """What finds each (channel, address), under a company's key."""
    key = hmac.digest(company, _BLIND, "sha256")
    return [
        hmac.digest(key, f"{channel}\0{normalised(channel, address)}".encode(), "sha256") for channel, address in each
    ]


def normalised(channel: str, address: str) -> str:
    """An address as it is compared: small letters, or digits alone (a leading `00` is a `+`)."""
    if channel == EMAIL:
        return address.strip().casefold()
    digits = "".join(re.findall("[0-9]", address))
    return digits.removeprefix("00")


def problem(channel: str, address: str) -> str | None:
    """Why an address cannot be taken, without repeating it; None where it can."""
    if channel not in CHANNELS:
        return f"there is no channel `{channel}`: expected {' or '.join(f'`{each}`' for each in CHANNELS)}"
    if channel == EMAIL:
        local, at, domain = address.strip().rpartition("@")
        good = bool(local and at and domain) and "@" not in local and len(address) <= _LONGEST and _plain(address)
        return None if good else "this is no e-mail address: expected one such as `name@example.com`"
    digits = re.findall("[0-9]", address)
    good = re.fullmatch(r"\s*\+?[0-9 ()./-]+", address) is not None and 5 <= len(digits) <= 17
    return None if good else "this is no telephone number: expected one such as `+49 30 1234567`"


def _plain(address: str) -> bool:
    """Whether an address has nothing that is not seen, nor half of a letter."""
    found = address.strip()
    return found.isprintable() and re.search(r"\s", found) is None
