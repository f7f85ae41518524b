"""What a person is told where an engine could not answer: one sentence for what fails on every engine alike.

An engine's own words quote values, so none of them are used. What an engine says otherwise, or alone, lies in its own
`faults`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from bailee.errors import (
    Cancelled,
    EngineError,
    EngineUnavailable,
    MemoryExceeded,
    RowsExceeded,
    Stale,
    TimeExceeded,
)

Limits = Mapping[str, tuple[type[EngineError], str]]

SENTENCES: Mapping[str, str] = {
    "binder error": "a name, an operator or a function's arguments do not fit together here",
    "catalog error": "nothing of this name is known here; check the spelling of tables, functions and types",
    "not implemented error": "the engine cannot do this",
    "out of range error": "a number is too large for its type; cast to a wider type before the arithmetic",
    "parser error": "this is not SQL that the engine understands",
    "transactioncontext error": "questions may only read",
    "statement": "a question is one SELECT; found something else",
    "duplicate": "two allowed keys mean the same subject, so no row would be counted once; the table was not changed",
    "clean": "a clean set holds a key twice, so no row would be counted once; the table was not made",
}

#: What an engine adds its own way out to.
INVALID_INPUT = (
    "a function met a value that it does not take, such as a division by zero, a bad format or several rows where one "
    "belongs; "
)
CONVERSION = "a value cannot be turned into the type asked for; "

LIMITS: Limits = {
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
}


def told(
    code: str,
    sentences: Mapping[str, str],
    limits: Limits,
    *,
    limit: float = 0,
    position: int | None = None,
    unavailable: Collection[str] = ("fence",),
    kind: str | None = None,
) -> EngineError:
    """The error of a code, with an engine's own sentences and limits; `unavailable` are those that end an engine."""
    if code in limits:
        made, sentence = limits[code]
        return made(sentence.format(limit=limit), kind=code)
    sentence = sentences.get(code, "the engine could not do this")
    if code in unavailable:
        return EngineUnavailable(sentence, kind=code)
    return EngineError(f"{sentence} ({code})", kind=kind or code, position=position)
