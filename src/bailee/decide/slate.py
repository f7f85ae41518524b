"""The codes of many customers for one purpose, while they are being worked out step by step."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bailee.decide.instants import NEVER, Times

Rows = npt.NDArray[np.intp]
Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


class Slate:
    """`open` are the rows that no step has refused yet; masks and values given to a step are in their order."""

    __slots__ = ("codes", "now", "open", "until")

    def __init__(self, codes: Bytes, until: Times, now: int, rows: Rows) -> None:
        self.codes, self.until, self.now, self.open = codes, until, now, rows

    @classmethod
    def blank(cls, count: int, now: int) -> Slate:
        """Nobody refused, for ever."""
        return cls(np.zeros(count, np.uint8), np.full(count, NEVER, np.int64), now, np.arange(count, dtype=np.intp))

    def copy(self) -> Slate:
        """One on which steps leave no trace here."""
        return Slate(self.codes.copy(), self.until.copy(), self.now, self.open)

    def part(self, mask: Mask) -> Slate:
        """Some of the open rows; steps on it write here, but these rows stay open here."""
        return Slate(self.codes, self.until, self.now, self.open[mask])

    def close(self, mask: Mask, code: int | Bytes) -> None:
        """Refuse these with a code, or each with its own."""
        if mask.any():
            self.codes[self.open[mask]] = code if isinstance(code, int) else code[mask]
            self.open = self.open[~mask]

    def past(self, when: Times) -> Mask:
        """Whether each instant has come; for those to come, standing lasts no longer than until then."""
        ahead = when > self.now
        if ahead.any():
            rows = self.open[ahead]
            self.until[rows] = np.minimum(self.until[rows], when[ahead])
        return ~ahead
