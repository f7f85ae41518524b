"""Law 60. A trace finds the right release among twenty recipients after half the rows and half the columns are gone.

And it accuses nobody else, whatever rows and columns were dropped and however the rest was shuffled.
"""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bailee.deals.fingerprint import trace
from tests.deals.test_fingerprint import purchases, sent

TABLE = purchases(1500, seed=3).drop_columns(["quantity"])
TABLES, KNOWN = sent(TABLE)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 19), st.integers(0, 2**32 - 1))
def test_the_right_release_is_found(leaker: int, seed: int) -> None:
    """Any three of six columns are left, of which one at least is a number; half the rows, in any order."""
    random = np.random.default_rng(seed)
    rows = random.permutation(TABLE.num_rows)[: TABLE.num_rows // 2]
    columns = random.permutation(TABLE.column_names)[:3].tolist()
    left = TABLES[leaker].select(columns).take(rows)
    accused = [match.name for match in trace(left, KNOWN) if match.accused]
    assert [f"r{leaker}"] == accused
