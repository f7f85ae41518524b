"""DuckDB behind a process that can be killed: the embedded warehouse or any DuckDB file, opened read-only."""

from __future__ import annotations

from bailee.engines.duckdb.engine import DuckDB

__all__ = ["DuckDB"]
