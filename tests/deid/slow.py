"""Slow and obvious definitions, on rows of plain Python, to hold the fast ones against."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import product
from math import exp, log
from typing import Any

import pyarrow as pa

from bailee.deid import Frequencies
from bailee.deid.hierarchy import Hierarchy, texts

Row = tuple[Any, ...]


def table(rows: Sequence[Row], identifiers: Sequence[str], sensitive: Sequence[str] = ()) -> pa.Table:
    """Rows as an Arrow table."""
    names = [*identifiers, *sensitive]
    return pa.table({name: [row[place] for row in rows] for place, name in enumerate(names)})


def frequencies(raw: pa.Table, identifiers: Sequence[str], sensitive: Sequence[str] = ()) -> Frequencies:
    """Count by a dictionary."""
    names = [*identifiers, *sensitive]
    counts = Counter(zip(*(raw[name].to_pylist() for name in names), strict=True))
    columns = {name: pa.array([row[i] for row in counts], raw.schema.field(name).type) for i, name in enumerate(names)}
    counted = pa.table({**columns, "rows": pa.array(list(counts.values()), pa.int64())})
    return Frequencies.from_arrow(counted, identifiers, sensitive)


def classes(published: pa.Table, identifiers: Sequence[str]) -> dict[Row, list[int]]:
    """The rows of each class, by what is published."""
    found: dict[Row, list[int]] = defaultdict(list)
    for place, key in enumerate(zip(*(published[name].to_pylist() for name in identifiers), strict=True)):
        found[key].append(place)
    return found


def smallest(published: pa.Table, identifiers: Sequence[str]) -> int:
    """k."""
    return min(map(len, classes(published, identifiers).values()))


def spread(published: pa.Table, identifiers: Sequence[str], sensitive: str, whole: Sequence[Any]) -> dict[str, Any]:
    """The worst of every class: values, exp of entropy, commonest over rest for l = 2, and both distances."""
    values = published[sensitive].to_pylist()
    order = sorted(set(whole), key=lambda value: (value is None, value))
    everybody = Counter(whole)
    worst: dict[str, list[Any]] = defaultdict(list)
    for members in classes(published, identifiers).values():
        counts = Counter(values[place] for place in members)
        shares = {value: count / len(members) for value, count in counts.items()}
        falling = sorted(counts.values(), reverse=True)
        off = [shares.get(value, 0) - everybody[value] / len(whole) for value in order]
        worst["distinct"].append(len(counts))
        worst["entropy"].append(exp(-sum(share * log(share) for share in shares.values())))
        worst["recursive"].append(falling[0] / sum(falling[1:]) if len(falling) > 1 else None)
        worst["t_equal"].append(sum(map(abs, off)) / 2)
        worst["t_ordered"].append(sum(abs(sum(off[: i + 1])) for i in range(len(off) - 1)) / max(len(off) - 1, 1))
    ratios = worst["recursive"]
    return {
        "distinct": min(worst["distinct"]),
        "entropy": min(worst["entropy"]),
        "recursive": None if None in ratios else max(ratios),
        "t_equal": max(worst["t_equal"]),
        "t_ordered": max(worst["t_ordered"]),
    }


def best_node(
    raw: pa.Table, hierarchies: Mapping[str, Hierarchy], k: int, limit: float, distinct: int = 1, sensitive: str = ""
) -> float:
    """The least GCP over every node of the lattice, by trying all; infinite where none keeps the promise."""
    names = list(hierarchies)
    best = float("inf")
    leaves = {name: {value: i for i, value in enumerate(h.labels[0])} for name, h in hierarchies.items()}
    rows = list(
        zip(*([leaves[name][text] for text in texts(raw[name].combine_chunks())] for name in names), strict=True)
    )
    values = raw[sensitive].to_pylist() if sensitive else [None] * len(rows)
    for node in product(*(range(h.height + 1) for h in hierarchies.values())):
        members: dict[Row, list[int]] = defaultdict(list)
        for place, row in enumerate(rows):
            key = tuple(int(hierarchies[n].up[level][leaf]) for n, level, leaf in zip(names, node, row, strict=True))
            members[key].append(place)
        total = gone = 0.0
        for key, places in members.items():
            if len(places) < k or len({values[place] for place in places}) < distinct:
                gone += len(places)
                total += len(places) * len(names)
            else:
                losses = (
                    float(hierarchies[n].losses(level)[at]) for n, level, at in zip(names, node, key, strict=True)
                )
                total += len(places) * sum(losses)
        if gone <= limit * len(rows):
            best = min(best, total / max(len(rows) * len(names), 1))
    return best
