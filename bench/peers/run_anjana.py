"""anjana's full-domain recoding of a CSV, in its own environment: a request comes as JSON, and so goes what it took.

Hierarchies are the rows of their files, so that it looks a value up among a column's different values and not among
all rows, as its README would have it: that is what it is fastest with.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from importlib.metadata import version

BEGAN = time.perf_counter()
import pandas as pd  # noqa: E402  (how long this takes is told apart)
from anjana.anonymity import k_anonymity, l_diversity, t_closeness  # noqa: E402

IMPORTS = time.perf_counter() - BEGAN


def hierarchy(path: str, present: set[str]) -> dict[int, list[str]]:
    """By level, what each value that occurs becomes; level 0 is the value."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123  (as plain as its peers' own examples)
        rows = [row for row in csv.reader(file, delimiter=";") if row[0] in present]
    return {level: list(labels) for level, labels in enumerate(zip(*rows, strict=True))}


def anonymised(data: pd.DataFrame, request: dict) -> tuple[pd.DataFrame, float]:
    """What anjana publishes, and the seconds of that."""
    names, k, most = request["identifiers"], request["k"], request["suppressed"] * 100
    made = {name: hierarchy(path, set(data[name])) for name, path in request["hierarchies"].items()}
    began = time.perf_counter()
    if request.get("t") is not None:
        found = t_closeness(data, [], names, request["sensitive"], k, request["t"], most, made)
    elif request.get("l") is not None:
        found = l_diversity(data, [], names, request["sensitive"], k, request["l"], most, made)
    else:
        found = k_anonymity(data, [], names, k, most, made)
    return found, time.perf_counter() - began


request = json.load(sys.stdin)
data = pd.read_csv(request["raw"], dtype=str, keep_default_na=False)
found, seconds = anonymised(data, request)
kept = ["row", *request["identifiers"], *([request["sensitive"]] if "sensitive" in request else [])]
(found[kept] if len(found) else data[kept].head(0)).to_csv(request["published"], index=False)
print(json.dumps({"seconds": seconds, "imports": IMPORTS, "version": version("anjana")}))
