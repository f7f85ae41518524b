"""Which columns of an answer are surely money, and in which currency: by the data map, along the question itself.

Nothing depends on it but how a page writes a figure. So whatever is not understood is no money: a figure without its
sign is no lie, and one with the wrong sign is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bailee.errors import Refused
from bailee.policy.model import Column, DataMap, Table
from bailee.rewrite.closed_world import parse
from bailee.rewrite.dialects import Dialect
from bailee.rewrite.tokens import scan

if TYPE_CHECKING:
    from sqlglot import exp

#: What gives back one of the values that it is given, or their sum, mean or spread.
_KEEPS = (
    *(
        "Sum",
        "Avg",
        "Min",
        "Max",
        "Median",
        "AnyValue",
        "First",
        "Last",
        "Quantile",
        "PercentileCont",
        "PercentileDisc",
    ),
    *(
        "Stddev",
        "StddevPop",
        "StddevSamp",
        "Abs",
        "Round",
        "Ceil",
        "Floor",
        "Neg",
        "Paren",
        "Alias",
        "Filter",
        "Window",
    ),
    *("Cast", "TryCast", "Nullif"),
)
_ONE_OF = ("Coalesce", "Greatest", "Least")


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a value is: money in a `currency`, a plain number, or, as None in its place, nobody knows."""

    currency: str | None = None


_NUMBER = _Kind()
_Known = _Kind | None
#: The columns of a table, a CTE or a query in FROM, in order; a name is None where the engine makes one up.
_Columns = Sequence[tuple[str | None, _Known]]


@dataclass(frozen=True, slots=True)
class _Star:
    """What `*` may stand for, by name: how many columns it is, only the engine knows."""

    named: Mapping[str, _Known]


_Item = tuple[str | None, _Known] | _Star


def currencies(
    question: str, datamap: DataMap, tables: Sequence[str], dialect: Dialect, names: Sequence[str]
) -> tuple[str | None, ...]:
    """The currency of each column of an answer, `names` in its order, or None.

    `tables` are those of the map that the question names.
    """
    nothing = (None,) * len(names)
    known = [datamap.tables[name] for name in tables if name in datamap.tables]
    if not any(column.currency for table in known for column in table.columns.values()):
        return nothing
    try:
        tree = parse(question, scan(question, dialect), dialect)
    except Refused:
        return nothing
    found = _Reader(known, dialect).query(tree, {})
    return nothing if found is None else _laid(found, names, dialect)


