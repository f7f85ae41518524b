"""A question about groups asked customer by customer: what each one adds to each figure of each group.

For the gate alone, which holds what a release would show against earlier ones; of the answer nothing leaves. Every
figure is made of such whose parts add up: an average of a sum and a count, a variance of these and a sum of squares.
Sums are of decimals, in which no order of rows makes a difference, so that who bought nothing new adds just the same.
The number of different values of a column does not add up: of it stands how many each customer has.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

from bailee.engines import View
from bailee.rewrite.aggregate import calls, shape
from bailee.rewrite.aggregate.clauses import canonical
from bailee.rewrite.aggregate.inner import Asked, Inner
from bailee.rewrite.assemble import Relations, about_groups
from bailee.rewrite.governed import Apart, Governed
from bailee.rewrite.names import RELATION
from bailee.rewrite.verify import Serialize, verify

if TYPE_CHECKING:
    from bailee.rewrite.aggregate.rewriting import Rewriting

#: Decimals that every engine has; `bailee.gate.contributing` counts on as many places.
_DECIMAL = "DECIMAL(38, 9)"


def customer_by_customer(
    rewriting: Rewriting, made: Relations, part: tuple[int, int], serialize: Serialize
) -> Governed:
    """The governed question for one part of so many of the customers; raises `Refused` as for figures."""
    names, inner, dialect = rewriting.names, rewriting.inner, rewriting.dialect
    for tokens in rewriting.grouped():
        rewriting.key(tokens)
    columns = [*inner.names]
    shown = []
    for item in rewriting.items:
        text = rewriting.outer(item.tokens)
        if any(calls.calls(item.tokens)):
            continue
        if text not in columns:
            columns.append(text)
        shown.append(columns.index(text))
    figures = _figures(inner, dialect.noise.double if dialect.noise is not None else "DOUBLE")
    if not figures:
        raise shape.only(rewriting.why)
    relation = RELATION.format(len(names.tables) + 1)
    body = _body(inner, list(figures.values()), _only(rewriting, part))
    added = [f"bailee_c{at}" for at in range(1, len(figures) + 1)]
    told = [f"{text} AS bailee_o{at}" for at, text in enumerate(columns, 1)]
    sql = f"SELECT {', '.join([*told, 'bailee_s', *added])} FROM {relation}"
    verify(names.dialect, sql, serialize, [relation])
    verify(names.dialect, body, serialize, [*names.references, "bailee_rows"])
    tables = tuple(stored.table.name for stored in names.tables)
    words = [_spelled(rewriting, word) for word in ("FROM", "WHERE")]
    keys = tuple(" ".join(key.tokens) for key in rewriting.keys)
    apart = Apart(" | ".join([*tables, *words]), keys, tuple(shown), tuple(figures))
    return about_groups(made, names, rewriting.question, View(relation, body), sql, apart=apart)


def _body(inner: Inner, figures: list[str], only: str) -> str:
    keyed = ", ".join([*inner.names, "bailee_s"])
    added = [f"{sql} AS bailee_c{at}" for at, sql in enumerate(figures, 1)]
    rows = f"WITH bailee_rows AS ({inner.rows()}) SELECT {', '.join([keyed, *added])} FROM bailee_rows"
    return f"{rows}{only} GROUP BY {keyed}"


def _only(rewriting: Rewriting, part: tuple[int, int]) -> str:
    """The condition that a customer is in one part of so many; raises `Refused` where the engine cannot part them."""
    at, of = part
    if of == 1:
        return ""
    noise = rewriting.dialect.noise
    if noise is None:
        instead = f"{rewriting.dialect.title} cannot part so many customers: ask on DuckDB or PostgreSQL"
        raise shape.only(rewriting.why, instead)
    return f" WHERE abs({noise.hashed.format('bailee_s')} % {of}) = {at}"


def _spelled(rewriting: Rewriting, clause: str) -> str:
    spelled = canonical(rewriting.parts[clause], rewriting.aliases, rewriting.several)
    return " ".join(name for name, _, _ in spelled)


def _figures(inner: Inner, double: str) -> dict[str, str]:
    """What each aggregate is made of, in words that say the same in every question, with its SQL."""
    found: dict[str, str] = {}
    alike: dict[str, set[str]] = {}
    for asked in inner.asked:
        where = "" if asked.condition is None else f" where {_words(inner, asked.condition)}"
        condition = "" if asked.condition is None else f" FILTER (WHERE {asked.condition})"
        for function, argument, sql in _parts(inner, asked, double):
            call, name = f"coalesce({sql}{condition}, 0)", f"{function} {argument}{where}"
            found[name] = f"CASE WHEN {call} > 0 THEN 1 ELSE 0 END" if function == "customers" else call
            # Rows are counted by whatever column has a value in them.
            same = "rows" if function in ("rows", "count") else f"{function} {argument}"
            alike.setdefault(same, set()).add(name)
    # Two figures of the same that differ in whom they count tell of whoever is in one of them alone.
    for names in alike.values():
        for one, other in combinations(sorted(names), 2):
            found[f"{one} less {other}"] = f"{found[one]} - {found[other]}"
    return found


def _parts(inner: Inner, asked: Asked, double: str) -> Iterator[tuple[str, str, str]]:
    """By name, words and SQL, what the parts of an aggregate are: all of them add up over customers."""
    value = asked.argument
    if value is None or value == "bailee_s":
        yield ("customers" if asked.distinct else "rows"), "*", "count(*)"
        return
    words = _words(inner, value)
    if asked.distinct:
        yield "different", words, f"count(DISTINCT {value})"
        return
    if asked.function != "sum":
        yield "count", words, f"count({value})"
    if asked.function == "count":
        return
    yield "sum", words, f"sum(CAST({value} AS {_DECIMAL}))"
    if asked.function not in ("sum", "avg", "mean"):
        square = f"CAST({value} AS {double}) * CAST({value} AS {double})"
        yield "squares", words, f"sum(CAST({square} AS {_DECIMAL}))"


def _words(inner: Inner, name: str) -> str:
    return " ".join(inner.values.get(name, name).split())
