"""Measure everything, print the table and write bench/RESULTS.md.

Each module beside this one has `rows()`, which measures and returns `Figure`s. Ratios are taken side by side in one
run, from the best of several interleaved rounds. `python bench/run.py sql points` measures only those.
"""

from __future__ import annotations

import importlib
import math
import os
import platform
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from bench.figure import Figure  # noqa: E402  (the path comes first, so that the script runs from anywhere)

#: In this order, when none is named.
MODULES = (
    "points",
    "feed",
    "rewrite",
    "sql",
    "column",
    "postgres",
    "imports",
    "ledger",
    "standing",
    "store",
    "engine",
    "startup",
    "serving",
    "gdprbench",
    "deid",
    "deals",
    "noise",
    "peers",
)
#: Run only when named.
ON_DEMAND = ("scale", "spark", "gdprgrowth", "discovery")
RELEVANT = ("duckdb", "sqlglot", "pyarrow", "numpy", "SQLAlchemy", "pydantic")


def measure(names: Iterable[str]) -> list[tuple[str, list[Figure]]]:
    """Run the named modules one after another and say how long each took."""
    found = []
    for name in names:
        sys.stderr.write(f"measuring {name} ...\n")
        began = time.perf_counter()
        # A process for each, so that the memory of one is no figure of another.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            found.append((name, alone.submit(figures, name).result()))
        sys.stderr.write(f"  {time.perf_counter() - began:.0f} s\n")
    return found


def figures(name: str) -> list[Figure]:
    """The figures of one module."""
    return [Figure(*row) for row in importlib.import_module(f"bench.{name}").rows()]


def table(rows: Iterable[Figure]) -> str:
    """Figures as a Markdown table."""
    head = "| what | figure | unit | bar | met | spread |\n|---|---:|---|---|---|---|\n"
    return head + "".join(
        f"| {f.name} | {_number(f.value)} | {f.unit} | {f.bar or ''} | {_met(f.met)} | {f.spread or ''} |\n"
        for f in rows
    )


def _number(value: float) -> str:
    if math.isnan(value):
        return "not measured"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _met(met: bool | None) -> str:
    return "" if met is None else "yes" if met else "**no**"


def machine() -> str:
    """What this was measured on."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0
    libraries = ", ".join(f"{name} {version(name)}" for name in RELEVANT)
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {pages / 2**30:.0f} GiB; "
        f"Python {platform.python_version()}; {libraries}"
    )


def main(arguments: list[str]) -> int:
    """Measure, print, write; status 1 if a bar is not met."""
    present = [name for name in MODULES if (HERE / f"{name}.py").exists()]
    unknown = sorted(set(arguments) - {*present, *ON_DEMAND})
    if unknown:
        told = ", ".join((*present, *ON_DEMAND))
        sys.stderr.write(f"no such measure: {', '.join(unknown)}; there are {told}\n")
        return 2
    found = measure(arguments or present)
    sections = "\n".join(
        f"## {name}\n\n{importlib.import_module(f'bench.{name}').__doc__}\n{table(f)}" for name, f in found
    )
    text = (
        "# Measured\n\nWritten by `make bench`; figures of one run on one machine, ratios within that run.\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}; {machine()}\n\n{sections}"
    )
    sys.stdout.write(text)
    if not arguments:
        (HERE / "RESULTS.md").write_text(text, encoding="utf-8")
    return 1 if any(figure.met is False for _, figures in found for figure in figures) else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
