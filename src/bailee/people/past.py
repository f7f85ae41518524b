"""Standing as it was: from which sequence on whose codes held, so that a past use can be judged again."""

from __future__ import annotations

from sqlalchemy import Connection

# A row holds from its sequence on: the one in force then is the newest that is not younger.
_ONE = """
    SELECT codes FROM (
        SELECT sequence, codes FROM standing WHERE customer = ? AND sequence <= ?
        UNION ALL SELECT sequence, codes FROM standing_past WHERE customer = ? AND sequence <= ?
    ) AS held ORDER BY sequence DESC LIMIT 1
"""
_COUNT = """
    SELECT (SELECT count(*) FROM standing WHERE sequence <= ? AND substr(codes, ?, 1) = ?)
        + (SELECT count(*) FROM standing AS now JOIN standing_past AS past ON past.customer = now.customer
            WHERE now.sequence > ? AND past.sequence = (
                SELECT max(sequence) FROM standing_past WHERE customer = now.customer AND sequence <= ?)
            AND substr(past.codes, ?, 1) = ?)
"""
_STANDS = b"\x00"


def codes_at(connection: Connection, customer: int, sequence: int) -> bytes | None:
    """Return a customer's reason codes, one byte a slot of the policy of that time; None where there were none yet."""
    found = connection.exec_driver_sql(_ONE, (customer, sequence, customer, sequence)).scalar()
    return None if found is None else bytes(found)


def changes_of(connection: Connection, customer: int) -> list[int]:
    """Return the sequences at which a customer's standing changed, in order."""
    statement = (
        "SELECT sequence FROM standing WHERE customer = ? UNION SELECT sequence FROM standing_past WHERE customer = ? "
        "ORDER BY sequence"
    )
    return list(connection.exec_driver_sql(statement, (customer, customer)).scalars())


def count_at(connection: Connection, slot: int, sequence: int) -> int:
    """Return how many customers stood in a slot at a sequence, the erased of today left out."""
    place = slot + 1
    values = (sequence, place, _STANDS, sequence, sequence, place, _STANDS)
    found: int = connection.exec_driver_sql(_COUNT, values).scalar_one()
    return found


def erased_since(connection: Connection, sequence: int) -> int:
    """Return how many customers were erased after a sequence: what they stood for before it is gone."""
    statement = (
        "SELECT count(*) FROM customers AS c JOIN standing AS s ON s.customer = c.number "
        "WHERE c.erased_at IS NOT NULL AND s.sequence > ?"
    )
    found: int = connection.exec_driver_sql(statement, (sequence,)).scalar_one()
    return found
