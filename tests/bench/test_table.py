"""The table of what was measured says so where something was not."""

from __future__ import annotations

import math

from bench.figure import Figure
from bench.run import table


def test_what_was_not_measured_is_said() -> None:
    """A figure that could not be taken has no number, meets no bar and misses none, and says why."""
    rows = table(
        [
            Figure("taken", 41.1, "ms", "under 50", True, "41 to 60"),
            Figure("not", math.nan, "ms", "under 50", None, "no Chromium"),
        ]
    )
    assert rows.splitlines()[2:] == [
        "| taken | 41.1 | ms | under 50 | yes | 41 to 60 |",
        "| not | not measured | ms | under 50 |  | no Chromium |",
    ]
