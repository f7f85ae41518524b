"""GDPRbench from 100,000 records to a million: what an operation takes as they grow, with Bailee and without.

Not part of `make bench`, because it takes many minutes: `python bench/run.py gdprgrowth`. The customers stay 10,000, so
each has a hundred records at the end, and a purpose 40,000: what reads or changes all of either grows in every store,
but where it is said once. See `gdprbench` for the stores and what they agree on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from bench.figure import Figure
from bench.gdpr_records import MIXES, Shape
from bench.gdprbench import BAILEE, PLAIN, run, started

#: Records, and the operations of each workload on them.
SIZES = tuple(int(size) for size in os.environ.get("BAILEE_BENCH_GDPR_SIZES", "100_000 300_000 1_000_000").split())
OPERATIONS = 2_000


def rows() -> Iterable[Figure]:
    """Milliseconds an operation at each size, and how much more than at the first."""
    with started() as cluster:
        for workload in MIXES:
            first: dict[str, float] = {}
            for size in SIZES:
                done = run(cluster, workload, Shape(size, OPERATIONS), names=(PLAIN, BAILEE))
                for name in (PLAIN, BAILEE):
                    each = done.seconds[name] / done.done * 1e3
                    grown = each / first.setdefault(name, each)
                    told = f"{workload}, {size:,} records: {name}"
                    yield Figure(told, each, "ms an operation", spread=f"{grown:.3g} x the first size")
                ratio = done.seconds[BAILEE] / done.seconds[PLAIN]
                yield Figure(
                    f"{workload}, {size:,} records: Bailee against indexed",
                    ratio,
                    "x",
                    spread=f"{done.done:,} operations done",
                )


if __name__ == "__main__":
    for figure in rows():
        print(figure)
