"""The error fence: PostgreSQL's error becomes a class and a position, and nothing else of it passes.

PostgreSQL quotes values, columns and table names in messages and details, so only SQLSTATE and place are read. The
kinds are those of DuckDB's engine, so that a question that fails is told the same on both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bailee.engines.sentences import CONVERSION, INVALID_INPUT, LIMITS, SENTENCES, Limits, told
from bailee.errors import EngineError, MemoryExceeded, Stale

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

_SENTENCES = {
    **SENTENCES,
    "conversion error": CONVERSION + "leave such values out before the cast",
    "invalid input error": INVALID_INPUT + "leave such values out with CASE or NULLIF",
    "permission error": "questions may reach governed relations and nothing else; or a row-level policy of the "
    "company's own would hide rows from Bailee: run `bailee engines`",
    "locked": "the database's tables are locked by somebody else's change; ask again",
    "relation": "a governed relation could not be made, so the data map names something that the database does not "
    "have in this form, or Bailee may not read it; run `bailee check` and `bailee engines`",
    "key type": "a key cannot have this type; expected SMALLINT, INTEGER, BIGINT, DECIMAL, UUID, or VARCHAR",
    "clean": "a clean set is one SELECT that groups by its first column, so that no key is there twice; the set was "
    "not made",
    "infinite": "an answer holds an infinite or too distant date, time or number, which Arrow cannot; cast that column "
    "to text, or leave such values out",
    "digits": "an answer holds numbers of more than 76 digits; round them, or cast them to double precision",
    "dimensions": "an answer holds arrays of several dimensions; unnest them, or cast them to text",
    "setup": "Bailee may not keep its allow tables here: it needs a schema of its own; run the statements that "
    "`bailee engines` prints",
    "fence": "the fence that hides rows did not hold in a trial at start-up, so the engine is not used; report the "
    "version of PostgreSQL",
    "standing": "a standing column is not set up in the database; run the statements that `bailee engines grants` "
    "prints",
    "lost": "the connection to the database was lost before it answered; nothing was released; ask again",
}

_LIMITS: Limits = {
    **LIMITS,
    "memory": (
        MemoryExceeded,
        "stopped because it needed more memory or disk than the limit; ask for less, or aggregate first",
    ),
    "not unique": (
        Stale,
        "the database does not keep a column unique any more that a question rests on; read its catalogue and retry",
    ),
    "behind": (
        Stale,
        "another server has brought the engine's allow tables to a newer sequence; take the newest standing and retry "
        "(after a restore of the store to an earlier state, empty them: `bailee engines` prints how)",
    ),
}

#: SQLSTATE, or how it begins, and what it is to us; the longest that fits counts.
_STATES = {
    "42": "binder error",
    "42601": "parser error",
    "42501": "permission error",
    "42P01": "catalog error",
    "42883": "catalog error",
    "42704": "catalog error",
    "3F000": "catalog error",
    "22": "invalid input error",
    "22P02": "conversion error",
    "22P03": "conversion error",
    "22007": "conversion error",
    "22008": "out of range error",
    "22003": "out of range error",
    "21": "invalid input error",
    "23": "invalid input error",
    "23505": "duplicate",
    "2202E": "binder error",
    "0A": "not implemented error",
    "54": "not implemented error",
    "25": "transactioncontext error",
    "57014": "stopped",
    "57": "lost",
    "08": "lost",
    "55P03": "locked",
    "40": "locked",
    "53": "memory",
}

#: What is the same to whoever asked, whichever engine said so.
_KINDS = {"infinite": "conversion error", "digits": "out of range error", "dimensions": "not implemented error"}


class Wrong(Exception):
    """A request that fails closed; `code` is one of this file's, `limit` what was passed."""

    def __init__(self, code: str, *, limit: float = 0, position: int | None = None) -> None:
        self.code, self.limit, self.position = code, limit, position
        super().__init__(code)


def kind(state: str | None) -> str:
    """What a SQLSTATE is to us; a connection that broke has none."""
    if not state:
        return "lost"
    return next((_STATES[state[:n]] for n in (5, 2) if state[:n] in _STATES), "engine error")


def of(error: BaseException) -> Wrong:
    """What psycopg's error is to us; `stopped` is still to be told apart by who stopped it."""
    diag: Any = getattr(error, "diag", None)
    place = getattr(diag, "statement_position", None)
    return Wrong(kind(getattr(error, "sqlstate", None)), position=int(place) - 1 if place else None)


def said(result: PGresult | None) -> Wrong:
    """What a result of libpq's that is an error is to us."""
    from psycopg.pq import DiagnosticField

    if result is None:
        return Wrong("lost")
    state = result.error_field(DiagnosticField.SQLSTATE)
    place = result.error_field(DiagnosticField.STATEMENT_POSITION)
    return Wrong(kind(state.decode() if state else None), position=int(place) - 1 if place else None)


def error(wrong: Wrong) -> EngineError:
    """The error that a person is told."""
    return told(
        wrong.code,
        _SENTENCES,
        _LIMITS,
        limit=wrong.limit,
        position=wrong.position,
        unavailable=("fence", "setup", "standing"),
        kind=_KINDS.get(wrong.code),
    )
