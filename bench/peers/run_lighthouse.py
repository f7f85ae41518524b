"""Core Mondrian of project-lighthouse-anonymize, and its measures of loss, in its own environment.

A request comes as JSON, and so goes what it took. A node of a hierarchy is as large as the number of values that occur
under it (none where that is one), which is how the loss is measured afterwards, and serves it better than its own
default, a power of ten a level. Columns without a hierarchy are numbers, or get its own, which is flat.
"""

from __future__ import annotations

import csv
import json
import logging
import sys
import time
from importlib.metadata import version

BEGAN = time.perf_counter()
import pandas as pd  # noqa: E402  (how long this takes is told apart)
from project_lighthouse_anonymize import k_anonymize  # noqa: E402
from project_lighthouse_anonymize.data_quality_metrics.misc import (  # noqa: E402
    compute_average_equivalence_class_metric,
    compute_discernibility_metric,
)
from project_lighthouse_anonymize.data_quality_metrics.rilm_ilm import (  # noqa: E402
    compute_average_information_loss_metric,
    compute_revised_information_loss_metric,
)
from project_lighthouse_anonymize.gtrees import GTree  # noqa: E402
from project_lighthouse_anonymize.utils import (  # noqa: E402
    AnonymizeCallbacks,
    get_non_suppressed_records,
    get_suppressed_records,
)

IMPORTS = time.perf_counter() - BEGAN
ROW = "row"


def tree(path: str, present: set[str]) -> GTree:
    """The hierarchy over the values that occur."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123  (as plain as its peers' own examples)
        rows = [row for row in csv.reader(file, delimiter=";") if row[0] in present]
    under: dict[tuple[str, ...], int] = {}
    for row in rows:
        for level in range(len(row)):
            under[tuple(row[level:])] = under.get(tuple(row[level:]), 0) + 1
    made, nodes = GTree(), {}
    for path_up in sorted(under, key=len):
        size = under[path_up] if under[path_up] > 1 else 0
        nodes[path_up] = made.create_node(path_up[0], parent=nodes.get(path_up[1:]), geometric_size=size)
    made.update_highest_node_with_value_if()
    return made


def read(path: str, numbers: list[str]) -> pd.DataFrame:
    """A table of text, some of it numbers."""
    data = pd.read_csv(path, dtype=str, keep_default_na=False)
    for name in [ROW, *numbers]:
        data[name] = data[name].astype(float if name != ROW else int)
    return data


def anonymised(data: pd.DataFrame, request: dict) -> dict:
    """Write what it publishes; seconds of cutting, without and with its own measures of quality."""
    names = request["identifiers"]
    trees = {name: tree(path, set(data[name])) for name, path in request["hierarchies"].items()}
    laps, log = AnonymizeCallbacks(), logging.getLogger("lighthouse")
    log.setLevel(logging.ERROR)
    began = time.perf_counter()
    found, _, _ = k_anonymize(
        log, data, names, request["k"], trees, ROW, parallelism=request["processes"], anonymize_callbacks=laps
    )
    whole = time.perf_counter() - began
    found[[ROW, *names]].to_csv(request["published"], index=False)
    return {"seconds": laps.timestamps["anonymize_am"] - laps.timestamps["anonymize_bm"], "whole": whole}


def measured(data: pd.DataFrame, request: dict) -> dict:
    """Its measures of a table that somebody else published: of columns along a hierarchy, and of numbers."""
    names = request["identifiers"]
    trees = {name: tree(path, set(data[name])) for name, path in request["hierarchies"].items()}
    published = read(request["published"], [])[[ROW, *names]]
    kept = get_non_suppressed_records(data[[ROW, *names]], published, ROW, "_raw", "_published")
    gone = get_suppressed_records(data[[ROW, *names]], published, ROW, set(), "_raw", "_published")
    numbers, categories = compute_revised_information_loss_metric(kept, names, trees, "_raw", "_published")
    return {
        "numbers": numbers,
        "categories": categories,
        "average": compute_average_information_loss_metric(kept, names, "_raw", "_published"),
        "discernibility": compute_discernibility_metric(kept, gone, names, ROW, "_raw", "_published"),
        "class": compute_average_equivalence_class_metric(kept, names, "_published"),
    }


if __name__ == "__main__":  # it starts processes of its own, which import this file
    request = json.load(sys.stdin)
    data = read(request["raw"], request.get("numbers", []))
    told = measured(data, request) if request.get("measure") else anonymised(data, request)
    print(json.dumps({**told, "imports": IMPORTS, "version": version("project-lighthouse-anonymize")}))
