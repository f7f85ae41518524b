"""DuckDB without Bailee, in a process set up like the engine's worker: what governed questions are compared with.

`python plain.py FILE THREADS MEMORY_KIB` reads one JSON line for each statement and answers with one: the seconds from
a fresh cursor to the whole Arrow answer, and its rows as text where they are asked for.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any


class Plain:
    """The process, as the benchmarks use it."""

    def __init__(self, path: Path, threads: int, memory_bytes: int) -> None:
        environment = os.environ | {"MALLOC_ARENA_MAX": "2", "ARROW_DEFAULT_MEMORY_POOL": "system"}
        command = [sys.executable, "-P", __file__, str(path), str(threads), str(memory_bytes // 1024)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def __enter__(self) -> Plain:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.communicate()

    def seconds(self, sql: str) -> float:
        """How long a statement takes there."""
        return float(self._ask(sql, rows=False)["seconds"])

    def rows(self, sql: str) -> list[str]:
        """The rows of a statement as text, sorted."""
        return sorted(self._ask(sql, rows=True)["rows"])

    def _ask(self, sql: str, *, rows: bool) -> dict[str, Any]:
        print(json.dumps({"sql": sql, "rows": rows}), file=self.process.stdin, flush=True)
        assert self.process.stdout is not None
        reply: dict[str, Any] = json.loads(self.process.stdout.readline())
        return reply


def serve(path: str, threads: str, memory_kib: str) -> None:
    """Answer statements until the parent goes away."""
    sys.modules["numpy"] = None  # type: ignore[assignment]  # as in the worker
    import duckdb

    con = duckdb.connect(":memory:", config={"threads": threads, "memory_limit": f"{memory_kib}KiB"})
    con.execute("ATTACH '" + path.replace("'", "''") + "' AS company (READ_ONLY)")
    con.execute("SET GLOBAL TimeZone = 'UTC'")
    for line in sys.stdin:
        asked = json.loads(line)
        began = time.perf_counter()
        cursor = con.cursor()
        found = cursor.sql(asked["sql"])
        table = None if found is None else found.to_arrow_table()
        cursor.close()
        reply: dict[str, Any] = {"seconds": time.perf_counter() - began, "rows": []}
        if asked["rows"] and table is not None:
            reply["rows"] = [repr(tuple(row.values())) for row in table.to_pylist()]
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    serve(*sys.argv[1:])
