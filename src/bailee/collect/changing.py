"""What is new in a notice since the one that somebody agreed to, in sentences that they can read."""

from __future__ import annotations

import re

from bailee.errors import BaileeError
from bailee.gate.gate import Gate

#: More than this is no longer read; the whole notice is beside it.
MOST = 8
_SENTENCE = re.compile(r"(?<=[.!?:])\s+|\n\s*\n")
_MARKS = re.compile(r"[#*_`]+")


def changed(gate: Gate, old: str | None, new: str, language: str) -> tuple[str, ...]:
    """What changed from one registered notice, by digest, to another; empty where the first is not on record.

    From the terms where the gate compares them, else the sentences of the new notice that the old one had not.
    """
    if old is None or old == new:
        return ()
    compare = getattr(gate, "compare_notices", None)
    if compare is not None:
        try:
            return tuple(each.sentence for each in compare(old, new, language=language))[:MOST]
        except BaileeError:
            pass
    before, after = gate.notice_text(old), gate.notice_text(new)
    if before is None or after is None:
        return ()
    known = set(_sentences(before))
    return tuple(each for each in _sentences(after) if each not in known)[:MOST]


def _sentences(text: str) -> list[str]:
    """The sentences of a notice, without marks of emphasis and line breaks, so that only words are compared."""
    plain = (" ".join(_MARKS.sub("", each).split()) for each in _SENTENCE.split(text))
    return [each for each in plain if each]
