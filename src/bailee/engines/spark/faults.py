"""The error fence for Spark: an error becomes a class and a position, and nothing else of it passes.

Spark quotes values, names and whole plans in its messages. Its conditions (`CAST_INVALID_INPUT`) are a fixed
vocabulary, so they choose among our own sentences; the place is two numbers out of the message.
"""

from __future__ import annotations

import re
from typing import Any

from bailee.engines.sentences import CONVERSION, INVALID_INPUT, LIMITS, SENTENCES, Limits, told
from bailee.errors import EngineError

_SENTENCES = {
    **SENTENCES,
    "conversion error": CONVERSION + "write try_cast where a cast may fail",
    "invalid input error": INVALID_INPUT + "use the function's `try_` form where it may fail",
    "relation": "a governed relation could not be made, so the data map names something that the catalogue does not "
    "have in this form; run `bailee check`",
    "sealed": "the question reads something else than governed relations",
    "key type": "a key cannot have this type on Spark; expected an integer up to BIGINT, DECIMAL, or VARCHAR with no "
    "collation",
    "fence": "no fence that hides rows held in a trial at start-up, so the engine is not used; report the server and "
    "its version",
}

_LIMITS: Limits = {
    **LIMITS,
    "ended": (EngineError, "the connection to Spark ended before it answered; nothing was released; ask again"),
}

#: What the start of a Spark condition says, in the order tried.
_CONDITIONS = (
    (r"PARSE_|INVALID_SQL_SYNTAX|UNCLOSED_", "parser error"),
    (
        r"TABLE_OR_VIEW_NOT_FOUND|UNRESOLVED_ROUTINE|UNRESOLVABLE_TABLE|SCHEMA_NOT_FOUND|CATALOG_NOT_FOUND",
        "catalog error",
    ),
    (r"CAST_INVALID|CANNOT_PARSE|INVALID_INPUT_SYNTAX|CONVERSION_INVALID|FAILED_TO_PARSE", "conversion error"),
    (r"CAST_OVERFLOW|ARITHMETIC_OVERFLOW|BINARY_ARITHMETIC|NUMERIC_VALUE_OUT|NUMERIC_OUT", "out of range error"),
    (r"UNSUPPORTED|NOT_IMPLEMENTED|FEATURE_NOT", "not implemented error"),
    (
        r"UNRESOLVED|AMBIGUOUS|DATATYPE|MISSING_|WRONG_NUM|COLUMN_|INVALID_(?!ARRAY|PARAM|FRACTION)|NOT_|NUM_",
        "binder error",
    ),
    (r"DIVIDE_BY|REMAINDER_BY|INVALID|DATETIME|SCALAR_SUBQUERY_TOO|USER_RAISED|ELEMENT_AT", "invalid input error"),
)

#: What a server without conditions says by the class of its exception.
_CLASSES = {
    "ParseException": "parser error",
    "AnalysisException": "binder error",
    "UnsupportedOperationException": "not implemented error",
    "NumberFormatException": "conversion error",
    "ArithmeticException": "invalid input error",
    "IllegalArgumentException": "invalid input error",
}

_MEMORY = re.compile(r"OutOfMemory|OUT_OF_MEMORY|Resources exhausted|maxResultSize|Cannot reserve|larger than max")
_GONE = re.compile(r"StatusCode\.UNAVAILABLE|Connection refused|SESSION_CLOSED|SESSION_NOT_FOUND|Answer from Java side")
_CONDITION = re.compile(r"[A-Z][A-Z_]{2,60}", re.ASCII)
_PLACE = re.compile(r"line (\d{1,6}),? pos(?:ition)? (\d{1,6})")
#: Sail gives its conditions in brackets, if at all, and says of what is not SQL from where to where it found what.
_BRACKETED = re.compile(r"\[([A-Z][A-Z_]{2,60})[\].]", re.ASCII)
_NOT_SQL = re.compile(
    r"invalid argument: (?:found .{1,200}? at (\d{1,7}):\d{1,7} expected|expected one statement)", re.DOTALL
)


class Wrong(Exception):
    """A request that fails closed; `code` names the sentence or the limit."""

    def __init__(self, code: str, *, limit: float = 0, position: int | None = None) -> None:
        self.code, self.limit, self.position = code, limit, position
        super().__init__(code)


def rebuilt(wrong: Wrong) -> EngineError:
    """The error that a person is told."""
    return told(wrong.code, _SENTENCES, _LIMITS, limit=wrong.limit, position=wrong.position)


def describe(error: BaseException, sql: str = "") -> Wrong:
    """The class and place of an error of Spark, Sail, py4j or gRPC; `position` counts characters of `sql` from 0."""
    message, name = str(error), type(error).__name__
    if _MEMORY.search(message) or isinstance(error, MemoryError):
        return Wrong("memory")
    if name.startswith("Py4JNetwork") or isinstance(error, OSError) or _GONE.search(message):
        return Wrong("ended")
    not_sql = _NOT_SQL.match(message)
    if not_sql is not None:
        at = int(not_sql[1] or 0)
        return Wrong("parser error", position=at if at <= len(sql) and not_sql[1] else None)
    return Wrong(_kind(error, name), position=_place(message, sql))


def _kind(error: BaseException, name: str) -> str:
    condition = _condition(error)
    if condition is not None:
        return next((kind for start, kind in _CONDITIONS if re.match(start, condition)), "engine error")
    return _CLASSES.get(name, "engine error")


def _condition(error: BaseException) -> str | None:
    """Spark's own name for what went wrong, without its sub-class; None where the server gives none."""
    get: Any = getattr(error, "getCondition", None) or getattr(error, "getErrorClass", None)
    try:
        said = get() if get is not None else None
    except Exception:  # a condition that cannot be had is none; the class of the exception remains
        return None
    found = _CONDITION.match(str(said or "")) or _BRACKETED.search(str(error))
    return found[found.re.groups] if found else None


def _place(message: str, sql: str) -> int | None:
    """Spark counts lines from 1 and UTF-16 units in a line from 0."""
    found = _PLACE.search(message)
    if found is None or not sql:
        return None
    lines = sql.splitlines(keepends=True)
    line, unit = int(found[1]), int(found[2])
    if not 1 <= line <= len(lines):
        return None
    before = lines[line - 1].encode("utf-16-le", errors="replace")[: unit * 2]
    return sum(map(len, lines[: line - 1])) + len(before.decode("utf-16-le", errors="ignore"))
