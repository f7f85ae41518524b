"""What is wrong in a file that a person wants imported, counted in full and listed up to a point."""

from __future__ import annotations

from bailee.errors import ImportRejected, Problem

LISTED = 50
_SHOWN = 60


class Problems:
    """Problems of one file; lines and columns count from 1, in a Parquet file rows and columns do."""

    def __init__(self, file: str) -> None:
        self.file, self.count = file, 0
        self._listed: list[Problem] = []

    def add(self, line: int, column: int, message: str) -> None:
        """Note one problem."""
        self.count += 1
        self._listed.append(Problem(self.file, line, column, message))
        if len(self._listed) >= 100 * LISTED:
            self._listed = self._first()

    def raise_any(self) -> None:
        """Raise ImportRejected if there is a problem: the first are listed, the others counted."""
        if not self.count:
            return
        listed = self._first()
        more, last = self.count - len(listed), listed[-1]
        rest = [Problem(self.file, last.line, last.column, f"and {more:,} more")] if more else []
        raise ImportRejected([*listed, *rest])

    def _first(self) -> list[Problem]:
        return sorted(self._listed, key=lambda problem: (problem.line, problem.column))[:LISTED]


def shown(text: str) -> str:
    """A word of the file in backticks, cut short where it is long."""
    return f"`{text if len(text) <= _SHOWN else text[:_SHOWN] + '...'}`"
