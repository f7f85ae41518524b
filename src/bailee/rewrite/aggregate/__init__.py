"""Questions about groups: keys and aggregates move into a guarded, fenced view, and the rest runs on what survived.

HAVING alone protects nobody: FILTER, CASE, arithmetic, ORDER BY and nested counts each give one person's total away.
So the question must be one block of inner joins over the same customers, its aggregates are `count`, `sum`, `avg`,
`stddev` and `variance` of columns or their products, and a group is shown only if every set of rows that its
aggregates can tell apart holds at least `min_group` customers.
"""

from __future__ import annotations

from bailee.rewrite.aggregate.rewriting import rewrite

__all__ = ["rewrite"]
