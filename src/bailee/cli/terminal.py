"""Text that is safe and legible on a terminal: control characters made visible, widths counted, tables fitted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

#: C0, DEL and C1 drive a terminal; line separators break lines; the others reorder or hide what is beside them.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_GAP = "  "
_LEAST = 6


def plain(text: str) -> str:
    r"""The text with everything that could drive a terminal or hide in it written out, as in `\x1b`."""
    return _UNSAFE.sub(lambda found: _written(found[0]), text)


def plain_lines(text: str) -> str:
    """The same for a text of several lines, which stay lines."""
    return "\n".join(plain(line.expandtabs(4)) for line in text.split("\n"))


def _written(character: str) -> str:
    return {"\n": r"\n", "\r": r"\r", "\t": r"\t"}.get(character) or (
        f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\u{ord(character):04x}"
    )


def width(text: str) -> int:
    """How many cells of a terminal the text takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def fitted(text: str, cells: int, *, right: bool = False) -> str:
    """The text in exactly so many cells: filled with blanks, or cut with an ellipsis at its end."""
    taken = width(text)
    if taken > cells:
        text, taken = _cut(text, cells)
    blanks = " " * (cells - taken)
    return blanks + text if right else text + blanks


def _cut(text: str, cells: int) -> tuple[str, int]:
    kept, taken = "", 1
    for character in text:
        taken += _cells(character)
        if taken > cells:
            taken -= _cells(character)
            break
        kept += character
    return kept + "…", taken


def table(
    names: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[bool], firm: Sequence[bool], columns: int
) -> tuple[list[str], int]:
    """Lines of a table that is at most `columns` cells wide, and how many of its last columns did not fit.

    Numbers stand on the `right`. What is `firm` is never cut, as a cut number is another number; of the rest the widest
    gives way first.
    """
    cells = [[plain(name) for name in names], *([plain(cell) for cell in row] for row in rows)]
    widths = [max(width(row[i]) for row in cells) for i in range(len(names))]
    shown = _narrowed(widths, firm, columns)
    wide = widths[:shown]
    lines = [_line(row[:shown], wide, right) for row in cells]
    lines.insert(1, _GAP.join("─" * cell for cell in wide))
    return lines, len(names) - shown


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    fit = (fitted(cell, cells, right=side) for cell, cells, side in zip(row, widths, right, strict=False))
    return _GAP.join(fit).rstrip()


def _narrowed(widths: list[int], firm: Sequence[bool], columns: int) -> int:
    """Narrow the widest texts in place until all fit; how many columns do."""
    for shown in range(len(widths), 0, -1):
        spare = columns - len(_GAP) * (shown - 1) - sum(widths[:shown])
        least = [widths[i] if firm[i] else min(widths[i], _LEAST) for i in range(shown)]
        if spare >= 0:
            return shown
        if sum(widths[:shown]) + spare >= sum(least) or shown == 1:
            _give_way(widths, least, -spare)
            return shown
    return 0


def _give_way(widths: list[int], least: Sequence[int], cells: int) -> None:
    for _ in range(cells):
        widest = max(range(len(least)), key=lambda i: widths[i] - least[i])
        if widths[widest] <= least[widest]:
            return
        widths[widest] -= 1


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 row`, `1,469,307 rows`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
