"""fairlearn's measures by group, in its own environment: decisions come as JSON, and so goes what it found."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version

from fairlearn.metrics import MetricFrame, count, demographic_parity_ratio, selection_rate


def measured(favoured: list[int], group: list[str]) -> dict:
    """By group how many and how often favoured, and the least over the most."""
    by = MetricFrame(
        metrics={"rate": selection_rate, "many": count}, y_true=favoured, y_pred=favoured, sensitive_features=group
    ).by_group
    return {
        "rate": {str(name): float(rate) for name, rate in by["rate"].items()},
        "many": {str(name): int(many) for name, many in by["many"].items()},
        "ratio": float(demographic_parity_ratio(favoured, favoured, sensitive_features=group)),
    }


request = json.load(sys.stdin)
print(json.dumps({"found": [measured(**each) for each in request["decisions"]], "version": version("fairlearn")}))
