"""One measured figure, and the way to take two side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple


class Figure(NamedTuple):
    """What was measured: name, value, unit, the bar in words, whether it was met, and the spread over the rounds."""

    name: str
    value: float
    unit: str
    bar: str | None = None
    met: bool | None = None
    spread: str | None = None


def interleaved(jobs: Mapping[str, Callable[[], object]], rounds: int = 5) -> dict[str, list[float]]:
    """Seconds of each job in each round; the jobs take turns, so that a noisy minute touches them all."""
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            began = time.perf_counter()
            job()
            taken[name].append(time.perf_counter() - began)
    return taken


def spread(seconds: list[float]) -> str:
    """The spread of a job's rounds, in milliseconds."""
    return f"{min(seconds) * 1e3:.3g} to {max(seconds) * 1e3:.3g} ms"
