"""How long the screen of a deal takes: the grocer's offer, a year of 1.47 million lines of 2,469 households.

Seconds of looking (through the gate, recorded), of each test that measures rows, and of the search for the nearest
version; each once, in the order of a screen.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import bailee
from bailee import examples
from bailee.deals import nearest
from bailee.deals.document import load_deal
from bailee.deals.finding import Screen, Test
from bailee.deals.gathering import gather
from bailee.deals.screen import found
from bailee.vocabulary import Actor
from bench.figure import Figure

NOW = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)
COUNSEL = Actor("counsel", roles=frozenset({"counsel", "privacy"}))
MOST = 60.0
_T = TypeVar("_T")


def rows() -> list[Figure]:
    """The offer that the example ships with."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "shop"
        examples.install("grocer", home, clock=lambda: NOW)
        return _screened(home)


def _screened(home: Path) -> list[Figure]:
    file = home / "deals" / "harbour-premiums.yaml"
    figures: list[Figure] = []
    with bailee.open(home) as gate:
        gate.clock = lambda: NOW
        deal = load_deal(file, gate.promise.policy)

        def timed(name: str, job: Callable[[], _T]) -> _T:
            began = time.perf_counter()
            done = job()
            figures.append(Figure(f"deal: {name}", time.perf_counter() - began, "s"))
            return done

        evidence = timed("looking", lambda: gather(gate, deal, actor=COUNSEL, seed=7, beside=file.parent)).evidence
        looks = [(f"test {test.number}, {test.value}", partial(found, test, evidence)) for test in Test]
        screened = Screen(deal, "", "", NOW, 7, tuple(timed(name, look) for name, look in looks))
        best = timed("nearest version", lambda: nearest.find(screened, evidence)).nearest
    whole = sum(figure.value for figure in figures)
    kept = best.kept if best else 0.0
    return [
        Figure("deal: whole screen", whole, "s", f"at most {MOST:.0f}", whole <= MOST),
        *figures,
        Figure("deal: kept by the nearest version", kept, "share", "above 0", kept > 0),
    ]
