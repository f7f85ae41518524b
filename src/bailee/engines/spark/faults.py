"""The error fence for Spark: an error becomes a class and a position, and nothing else of it passes.

Spark quotes values, names and whole plans in its messages. Its conditions (`CAST_INVALID_INPUT`) are a fixed
vocabulary, so they choose among our own sentences; the place is two numbers out of the message.
"""

from __future__ import annotations

import re
from typing import Any

from bailee.errors import (
    Cancelled,
    EngineError,
    EngineUnavailable,
    MemoryExceeded,
    RowsExceeded,
    Stale,
    TimeExceeded,
)

_SENTENCES = {
    "binder error": "a name, an operator or a function's arguments do not fit together here",
    "catalog error": "nothing of this name is known here; check the spelling of tables, functions and types",
    "conversion error": "a value cannot be turned into the type asked for; write try_cast where a cast may fail",
    "invalid input error": "a function met a value that it does not take, such as a division by zero, a bad format or "
    "several rows where one belongs; use the function's `try_` form where it may fail",
    "not implemented error": "the engine cannot do this",
    "out of range error": "a number is too large for its type; cast to a wider type before the arithmetic",
    "parser error": "this is not SQL that the engine understands",
    "relation": "a governed relation could not be made, so the data map names something that the catalogue does not "
    "have in this form; run `bailee check`",
    "statement": "a question is one SELECT; found something else",
    "sealed": "the question reads something else than governed relations",
    "duplicate": "two allowed keys mean the same subject, so no row would be counted once; the table was not changed",
    "key type": "a key cannot have this type on Spark; expected an integer up to BIGINT, DECIMAL, or VARCHAR with no "
    "collation",
    "clean": "a clean set holds a key twice, so no row would be counted once; the table was not made",
    "fence": "no fence that hides rows held in a trial at start-up, so the engine is not used; report the server and "
    "its version",
}

_LIMITS: dict[str, tuple[type[EngineError], str]] = {
    "time": (TimeExceeded, "stopped after {limit:g} seconds, the time limit; ask for less, or for a shorter period"),
    "memory": (
        MemoryExceeded,
        "stopped because it needed more memory than the limit; ask for less, or aggregate first",
    ),
    "rows": (
        RowsExceeded,
        "the answer has more than {limit} rows, the limit; nothing was released; add a LIMIT or aggregate",
    ),
    "bytes": (MemoryExceeded, "the answer is larger than {limit} bytes, the limit; nothing was released; select less"),
    "cancelled": (Cancelled, "cancelled by the reader; nothing was released"),
    "stale": (Stale, "the engine's allow tables are not at the sequence asked for; send them again and retry"),
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
    if wrong.code == "fence":
        return EngineUnavailable(_SENTENCES["fence"], kind="fence")
    if wrong.code in _LIMITS:
        made, sentence = _LIMITS[wrong.code]
        return made(sentence.format(limit=wrong.limit), kind=wrong.code)
    sentence = _SENTENCES.get(wrong.code, "the engine could not do this")
    return EngineError(f"{sentence} ({wrong.code})", kind=wrong.code, position=wrong.position)


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
