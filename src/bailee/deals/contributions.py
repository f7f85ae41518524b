"""Who makes which part of a figure: a question about groups, worked out customer by customer.

From that follows all that a screen needs of an answer, without asking again: which customers a group has, whether one
of them all but makes a part of it, and what the answer is over any of the customers. So it takes only questions whose
figures add up over customers; anything else is refused, because nobody could say whose data is in it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from bailee.deals.evidence import CUSTOMER
from bailee.deals.model import Asked, Wanted
from bailee.deid.cells import PERCENT
from bailee.engines.duckdb.scratch import Scratch, quoted
from bailee.errors import DeidError, EngineError, Refused
from bailee.rewrite.aggregate.inner import Inner
from bailee.rewrite.dialects import DUCKDB

if TYPE_CHECKING:
    from sqlglot import exp

_WHOSE = "whose"
_MIXED = "of two"
_SHAPE = (
    "expected one `SELECT` over tables of `wanted`, by their keys, joined with `JOIN .. ON`, whose figures are made of "
    "`count`, `sum` and `avg`, grouped by the columns of `by`"
)


@dataclass(frozen=True, eq=False)
class Contributions:
    """One row a group and customer: the columns of `by`, `CUSTOMER`, and the parts of figures: `part0`, `part1`, ..

    `figures` has by its name each figure in SQL over sums of the parts. `shares` has what the guard of a release looks
    at (`rewrite.aggregate.inner`): by group (`bailee_k1`, ..), part of it (`bailee_p1`, ..) and customer (`bailee_s`)
    what they add to each amount (`bailee_d1`, ..); it is None where rows are about nobody.
    """

    asked: Asked
    by: tuple[str, ...]
    table: pa.Table
    figures: Mapping[str, str]
    shares: pa.Table | None

    def answer(self, scratch: Scratch, rows: pa.Table) -> pa.Table:
        """The answer over some rows of `table`."""
        scratch.hold("contributed", rows)
        shown = [*map(quoted, self.by), *(f"{sql} AS {quoted(name)}" for name, sql in self.figures.items())]
        grouped = f" GROUP BY {', '.join(map(quoted, self.by))}" if self.by else ""
        return scratch.ask(f"SELECT {', '.join(shown)} FROM contributed{grouped}")


def contributions(
    asked: Asked, wanted: Mapping[str, Wanted], tables: Mapping[str, pa.Table], scratch: Scratch
) -> Contributions:
    """Work a question out by customer over tables that `scratch` holds by their keys, each with `CUSTOMER`.

    Rows about nobody in a table about customers are left out. `DeidError` where the question has another shape.
    """
    personal = {key for key, table in tables.items() if table[CUSTOMER].null_count < table.num_rows}
    question = _Question(asked, _tree(asked), wanted, tables)
    sql = question.by_customer(personal)
    found = _asked(asked, scratch, sql)
    if found.num_rows and True in found[_MIXED].unique().to_pylist():
        raise _other(asked, "joins rows of different customers")
    for value in question.distinct:
        if _asked(asked, scratch, question.shared(value, personal)).num_rows:
            raise _other(asked, f"counts different `{value}`, which customers share, so that no count adds up")
    table = found.drop_columns([_MIXED]).rename_columns({_WHOSE: CUSTOMER})
    shares = _asked(asked, scratch, question.shares(personal)) if personal & {*question.sources.values()} else None
    return Contributions(asked, question.by, table, question.figures, shares)


def _asked(asked: Asked, scratch: Scratch, sql: str) -> pa.Table:
    try:
        return scratch.ask(sql)
    except EngineError as error:
        raise DeidError(f"`{asked.key}` cannot be answered over what is wanted: {error}") from None


def _other(asked: Asked, found: str) -> DeidError:
    return DeidError(f"`{asked.key}` {found}; {_SHAPE}")


def _tree(asked: Asked) -> exp.Select:
    """The question as a tree, inside the closed world."""
    from sqlglot import exp

    from bailee.rewrite.closed_world import read
    from bailee.rewrite.dialects import DUCKDB

    try:
        _, tree = read(asked.question, DUCKDB)
    except Refused as refused:
        raise DeidError(f"`{asked.key}`: {refused}") from None
    if not isinstance(tree, exp.Select):
        raise _other(asked, "is no single `SELECT`")
    return tree


#: The parts of a SELECT that change nothing in which customers a group has.
_TAKEN = frozenset({"expressions", "from_", "from", "joins", "where", "group", "order", "kind", "hint"})


class _Question:
    """A question's parts: what it groups by, its figures, and the sums that these are made of."""

    def __init__(
        self, asked: Asked, tree: exp.Select, wanted: Mapping[str, Wanted], tables: Mapping[str, pa.Table]
    ) -> None:
        self.asked, self.tree = asked, tree
        self.whose = {key: each.customer for key, each in wanted.items()}
        self.calls: list[exp.Expr] = []
        self.parts: list[exp.Expr] = []
        self.distinct: list[str] = []
        self._plain()
        self.sources = self._sources(tables)
        self.keys: dict[str, exp.Expr] = {}
        self.figures: dict[str, str] = {}
        self._select()
        self._grouped()

    @property
    def by(self) -> tuple[str, ...]:
        return tuple(self.keys)

    def _plain(self) -> None:
        from sqlglot import exp

        extra = sorted(key.strip("_") for key, value in self.tree.args.items() if value and key not in _TAKEN)
        if extra:
            raise _other(self.asked, f"has `{extra[0]}`")
        inner = next((node for node in self.tree.find_all(exp.Query, exp.Window) if node is not self.tree), None)
        if inner is not None:
            raise _other(self.asked, "has a question inside or a window")

    def _sources(self, tables: Mapping[str, pa.Table]) -> dict[str, str]:
        """By alias the key of `wanted`."""
        from sqlglot import exp

        nodes = list(self.tree.find_all(exp.Table))
        first = self.tree.args.get("from_") or self.tree.args.get("from")
        joins = self.tree.args.get("joins") or []
        if first is None or len(nodes) != 1 + len(joins) or any(not j.args.get("on") for j in joins):
            raise _other(self.asked, "reads no table, or joins without `ON`")
        sides = {str(join.args.get(part) or "").upper() for join in joins for part in ("side", "kind", "method")}
        if sides - {"", "INNER", "LEFT", "OUTER"}:
            raise _other(self.asked, f"has the join {', '.join(sorted(sides))}")
        known = {key.lower(): key for key in tables}
        strange = [node.name for node in nodes if node.name.lower() not in known or node.db]
        if strange:
            raise _other(self.asked, f"reads `{strange[0]}`, which is no key of `wanted`")
        return {node.alias_or_name: known[node.name.lower()] for node in nodes}

    def _select(self) -> None:
        from sqlglot import exp

        names = [name.lower() for name in self.asked.by]
        for node in self.tree.expressions:
            name, body = node.alias_or_name, node.unalias()
            if not name or isinstance(body, exp.Star) or name in {*self.keys, *self.figures}:
                raise _other(self.asked, "selects a figure without a name of its own, or `*`")
            if name.lower() in names:
                self.keys[name] = body
            else:
                self.figures[name] = self._figure(body)
        missing = sorted(set(names) - {name.lower() for name in self.keys})
        if missing or not self.figures:
            raise _other(self.asked, f"selects no `{missing[0]}`" if missing else "selects no figure")

    def _figure(self, body: exp.Expr) -> str:
        """A figure over sums of parts, as SQL."""
        from sqlglot import exp

        whole = exp.Paren(this=body.copy())
        for call in list(whole.find_all(exp.AggFunc)):
            node = call.parent if isinstance(call.parent, exp.Filter) else call
            self.calls.append(node.copy())
            node.replace(self._sums(call, node))
        if any(re.fullmatch("part[0-9]+", column.name) is None for column in whole.find_all(exp.Column)):
            raise _other(self.asked, f"has the figure `{body.sql('duckdb')[:60]}` outside an aggregate")
        if whole.find(exp.Sum) is None:
            raise _other(self.asked, f"has the figure `{body.sql('duckdb')[:60]}` without an aggregate")
        return whole.sql("duckdb")

    def _sums(self, call: exp.Expr, node: exp.Expr) -> exp.Expr:
        from sqlglot import exp

        if isinstance(call, exp.Avg) and node is call and not isinstance(call.this, exp.Distinct):
            count = exp.Count(this=call.this.copy())
            return exp.Div(this=self._part(exp.Sum(this=call.this.copy())), expression=self._part(count))
        if isinstance(call, exp.Count) and isinstance(call.this, exp.Distinct):
            columns = call.this.expressions
            if len(columns) != 1 or not isinstance(columns[0], exp.Column):
                raise _other(self.asked, "counts different values of more than one column")
            self.distinct.append(columns[0].sql("duckdb"))
        elif not isinstance(call, (exp.Sum, exp.Count)) or isinstance(call.this, exp.Distinct):
            raise _other(self.asked, f"has `{type(call).__name__.lower()}`, which does not add up over customers")
        return self._part(node)

    def _part(self, node: exp.Expr) -> exp.Expr:
        from sqlglot import exp

        self.parts.append(node.copy())
        column = exp.column(f"part{len(self.parts) - 1}")
        return exp.Sum(this=column)

    def _grouped(self) -> None:
        """What it groups by must be what it selects: else groups are finer than the answer says."""
        from sqlglot import exp

        group = self.tree.args.get("group")
        if group is None:
            if self.keys:
                raise _other(self.asked, "has no `GROUP BY`")
            return
        if any(value for key, value in group.args.items() if key not in {"expressions", "all"}):
            raise _other(self.asked, "groups in sets")
        if group.args.get("all"):
            return
        places = {str(place + 1): node for place, node in enumerate(self.tree.expressions)}
        shown = {body.sql("duckdb").lower() for body in self.keys.values()} | {name.lower() for name in self.keys}
        for node in group.expressions:
            named = places[node.name].unalias() if isinstance(node, exp.Literal) and node.name in places else node
            if named.sql("duckdb").lower() not in shown:
                raise _other(self.asked, f"groups by `{node.sql('duckdb')[:60]}`, which is not among `by`")
        if len(group.expressions) < len(self.keys):
            raise _other(self.asked, "does not group by all of `by`")

    def by_customer(self, personal: Collection[str]) -> str:
        """The same FROM and WHERE, grouped by customer too."""
        owners = [alias for alias, key in self.sources.items() if key in personal]
        whose = [f"{quoted(alias)}.{quoted(CUSTOMER)}" for alias in owners] or ["NULL::BIGINT"]
        mixed = " OR ".join(f"{whose[0]} <> {other}" for other in whose[1:]) or "false"
        shown = [f"{body.sql('duckdb')} AS {quoted(name)}" for name, body in self.keys.items()]
        shown += [f"{whose[0]} AS {quoted(_WHOSE)}", f"coalesce(bool_or({mixed}), false) AS {quoted(_MIXED)}"]
        shown += [f"{part.sql('duckdb')} AS part{place}" for place, part in enumerate(self.parts)]
        groups = ", ".join(str(place + 1) for place in range(len(self.keys) + 1))
        kept = f"{self._from()} AND {whose[0]} IS NOT NULL" if owners else self._from()
        return f"SELECT {', '.join(shown)} {kept} GROUP BY {groups}"

    def shares(self, personal: Collection[str]) -> str:
        """Who adds what to which part of which group, as the guard of a release has it."""
        from sqlglot import exp

        whose = next(f"{quoted(alias)}.{quoted(CUSTOMER)}" for alias, key in self.sources.items() if key in personal)
        inner = Inner(DUCKDB, f"{self._from()} AND {whose} IS NOT NULL", None, whose, 0, PERCENT)
        inner.keys += [body.sql("duckdb") for body in self.keys.values()]
        for call in self.calls:
            condition = None
            if isinstance(call, exp.Filter):
                condition = inner.value("f", f"coalesce({call.expression.this.sql('duckdb')}, false)")
                call = call.this
            distinct = isinstance(call.this, exp.Distinct)
            argument = call.this.expressions[0] if distinct else call.this
            inner.aggregate(call.key, self._argument(inner, argument), distinct=distinct, condition=condition)
        return inner.shares()

    def _argument(self, inner: Inner, argument: exp.Expr | None) -> str | None:
        """An aggregate's argument by its name in the guard's rows; None for `*`."""
        from sqlglot import exp

        if argument is None or isinstance(argument, exp.Star):
            return None
        if isinstance(argument, exp.Column):
            there = [key for alias, key in self.sources.items() if argument.table.lower() in ("", alias.lower())]
            if argument.name.lower() in {(self.whose[key] or "").lower() for key in there}:
                return "bailee_s"
        return inner.value("m", argument.sql("duckdb"))

    def shared(self, value: str, personal: Collection[str]) -> str:
        """A row where rows of more than one customer have the same value."""
        whose = next((f"{quoted(a)}.{quoted(CUSTOMER)}" for a, key in self.sources.items() if key in personal), "NULL")
        return f"SELECT 1 AS one {self._from()} GROUP BY {value} HAVING count(DISTINCT {whose}) > 1 LIMIT 1"

    def _from(self) -> str:
        first: Any = self.tree.args.get("from_") or self.tree.args.get("from")
        joins = "".join(f" {join.sql('duckdb')}" for join in self.tree.args.get("joins") or [])
        where = self.tree.args.get("where")
        kept = f"({where.this.sql('duckdb')})" if where else "true"
        return f"{first.sql('duckdb').strip()}{joins} WHERE {kept}"
