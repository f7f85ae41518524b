"""What differs between the engines that a question may run on: one frozen `Dialect` each, in a file of its own."""

from __future__ import annotations

from bailee.rewrite.dialects.dialect import Dialect, Recursion, fold
from bailee.rewrite.dialects.duckdb import DUCKDB

__all__ = ["DUCKDB", "Dialect", "Recursion", "fold", "named"]


def named(name: str) -> Dialect:
    """The dialect that an engine says it speaks; ValueError for one that nothing here speaks."""
    if name == "duckdb":
        return DUCKDB
    if name == "postgres":
        from bailee.rewrite.dialects.postgres import POSTGRES

        return POSTGRES
    if name == "spark":
        from bailee.rewrite.dialects.spark import SPARK

        return SPARK
    raise ValueError(f"the engine speaks `{name}`: expected duckdb, postgres or spark")
