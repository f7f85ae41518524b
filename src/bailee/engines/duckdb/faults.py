"""The error fence: an engine's error becomes a class and a position, and nothing else of it passes.

DuckDB quotes values, columns and table names in its messages, so a message never leaves the worker. A fault marked
`last` ends the worker too: after running out of memory DuckDB was seen to keep part of what it had taken.
"""

from __future__ import annotations

import json
import re
from typing import Any

from bailee.engines.sentences import CONVERSION, INVALID_INPUT, LIMITS, SENTENCES, Limits, told
from bailee.errors import EngineError, EngineUnavailable

Fault = dict[str, Any]

_SENTENCES = {
    **SENTENCES,
    "conversion error": CONVERSION + "write TRY_CAST where a cast may fail",
    "invalid input error": INVALID_INPUT + "write TRY(...) around what may fail",
    "permission error": "questions may not reach files, settings or extensions",
    "relation": "a governed relation could not be made, so the data map names something that the database does not "
    "have in this form; run `bailee check`",
    "key type": "a key cannot have this type; expected an integer, DECIMAL, UUID, or VARCHAR with no collation",
    "fence": "the fence that hides rows did not hold in a trial at start-up, so the engine is not used; report the "
    "version of DuckDB",
}

_LIMITS: Limits = {
    **LIMITS,
    "ended": (EngineError, "the engine's process ended before it answered; nothing was released; ask again"),
}

#: What DuckDB says when it cannot open a file, in the order tried, and what we say.
_OPENING = (
    (r"[Cc]onflicting lock|Could not set lock", "locked"),
    (r"not a valid DuckDB database file", "not duckdb"),
    (r"version number .* can only read|newer version of DuckDB", "newer"),
    (r"[Cc]orrupt", "damaged"),
    (r"[Pp]ermission denied", "permission"),
    (r"encrypt", "encrypted"),
    (r"WAL|write-ahead", "unfinished"),
    (r"does not exist|No such file", "missing"),
)

_UNOPENED = {
    "missing": "there is no database `{path}`; put it there, or name another one in `bailee.toml`",
    "directory": "`{path}` is a folder; expected a DuckDB file",
    "locked": "the database `{path}` is open for writing in another process{holder}; end that process, or let it write "
    "another file and rename it over this one",
    "not duckdb": "`{path}` is not a DuckDB database; expected a file that DuckDB wrote",
    "newer": "the database `{path}` was written by a newer DuckDB than the one installed; upgrade the `duckdb` package",
    "permission": "there is no permission to read the database `{path}`; grant it to the user that runs Bailee",
    "encrypted": "the database `{path}` is encrypted, which is not supported; point Bailee at a plain DuckDB file",
    "unfinished": "the database `{path}` was not closed by its last writer; open it once with DuckDB and close it",
    "damaged": "the database `{path}` is damaged: its checksums do not hold; restore it from a copy",
    "unopened": "the database `{path}` cannot be opened; expected a sound DuckDB file",
}


def describe(error: BaseException, sql: str = "") -> Fault:
    """The class and place of an engine's error; `position` counts characters of `sql` from 0.

    An error met while rows stream arrives as Arrow's, so the class is read from DuckDB's JSON before Python's type.
    """
    said = _parts(str(error))
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__.removesuffix("Exception"))
    kind = str(said.get("exception_type", name)).lower()
    if kind == "interrupt":
        return {"error": "time"}
    if kind == "out of memory" or isinstance(error, MemoryError):
        return {"error": "memory", "last": True}
    known = f"{kind} error" if f"{kind} error" in _SENTENCES else "engine error"
    return {"error": known, "position": _place(said, sql), "last": kind in {"internal", "fatal"}}


def position(json_error: str, sql: str) -> int | None:
    """The place that DuckDB's JSON names, as a count of characters of `sql`; None where it names none."""
    return _place(_parts(json_error), sql)


def _parts(message: str) -> dict[str, Any]:
    try:
        found = json.loads(message[message.index("{") :])
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _place(said: dict[str, Any], sql: str) -> int | None:
    """DuckDB counts bytes of UTF-8."""
    text = sql.encode(errors="replace")
    place = str(said.get("position", ""))
    if not place.isdecimal() or int(place) > len(text):
        return None
    return len(text[: int(place)].decode(errors="ignore"))


def opening(message: str) -> Fault:
    """Why a database file could not be opened, with the process that holds it where DuckDB knows."""
    reason = next((name for pattern, name in _OPENING if re.search(pattern, message)), "unopened")
    holder = re.search(r"PID (\d+)", message)
    return {"error": "open", "reason": reason, "holder": int(holder[1]) if holder else None}


def unopened(path: str, reason: str, holder: int | None = None) -> EngineUnavailable:
    """The error for a database file that cannot be opened."""
    who = f" (process {holder})" if holder else ""
    return EngineUnavailable(_UNOPENED[reason].format(path=path, holder=who))


def rebuild(fault: Fault, path: str) -> EngineError:
    """The error that a person is told, from a worker's fault."""
    code = fault["error"]
    if code == "open":
        return unopened(path, fault["reason"], fault["holder"])
    return told(code, _SENTENCES, _LIMITS, limit=fault.get("limit", 0), position=fault.get("position"))
