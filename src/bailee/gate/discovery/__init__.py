"""Finding personal data that the data map does not know: looked at in the engine, recorded, and told without a value.

`discovering` is the look and `recording` its record,
`scanning` what it asks the engine, `relating` whose rows are whose, `drafting` and `merging` the
data map that comes of it, and `unmapped` the cheap part that `bailee check` does.
"""

from __future__ import annotations

#: Values of a column that are looked at one by one, and notes that are searched, unless more are asked for.
SAMPLE, MOST_SAMPLED = 2_000, 100_000
