"""What is new since somebody answered, in sentences that they can read; the terms say it."""

from __future__ import annotations

from bailee.errors import FactRejected
from bailee.gate.gate import Gate

#: More than this is no longer read; the whole notice is beside it.
MOST = 8


def changed(gate: Gate, old: str | None, new: str, language: str) -> tuple[str, ...]:
    """What changed from the notice that they answered, by digest, to another; empty where there was none."""
    if old is None or old == new:
        return ()
    try:
        return tuple(each.sentence for each in gate.compare_notices(old, new, language=language.partition("-")[0]))[
            :MOST
        ]
    except FactRejected:  # another purpose's name, or a language without a catalogue: the whole notice says it
        return ()