def _laid(found: Sequence[_Item], names: Sequence[str], dialect: Dialect) -> tuple[str | None, ...]:
    """What was found, laid over the columns that came."""
    stars = [place for place, each in enumerate(found) if isinstance(each, _Star)]
    if len(stars) > 1 or (not stars and len(found) != len(names)):
        return (None,) * len(names)
    kinds: list[_Known] = []
    for each in found:
        if isinstance(each, _Star):
            width = len(names) - len(found) + 1
            kinds += [each.named.get(dialect.stored(name)) for name in names[len(kinds) : len(kinds) + max(width, 0)]]
        else:
            kinds.append(each[1])
    if len(kinds) != len(names):
        return (None,) * len(names)
    return tuple(None if kind is None else kind.currency for kind in kinds)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads queries over some tables of the map."""

    tables: Sequence[Table]
    dialect: Dialect

    def query(self, node: exp.Expr, outer: Mapping[str, _Columns | None]) -> list[_Item] | None:
        """The columns of a query; None for one that is not understood. `outer` are the CTEs in sight."""
        from sqlglot import exp

        ctes = self._ctes(node, outer)
        if isinstance(node, exp.Subquery):
            return None if node.args.get("pivots") else self.query(node.this, ctes)
        if isinstance(node, exp.SetOperation):
            return _both(self.query(node.this, ctes), self.query(node.expression, ctes))
        if not isinstance(node, exp.Select):
            return None
        sources = dict(self._sources(node, ctes))
        found: list[_Item] = []
        for each in node.expressions:
            star = self._star(each, sources)
            name = self.dialect.stored(each.alias_or_name) if each.alias_or_name else None
            found.append((name, self.kind(each, sources)) if star is None else star)
        return found

    def _ctes(self, node: exp.Expr, outer: Mapping[str, _Columns | None]) -> Mapping[str, _Columns | None]:
        with_, found = node.args.get("with_"), dict(outer)
        if with_ is None:
            return found
        for cte in with_.expressions:
            name = self.dialect.named(cte.args["alias"].this)
            plain = not with_.args.get("recursive") and not cte.args["alias"].args.get("columns")
            found[name] = _columns(self.query(cte.this, found)) if plain else None
        return found

    def _sources(self, select: exp.Expr, ctes: Mapping[str, _Columns | None]) -> Iterator[tuple[str, _Columns | None]]:
        """What is in FROM, by the name that its columns may be qualified with; None for what is not understood."""
        from sqlglot import exp

        from_ = select.args.get("from_")
        nodes = [from_.this] if from_ is not None else []
        nodes += [join.this for join in select.args.get("joins") or ()]
        nodes += select.args.get("laterals") or ()
        for number, node in enumerate(nodes):
            alias = node.args.get("alias")
            own = alias.this if alias is not None else None
            renamed = alias is not None and alias.args.get("columns")
            if renamed or node.args.get("pivots") or node.args.get("joins"):
                yield f" {number}", None
            elif isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
                yield self.dialect.named(own if own is not None else node.this), self._table(node, ctes)
            elif isinstance(node, exp.Subquery):
                yield self.dialect.named(own) if own is not None else f" {number}", _columns(self.query(node, ctes))
            else:
                yield f" {number}", None

    def _table(self, node: exp.Table, ctes: Mapping[str, _Columns | None]) -> _Columns | None:
        name = self.dialect.named(node.this)
        if name in ctes and not node.args.get("db"):
            return ctes[name]
        same = [each for each in self.tables if self.dialect.stored(each.name.rpartition(".")[2]) == name]
        if len(same) != 1:
            return None
        return [(self.dialect.stored(each.name), _of(each)) for each in same[0].columns.values()]

    def _star(self, node: exp.Expr, sources: Mapping[str, _Columns | None]) -> _Star | None:
        """What a `*` stands for; None for anything else."""
        from sqlglot import exp

        star = node.this if isinstance(node, exp.Column) else node
        if not isinstance(star, exp.Star):
            return None
        if star.args.get("replace") or star.args.get("rename") or None in sources.values():
            return _Star({})
        of = self.dialect.named(node.args["table"]) if isinstance(node, exp.Column) and node.args.get("table") else None
        listed = [columns for name, columns in sources.items() if columns is not None and of in (None, name)]
        return _Star(_agreed(listed))

    def kind(self, node: exp.Expr, sources: Mapping[str, _Columns | None]) -> _Known:
        """What an expression is."""
        from sqlglot import exp

        def of(each: exp.Expr) -> _Known:
            return self.kind(each, sources)

        name = type(node).__name__
        if isinstance(node, exp.Column):
            return self._column(node, sources)
        # A number that somebody wrote may be a rate, so money times it is not said to be money.
        if isinstance(node, exp.Count):
            return _NUMBER
        if name in _KEEPS:
            return of(node.this)
        if isinstance(node, exp.Distinct) and len(node.expressions) == 1:
            return of(node.expressions[0])
        if name in _ONE_OF:
            return _same([of(each) for each in (node.this, *node.expressions) if not _is_nothing(each)])
        if isinstance(node, exp.Case):
            ends = [each.args["true"] for each in node.args["ifs"]]
            other = node.args.get("default")
            return _same(
                [of(each) for each in (*ends, *([other] if other is not None else [])) if not _is_nothing(each)]
            )
        if isinstance(node, exp.Add | exp.Sub):
            return _same([of(node.this), of(node.expression)])
        if isinstance(node, exp.Mul):
            return _product(of(node.this), of(node.expression))
        if isinstance(node, exp.Div):
            return of(node.this) if of(node.expression) == _NUMBER else None
        return None

    def _column(self, node: exp.Column, sources: Mapping[str, _Columns | None]) -> _Known:
        name, table = self.dialect.named(node.this), node.args.get("table")
        if table is not None:
            columns = sources.get(self.dialect.named(table))
            return None if columns is None else _agreed([columns]).get(name)
        listed = [columns for columns in sources.values() if columns is not None]
        return _agreed(listed).get(name)


def _of(column: Column) -> _Known:
    if column.currency is not None:
        return _Kind(column.currency)
    # An amount of something else, such as a quantity; any other number may be a rate between currencies.
    return _NUMBER if column.measure else None


def _columns(found: Sequence[_Item] | None) -> _Columns | None:
    """The columns of a query by name, those of its `*` too."""
    if found is None:
        return None
    columns: list[tuple[str | None, _Known]] = []
    for each in found:
        columns += [*each.named.items()] if isinstance(each, _Star) else [each]
    return columns


def _agreed(listed: Sequence[_Columns]) -> dict[str, _Known]:
    """Columns by name; where two of a name differ, nobody knows which is meant."""
    found: dict[str, _Known] = {}
    for name, kind in (each for columns in listed for each in columns):
        if name is not None:
            found[name] = kind if found.setdefault(name, kind) == kind else None
    return found


def _both(left: list[_Item] | None, right: list[_Item] | None) -> list[_Item] | None:
    """The columns of a UNION and the like: what both sides say."""
    if left is None or right is None or len(left) != len(right):
        return None
    found: list[_Item] = []
    for one, other in zip(left, right, strict=True):
        if isinstance(one, _Star) or isinstance(other, _Star):
            return None
        found.append((one[0], _same([one[1], other[1]])))
    return found


def _same(kinds: Sequence[_Known]) -> _Known:
    return kinds[0] if kinds and all(each == kinds[0] for each in kinds) else None


def _product(one: _Known, other: _Known) -> _Known:
    """Money times a number is money; two of either, or what nobody knows, is not said to be."""
    if one is None or other is None or (one.currency and other.currency):
        return None
    return one if one.currency else other


def _is_nothing(node: exp.Expr) -> bool:
    """Whether a value is NULL or 0, which is as much in every currency."""
    return type(node).__name__ == "Null" or (type(node).__name__ == "Literal" and node.name == "0")
