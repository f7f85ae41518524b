"""`bailee ask` as a fresh process on the grocer's workspace, from the shell's view: start, answer, record, end.

The workspace is made once from the demo's data. `imports` is what the main process spends on loading each library, one
alone in a fresh interpreter, less that of an empty one; the engine's worker starts meanwhile on another core.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from bench.figure import Figure

HOME = Path("/tmp/bailee-bench/grocer")
ROUNDS = 7
QUESTIONS = {
    "a count": "SELECT count(*) AS lines FROM transactions",
    "sales by department": "SELECT p.department, count(*) AS lines, sum(t.sales_value) AS sales FROM transactions t "
    "JOIN products p USING (product_id) GROUP BY p.department ORDER BY sales DESC LIMIT 5",
}
USE = ("--purpose", "personal_offers", "--role", "marketing", "--as", "ana")
LIBRARIES = ("bailee", "bailee.cli.app", "sqlalchemy", "numpy", "pyarrow", "sqlglot", "bailee.gate.gate")


def rows() -> Iterable[Figure]:
    """Seconds of whole commands, then of imports."""
    if not (HOME / "state.db").exists():
        _bailee("init", str(HOME), "--example", "grocer")
    found = []
    for name, question in QUESTIONS.items():
        taken = [_bailee("ask", question, *USE) for _ in range(ROUNDS)]
        best = min(taken)
        found.append(Figure(f"bailee ask, {name}", best, "s", "under 1", best < 1, f"{best:.2f} to {max(taken):.2f}"))
    help_ = [_bailee("--help") for _ in range(ROUNDS)]
    found.append(Figure("bailee --help", min(help_), "s", None, None, f"{min(help_):.2f} to {max(help_):.2f}"))
    empty = min(_python("pass") for _ in range(ROUNDS))
    for library in LIBRARIES:
        taken = [_python(f"import {library}") for _ in range(ROUNDS)]
        found.append(Figure(f"imports: {library} alone", (min(taken) - empty) * 1e3, "ms"))
    return found


def _bailee(*arguments: str) -> float:
    return _run([sys.executable, "-m", "bailee", *arguments])


def _python(code: str) -> float:
    return _run([sys.executable, "-c", code])


def _run(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"BAILEE_HOME": str(HOME)})
    return time.perf_counter() - began
