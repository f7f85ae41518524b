"""pycanon's count of published tables, in its own environment: a request comes as JSON, and so goes what it found.

Values are text, but for sensitive columns that the request calls `ordered`, which become numbers.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version

BEGAN = time.perf_counter()
import pandas as pd  # noqa: E402  (how long this takes is told apart)
from pycanon import anonymity  # noqa: E402

IMPORTS = time.perf_counter() - BEGAN


def counted(table: dict) -> dict:
    """k, and of each sensitive column l, exp of entropy cut to a whole number, and t."""
    names, ordered = table["identifiers"], table.get("ordered", [])
    data = pd.read_csv(table["published"], dtype=str, keep_default_na=False)
    for name in ordered:
        data[name] = pd.to_numeric(data[name])
    began = time.perf_counter()
    found: dict = {"k": int(anonymity.k_anonymity(data, names)), "sensitive": {}}
    for name in table.get("sensitive", []):
        found["sensitive"][name] = {
            "l": int(anonymity.l_diversity(data, names, [name])),
            "entropy": int(anonymity.entropy_l_diversity(data, names, [name])),
            "recursive": [float(each) for each in anonymity.recursive_c_l_diversity(data, names, [name])],
            "t": float(anonymity.t_closeness(data, names, [name])),
        }
    return {**found, "seconds": time.perf_counter() - began}


request = json.load(sys.stdin)
tables = [counted(table) for table in request["tables"]]
print(json.dumps({"tables": tables, "imports": IMPORTS, "version": version("pycanon")}))
