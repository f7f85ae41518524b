"""Finding personal data that the data map does not know: looked at in the engine, recorded, and told without a value.

`discovering` is the look, `found` what it finds and `recording` its record; `scanning` asks the engine, `searching`
reads notes, `relating` finds whose rows are whose, `drafting` and `merging` write the data map that comes of it, and
`unmapped` is the cheap part that `bailee check` does.
"""

from __future__ import annotations

#: Rows that are looked at one by one, and notes that are searched, unless more are asked for.
SAMPLE = 2_000
