"""The canonical JSON (RFC 8785) of rows of a file of choices, which their commitments are over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from json.encoder import encode_basestring  # as RFC 8785 writes text

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bailee.people.kinds import Kind

#: What JSON writes otherwise than as itself.
_ESCAPED = r'["\\\x00-\x1f]'


#: Few enough for the processor's cache.
_SLICE = 8_192


class Frames:
    """What rows of one kind share, written once a kind."""

    def __init__(self) -> None:
        self._before: list[str] = []
        self._between: list[str] = []
        self._after: list[str] = []

    def add(self, kind: Kind) -> None:
        """Know another kind; kinds are numbered as they come."""
        text = {name: "null" if word is None else encode_basestring(str(word)) for name, word in kind._asdict().items()}
        conflict = "true" if kind.conflict_shown else "false"
        self._before.append(f'{{"act":{text["act"]},"at":"')
        self._between.append(f'","channel":{text["channel"]},"conflict_shown":{conflict},"customer":')
        self._after.append(
            f',"instrument":{text["instrument"]},"language":{text["language"]},"notice":{text["notice"]},'
            f'"purpose":{text["purpose"]},"recipient":{text["recipient"]}}}'
        )

    def records(
        self,
        kinds: npt.NDArray[np.int64],
        at: npt.NDArray[np.int64],
        customers: pa.Array,
        evidence: pa.Array,
        guardians: pa.Array,
    ) -> Iterator[bytes]:
        """Each row's bytes, names in RFC 8785's order and the time as RFC 3339 with six decimals."""
        frames = [pa.array(parts) for parts in (self._before, self._between, self._after)]
        for start in range(0, len(kinds), _SLICE):
            some = slice(start, start + _SLICE)
            texts = [_text(column[some]) for column in (customers, evidence, guardians)]
            yield from _joined(frames, kinds[some], at[some], texts)


def _joined(
    frames: Sequence[pa.Array], kinds: npt.NDArray[np.int64], at: npt.NDArray[np.int64], texts: Sequence[pa.Array]
) -> Sequence[bytes]:
    before, between, after = (frame.take(pa.array(kinds)) for frame in frames)
    time = pc.binary_replace_slice(pc.cast(pa.array(at, pa.timestamp("us")), pa.string()), 10, 11, "T")
    customer, evidence, guardian = texts
    parts = (before, time, "Z", between, customer, ',"evidence":', evidence, ',"guardian":', guardian, after)
    found: Sequence[bytes] = pc.cast(pc.binary_join_element_wise(*parts, ""), pa.binary()).to_pylist()
    return found


def _text(column: pa.Array) -> pa.Array:
    """A column of text as JSON; `null` for None."""
    if column.null_count == len(column):
        return pa.repeat("null", len(column))
    if pc.any(pc.match_substring_regex(column, _ESCAPED)).as_py():
        return pa.array(["null" if text is None else encode_basestring(text) for text in column.to_pylist()])
    return pc.fill_null(pc.binary_join_element_wise('"', column, '"', ""), "null")
