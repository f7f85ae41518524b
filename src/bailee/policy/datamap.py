"""Reads `datamap.yaml` into a `DataMap`, or tells all that is wrong in it.

Names of tables and columns compare as DuckDB compares them, and come out as the map itself spells them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.errors import MapError, Problem
from bailee.policy import taxonomy
from bailee.policy.model import DataMap, Policy
from bailee.policy.predicates import fold

if TYPE_CHECKING:
    from bailee.policy.leaves import Words
    from bailee.policy.reader import Tree


def load_map(path: Path | str, policy: Policy | None = None) -> DataMap:
    """The data map in a file; MapError with every problem, each with its place."""
    from bailee.policy.reader import load

    try:
        return parse_map(load(path), Path(path).name, policy)
    except OSError as error:
        message = f"the data map cannot be read: {(error.strerror or 'unknown error').lower()}"
        raise MapError([Problem(str(path), 1, 1, message)]) from None


def parse_map(text: bytes | str, name: str = "datamap.yaml", policy: Policy | None = None) -> DataMap:
    """The data map in a text; MapError with every problem, each with its place in the file `name`.

    Categories and purposes are checked only with a policy at hand, since it may declare its own (`check_against`).
    """
    from bailee.policy.datamap_form import DataMapForm
    from bailee.policy.forms import filled
    from bailee.policy.map_tables import Tables
    from bailee.policy.reader import read

    tree = read(text, name)
    if tree.value is None and not tree.problems:
        tree.wrong((), "the file holds nothing, expected a data map")
    if tree.value is None:
        raise MapError(tree.told())
    form = filled(DataMapForm, _words(tree, policy))
    if form is None:
        raise MapError(tree.told())
    found = Tables(form, tree).datamap()
    if tree.problems:
        raise MapError(tree.told())
    return found


def _words(tree: Tree, policy: Policy | None) -> Words:
    from bailee.policy.leaves import Words

    if policy is None:
        return Words(tree)
    return Words(tree, categories=_categories(policy), purposes=frozenset(policy.purposes))


def _categories(policy: Policy) -> frozenset[str]:
    return taxonomy.categories() | frozenset(policy.categories)


def check_against(policy: Policy, datamap: DataMap, name: str = "datamap.yaml") -> tuple[Problem, ...]:
    """Every category and purpose of the map that the policy does not know."""
    found = []
    for path, kind, word in _named(datamap):
        known = _categories(policy) if kind == "category" else frozenset(policy.purposes)
        if word not in known:
            near = taxonomy.nearest(word, known)
            hint = f"; did you mean `{near}`?" if near else ""
            line = datamap.lines.get(path) or datamap.lines.get(path[:1]) or 1
            message = f"unknown {kind} `{word}` in `{'.'.join(path)}`: expected one that the policy knows{hint}"
            found.append(Problem(name, line, 1, message))
    return tuple(found)


def _named(datamap: DataMap) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Every category and purpose that the map names, with the path of the table or column that names it."""
    for table in datamap.tables.values():
        here: tuple[str, ...] = (table.name,)
        yield from ((here, "purpose", key) for key in sorted(table.only_for or ()))
        yield from ((here, "category", reveal.category) for reveal in table.reveals)
        for column in table.columns.values():
            yield from (((*here, column.name), "purpose", key) for key in sorted(column.only_for or ()))
            yield from (((*here, column.name), "category", key) for key in column.categories)


def find(datamap: DataMap, name: str) -> str | None:
    """The map's own spelling of a table's name, or None."""
    return next((table for table in datamap.tables if fold(table) == fold(name)), None)
