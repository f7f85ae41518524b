"""Prints precision and recall by category, for `spec/discovery.md`: `python -m tests.deid.discovery.by_category`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from bailee.deid.discovery import Suggestion
from tests.deid.discovery.judging import DEGREES, right
from tests.deid.discovery.made import Truth

Told = Mapping[tuple[str, str], Suggestion]


def table(truths: Sequence[Truth], told: Told) -> list[str]:
    """A line a category: of its columns how many were rightly told at each degree or above, and how many wrongly."""
    lines = []
    for category in sorted({truth.category for truth in truths if truth.category is not None}):
        mine = [truth for truth in truths if truth.category == category]
        cells = []
        for count in range(1, len(DEGREES) + 1):
            degrees = DEGREES[:count]
            found = sum(
                right(truth, each.category) and each.confidence in degrees
                for truth in mine
                for each in [told[truth.table, truth.column]]
            )
            wrong = sum(
                told[t.table, t.column].category == category
                and told[t.table, t.column].confidence in degrees
                and not right(t, category)
                for t in truths
            )
            cells.append(f"{found}/{len(mine)}" + (f" ({wrong} wrong)" if wrong else ""))
        lines.append(f"| `{category}` | {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Judge every made table and print."""
    from bench.discovery import look_at
    from tests.deid.discovery import made

    for called, places in (("seen", made.SEEN), ("held out", made.HELD_OUT)):
        truths, told, _ = look_at(places)
        for informative in (True, False):
            mine = [truth for truth in truths if truth.informative == informative]
            sys.stdout.write("\n".join([f"{called}, {informative}:", *table(mine, told), ""]))


if __name__ == "__main__":
    main()
