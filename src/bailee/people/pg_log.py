"""PostgreSQL's write-ahead log: the bytes that an erasure leaves in its segments, overwritten.

A page goes into the log whole when it is first changed after a checkpoint, with whoever was on it. After the next one
the server needs no old segment, but does not empty it: it keeps some under the names of later ones, to be written over
one day. So all that are kept are gone through at once: a switch fills what is left of a segment with zeros.
"""

from __future__ import annotations

from sqlalchemy import Connection

from bailee.people import driver

#: What an administrator runs where the role may not; the order has the list whole before the first switch.
BY_HAND = (
    "CHECKPOINT; SELECT pg_switch_wal(); CHECKPOINT; "
    "WITH later AS MATERIALIZED (SELECT name FROM pg_ls_waldir() "
    "WHERE length(name) = 24 AND name >= pg_walfile_name(pg_current_wal_lsn()) ORDER BY name) "
    "SELECT count(pg_logical_emit_message(false, 'bailee', name)), count(pg_switch_wal()) FROM later; CHECKPOINT"
)
_RIGHTS = "GRANT pg_checkpoint, pg_monitor TO {role}; GRANT EXECUTE ON FUNCTION pg_switch_wal() TO {role}"
_MAY_NOT = (
    "the role of this store may not overwrite the server's write-ahead log, which holds bytes of the erased until "
    f"the server uses its segments again: have an administrator run `{BY_HAND}`, or grant the role what it needs "
    "(`{rights}`) and run `bailee people clean`"
)
_KEPT = (
    "the server keeps {count:,} old segments of its write-ahead log, with bytes of the erased, for an archive, a "
    "replica or `wal_keep_size`: when these are done, run `bailee people clean`"
)
#: What PostgreSQL answers where a role may not do something, or a server cannot.
_REFUSED = ("42501", "0A000", "55000")
_SEGMENTS = "SELECT count(*) FROM pg_ls_waldir() WHERE length(name) = 24 AND "


def overwrite(connection: Connection) -> str | None:
    """Overwrite old segments of the log, on a connection in no transaction; why not, in words, where not all was."""
    try:
        first = _current(connection)
        driver.outside(connection, "CHECKPOINT")
        driver.rows(connection, "SELECT pg_switch_wal()")
        driver.outside(connection, "CHECKPOINT")
        for _ in range(_count(connection, "name >= ?", _current(connection))):  # the last one is begun and then filled
            # Nothing is switched where nothing was written since.
            driver.rows(connection, "SELECT pg_logical_emit_message(false, 'bailee', 'over')")
            driver.rows(connection, "SELECT pg_switch_wal()")
        left = _count(connection, "name <= ?", first)
    except Exception as error:
        if getattr(error, "sqlstate", None) not in _REFUSED:
            raise
        role = str(driver.rows(connection, "SELECT quote_ident(current_user)")[0][0])
        return _MAY_NOT.format(rights=_RIGHTS.format(role=role))
    return _KEPT.format(count=left) if left else None


def _current(connection: Connection) -> str:
    """The segment that is written now."""
    return str(driver.rows(connection, "SELECT pg_walfile_name(pg_current_wal_lsn())")[0][0])


def _count(connection: Connection, which: str, name: str) -> int:
    return int(driver.rows(connection, _SEGMENTS + which, (name,))[0][0])
