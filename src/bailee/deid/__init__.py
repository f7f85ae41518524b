"""Safer values: what a table about people becomes before somebody else may have it.

Pure: counts come in as Arrow (`bailee.engines.duckdb.counting` makes them), and what leaves is a recoding, a mapping or
SQL. `spec/deid.md` says what each treatment promises, what it does not, and what attacks achieve.
"""

from __future__ import annotations

from bailee.deid.criteria import Promise
from bailee.deid.frequencies import Column, Frequencies
from bailee.deid.hierarchy import Hierarchy
from bailee.deid.lattice import FullDomain, full_domain
from bailee.deid.multidimensional import mondrian
from bailee.deid.recoding import Recoding, published
from bailee.deid.scales import Ranges, Sets, Tree
from bailee.errors import DeidError

__all__ = [
    "Column",
    "DeidError",
    "Frequencies",
    "FullDomain",
    "Hierarchy",
    "Promise",
    "Ranges",
    "Recoding",
    "Sets",
    "Tree",
    "full_domain",
    "mondrian",
    "published",
]
