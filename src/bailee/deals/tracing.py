"""What the company kept of every release, by which a file that turned up is told to be one of them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from bailee.deals.fingerprint import Marked
from bailee.deid.pseudonyms import pseudonym
from bailee.gate import disclosing
from bailee.people import deals

if TYPE_CHECKING:
    from bailee.gate.gate import Gate


def known(gate: Gate) -> list[Marked]:
    """What a trace knows of every release: keys, marked columns, canaries, and the pseudonyms of today's customers."""
    from bailee.people import customers
    from bailee.people.keys import open_keys

    with gate.database.read() as connection:
        every = deals.releases(connection, opened=True)
        people = list(customers.numbers(connection)) if any(e.private.get("pseudonyms") for e in every) else []
    keys = open_keys(gate.home / "keys")
    hidden: dict[tuple[str, str], frozenset[str]] = {}
    found = []
    for each in every:
        pair = each.purpose, each.recipient
        if each.private.get("pseudonyms") and pair not in hidden:
            secret = keys.key_for(*pair)
            hidden[pair] = frozenset(pseudonym(secret, key) for key in people)
        steps = {column: Decimal(step) for column, step in each.private.get("steps", {}).items()}
        mark = keys.key_for(disclosing.FINGERPRINT, each.name)
        canaries, reserved = frozenset(each.private.get("canaries", ())), int(each.private.get("reserved", 0))
        theirs = hidden.get(pair, frozenset[str]()) if each.private.get("pseudonyms") else frozenset[str]()
        found.append(Marked(each.name, each.recipient, mark, steps, canaries, reserved, theirs))
    return found
