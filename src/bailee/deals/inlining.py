"""Figures are released over tables of the data map alone; so a wanted question is written into what is asked of it.

`SELECT p.department .. FROM purchases p`, where `purchases` is a question over two tables, becomes a question that
joins them itself, with the same answer. What cannot be written so stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from bailee.deals.model import Asked, Deal, Wanted
from bailee.deals.narrowing import plain
from bailee.policy.model import Column, DataMap, Table
from bailee.policy.predicates import fold

if TYPE_CHECKING:
    from sqlglot import exp

_KEY = re.compile("[a-z][a-z0-9_]*")


class _Stays(Exception):
    """That a question cannot be written over tables."""


def over_tables(deal: Deal, datamap: DataMap) -> Deal:
    """The deal with tables of the map in place of wanted questions; itself where that cannot be."""
    if all(wanted.question is None for wanted in deal.wanted.values()):
        return deal
    try:
        asked = {key: _inlined(deal, each, datamap) for key, each in deal.asked.items()}
    except _Stays:
        return deal
    used: dict[str, list[str]] = {}
    for tree in asked.values():
        for table, columns in _used(tree, datamap).items():
            used[table] = list(dict.fromkeys([*used.get(table, []), *columns]))
    questions = {key: replace(deal.asked[key], question=tree.sql("duckdb")) for key, tree in asked.items()}
    return replace(deal, wanted={key: _wanted(datamap, key, columns) for key, columns in used.items()}, asked=questions)


def origins(wanted: Wanted, datamap: DataMap) -> dict[str, tuple[Table, Column]]:
    """The table and column of the map that each column of what is wanted comes from, as far as that is known."""
    if wanted.table is not None:
        table = datamap.tables.get(wanted.table)
        return {} if table is None else {name: (table, column) for name, column in table.columns.items()}
    from sqlglot import exp

    try:
        tree = _inner(wanted, "t", datamap)
    except _Stays:
        return {}
    homes = {node.alias_or_name: datamap.tables[node.name] for node in tree.find_all(exp.Table)}
    found = {}
    for node in tree.expressions:
        column = node.unalias()
        table = homes.get(column.table) if isinstance(column, exp.Column) else None
        spelt = {} if table is None else {fold(name): name for name in table.columns}
        if table is not None and fold(column.name) in spelt:
            found[node.alias_or_name] = table, table.columns[spelt[fold(column.name)]]
    return found


def _wanted(datamap: DataMap, key: str, used: list[str]) -> Wanted:
    table = datamap.tables[key]
    customer = table.subjects[0] if table.personal and len(table.subjects) == 1 else None
    names = [name for name in table.columns if name in used or name == customer]
    return Wanted(key, table=key, columns=tuple(names), customer=customer)


def _inlined(deal: Deal, asked: Asked, datamap: DataMap) -> exp.Select:
    """One question over the tables that its wanted questions read."""
    from sqlglot import exp

    tree = _block(asked.question, grouped=True)
    sources = {node.alias_or_name: node.name.lower() for node in tree.find_all(exp.Table)}
    by = {key.lower(): wanted for key, wanted in deal.wanted.items()}
    inner = {alias: _inner(by.get(key), alias, datamap) for alias, key in sources.items()}
    given = {alias: _outputs(each) for alias, each in inner.items()}
    names = [node.alias_or_name for node in tree.expressions]
    for column in list(tree.find_all(exp.Column)):
        column.replace(_meant(column, given))
    for place, name in enumerate(names):
        node = tree.expressions[place]
        if node.alias_or_name != name:
            tree.expressions[place].replace(exp.alias_(node.copy(), name))
    _joined(tree, inner)
    return tree


def _block(question: str, *, grouped: bool) -> exp.Select:
    """A question that is one block of inner joins, with groups or without any."""
    from sqlglot import exp

    tree = plain(question, grouped=grouped)
    if tree is None:
        raise _Stays
    for join in tree.args.get("joins") or []:
        words = {str(join.args.get(part) or "").upper() for part in ("side", "kind", "method")}
        if words - {"", "INNER"} or not join.args.get("on") or not isinstance(join.this, exp.Table):
            raise _Stays
    return tree.copy()


def _inner(wanted: Wanted | None, alias: str, datamap: DataMap) -> exp.Select:
    """What a table of an asked question stands for, its own tables named after the alias that it has there."""
    from sqlglot import exp

    if wanted is None or wanted.coarse:
        raise _Stays
    if wanted.table is not None:
        columns = [exp.column(name, table=alias) for name in wanted.columns]
        return exp.select(*columns).from_(exp.alias_(exp.to_table(wanted.table), alias, table=True))
    tree = _block(wanted.question or "", grouped=False)
    if tree.is_star:
        raise _Stays
    own = {node.alias_or_name.lower(): node for node in tree.find_all(exp.Table)}
    named = {name: alias if len(own) == 1 else f"{alias}_{name}" for name in own}
    for column in tree.find_all(exp.Column):
        home = column.table.lower() or (next(iter(own)) if len(own) == 1 else "")
        if home not in own:
            raise _Stays
        column.set("table", exp.to_identifier(named[home]))
    for name, node in own.items():
        table = datamap.tables.get(node.name) or datamap.tables.get(fold(node.name))
        if table is None or not _KEY.fullmatch(table.name):
            raise _Stays
        node.replace(exp.alias_(exp.to_table(table.name), named[name], table=True))
    return tree


def _outputs(inner: exp.Select) -> dict[str, exp.Expr]:
    return {node.alias_or_name.lower(): node.unalias() for node in inner.expressions}


def _meant(column: exp.Column, given: Mapping[str, Mapping[str, exp.Expr]]) -> exp.Expr:
    """What a column of the asked question is in the tables."""
    homes = [alias for alias in given if column.table.lower() in ("", alias.lower())]
    found = [given[alias][column.name.lower()] for alias in homes if column.name.lower() in given[alias]]
    if len(found) != 1:
        raise _Stays
    return found[0].copy()


def _joined(tree: exp.Select, inner: Mapping[str, exp.Select]) -> None:
    """Put the tables of each inner question, its joins and its conditions, in the place of its name."""
    from sqlglot import exp

    name = "from_" if "from_" in tree.args else "from"
    first = tree.args[name].this.alias_or_name
    tree.set(name, inner[first].args[name].copy())
    joins = [join.copy() for join in inner[first].args.get("joins") or []]
    for join in tree.args.get("joins") or []:
        each = inner[join.this.alias_or_name]
        made = join.copy()
        made.set("this", each.args[name].this.copy())
        joins += [made, *(own.copy() for own in each.args.get("joins") or [])]
    tree.set("joins", joins)
    for each in inner.values():
        where = each.args.get("where")
        if where is not None:
            tree.where(exp.paren(where.this.copy()), copy=False)


def _used(tree: exp.Select, datamap: DataMap) -> dict[str, list[str]]:
    """By table the columns that a question names, as the map spells them."""
    from sqlglot import exp

    homes = {node.alias_or_name: node.name for node in tree.find_all(exp.Table)}
    found: dict[str, list[str]] = {name: [] for name in homes.values()}
    for column in tree.find_all(exp.Column):
        table = datamap.tables[homes[column.table]]
        spelt = {fold(name): name for name in table.columns}
        if fold(column.name) not in spelt:
            raise _Stays
        found[table.name].append(spelt[fold(column.name)])
    return found
