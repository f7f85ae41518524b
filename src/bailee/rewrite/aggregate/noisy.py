"""A question about groups where the purpose has a budget: figures to be made noisy, by groups that anybody may know.

The exact figures are one view, which the gate alone reads; the asker's SELECT, HAVING, ORDER BY and LIMIT run on what
noise was added to. `deid.sensitivity` makes the SQL of the figures and has the proof; this page admits only questions
that the proof is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from bailee.deid import sensitivity
from bailee.deid.sensitivity import Figure
from bailee.engines import Unique, View
from bailee.engines.owned import WORDS
from bailee.policy import budget
from bailee.policy.model import Between
from bailee.rewrite.aggregate import calls, shape
from bailee.rewrite.aggregate.clauses import canonical
from bailee.rewrite.aggregate.rewriting import Rewriting
from bailee.rewrite.assemble import Relations, about_groups
from bailee.rewrite.governed import Governed
from bailee.rewrite.names import RELATION, Named
from bailee.rewrite.plan import Plan, Told
from bailee.rewrite.reasons import refused
from bailee.rewrite.rules.reveal import references
from bailee.rewrite.sight import Sight
from bailee.rewrite.store import Stored
from bailee.rewrite.tokens import Token
from bailee.rewrite.verify import Serialize, verify
from bailee.vocabulary import Treatment

if TYPE_CHECKING:
    from bailee.rewrite.dialects.dialect import NoiseWords

_WHOLE = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT)")
_DECIMAL = re.compile(r"DECIMAL\(\d{1,2},(\d{1,2})\)")
_FLOAT = re.compile(r"FLOAT|REAL|DOUBLE")
#: Types whose values are equal only where their texts are, so that no row is in two groups.
_KEYS = re.compile(
    r"U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|DECIMAL\(.*\)|VARCHAR|BOOLEAN|DATE|UUID|ENUM\(.*\)|TIMESTAMP"
)
#: Steps of a floating-point column without a declared one: this many, at least, lie between nothing and its bound.
_STEPS = 100_000
#: Steps of decimals and of products are finer than that at most so many times.
_FINER = 10_000


def noisy(rewriting: Rewriting, made: Relations, sight: Sight, serialize: Serialize) -> Governed:
    """The governed question with its plan; raises `Refused` for what the proof is not about."""
    names, words = rewriting.names, rewriting.dialect.noise
    if words is None:
        raise _no(sight, f"noise is not added on {names.dialect.title} yet: ask on DuckDB or PostgreSQL")
    unique = _check_apart(sight, names.tables)
    exact, relation = (RELATION.format(len(names.tables) + more) for more in (1, 2))
    questioned = _Noisy(rewriting, sight, words)
    sql = questioned.outside().replace("\0", relation)
    verify(names.dialect, sql, serialize, [relation])
    body, domains = questioned.exact()
    verify(names.dialect, body, serialize, [*names.references, *domains])
    plan = questioned.plan(f"SELECT * FROM {exact}", relation, unique)
    return about_groups(made, names, rewriting.question, View(exact, body), sql, noise=plan)


def _no(sight: Sight, instead: str) -> Exception:
    key = sight.purpose.key
    line = sight.ruling.read_lines.get("")
    return refused("noise_only", line, purpose=key, instead=instead)


def _check_apart(sight: Sight, tables: Sequence[Stored]) -> tuple[Unique, ...]:
    """The columns that must be unique, so that whether one customer's row shows depends on no other's rows.

    Or one customer would change more than their own. Along `via` a row shows where exactly one parent has its key: with
    a key that the database keeps unique no customer can add another parent, and the one that there is, is the same
    customer's. By a reference a row shows where no row of that key reveals anything: whose those rows are is not known.
    Tables about nobody are the same whoever is in the database.
    """
    found = dict.fromkeys(each for stored in tables for each in _parents(sight, stored))
    for stored in tables:
        for reference in stored.table.references:
            _check_reference(sight, stored, sight.store.target(stored, reference))
    return tuple(found)


def _parents(sight: Sight, stored: Stored) -> Iterator[Unique]:
    """The key of each parent along `via`, up to the table that names the customer."""
    via = stored.table.via
    if via is None:
        return
    parent = sight.store.target(stored, via)
    unique = parent.kept_unique(via.target)
    if unique is None:
        instead = (
            f"a row of `{stored.table.name}` shows only where one row alone of `{via.table}` has its key, so it "
            f"depends on other customers' rows unless the database itself keeps `{via.target}` unique: declare it so, "
            "as a key of whole numbers, decimals, plain text or UUID "
            f"(`ALTER TABLE {via.table} ADD PRIMARY KEY ({via.target})`) and open the workspace again, or ask of a "
            "table with its own `subject` column"
        )
        raise _no(sight, instead)
    yield unique
    for reference in parent.table.references:  # a row reveals what its parent's row reveals along these
        _check_reference(sight, parent, sight.store.target(parent, reference))
    yield from _parents(sight, parent)


def _check_reference(sight: Sight, stored: Stored, target: Stored) -> None:
    if target.table.personal:
        reveals = any(sight.forbidden(rule.category) for rule in target.table.reveals)
        further = [sight.store.target(target, each) for each in references(target.table)]
        if reveals or any(_reveals(sight, each) for each in further):
            instead = (
                f"what a row of `{stored.table.name}` reveals depends on rows of `{target.table.name}`, which may be "
                "other customers'; ask of a table that refers to tables about nobody"
            )
            raise _no(sight, instead)
    else:
        for reference in references(target.table):
            _check_reference(sight, stored, sight.store.target(target, reference))


def _reveals(sight: Sight, stored: Stored) -> bool:
    if any(sight.forbidden(rule.category) for rule in stored.table.reveals):
        return True
    return any(_reveals(sight, sight.store.target(stored, each)) for each in references(stored.table))


@dataclass(frozen=True, slots=True)
class _Domain:
    """All values of some keys, as a query; `public` is the table about nobody that they are values of."""

    keys: tuple[str, ...]
    sql: str
    public: str | None = None


class _Noisy(Rewriting):
    """One question while it is taken apart; keys and rows as without noise, aggregates by figures."""

    def __init__(self, whole: Rewriting, sight: Sight, words: NoiseWords) -> None:
        super().__init__(whole.question, whole.tree, whole.parts, whole.names, sight, whole.why)
        self.sight, self.words = sight, words
        #: How many customers there are is the first figure, by which small groups are left out.
        self.figures: list[Figure] = [Figure("customers")]
        self.told: dict[str, Told] = {}
        self.domains: list[_Domain] = []

    def outside(self) -> str:
        """The text that runs on noisy figures, in which a NUL stands for their relation."""
        sql = self.done()[1]
        for item in self.items:
            found = list(calls.calls(item.tokens))
            if len(found) == 1 and found[0][:2] == (0, len(item.tokens)):
                text = self.text(item.tokens)
                name = item.given.text.strip(self.dialect.mark) if item.given is not None else self.heading(item.tokens)
                self.told[text] = replace(self.told[text], column=self.told[text].column or name)
        return sql

    def exact(self) -> tuple[str, list[str]]:
        """The query of exact figures, and the relations that its groups are taken from."""
        inner, names, rows = self.inner, self.inner.names, self.inner.rows()
        counted = [f"{figure.sql(self.words.double)} AS bailee_f{at}" for at, figure in enumerate(self.figures, 1)]
        release = self.sight.purpose.release
        groups = sensitivity.figures(rows, counted, names, list(inner.values), budget.rows(release), self.words.hashed)
        if not names:
            return groups, []
        shown = [f"CAST(d.{name} AS {self.dialect.text_type}) AS {name}" for name in names]
        shown += [f"d.{name} AS bailee_v{at}" for at, name in enumerate(names, 1)]
        shown += [f"coalesce(g.bailee_f{at}, 0) AS bailee_f{at}" for at in range(1, len(self.figures) + 1)]
        same = self.dialect.same([f"d.{name}" for name in names], [f"g.{name}" for name in names])
        every = " CROSS JOIN ".join(f"({domain.sql}) AS d{at}" for at, domain in enumerate(self.domains, 1))
        domain = f"SELECT {', '.join(names)} FROM {every}"
        relations = [domain.public for domain in self.domains if domain.public is not None]
        return f"SELECT {', '.join(shown)} FROM ({domain}) AS d LEFT JOIN ({groups}) AS g ON {same}", relations

    def plan(self, sql: str, relation: str, unique: tuple[Unique, ...]) -> Plan:
        """What the gate must do."""
        release = self.sight.purpose.release
        return Plan(
            sql,
            relation,
            len(self.keys),
            tuple(self.figures),
            budget.rows(release),
            self.inner.minimum,
            tuple(self.told.values()),
            unique,
        )

    # Keys ------------------------------------------------------------------------------------------------------------

    def key(self, tokens: Sequence[Token]) -> None:
        """Make a column a key, where all its values are known to everybody."""
        before = len(self.keys)
        super().key(tokens)
        if len(self.keys) == before:
            return
        key = self.keys[-1]
        if len(key.tokens) != 1:
            raise self.no(f"group by columns as they are, not by `{self.text(tokens)}`")
        use, column = self.holder(tokens)
        if not use.stored.table.personal:
            self.public(use, column, key.name)
            return
        self.domains.append(_Domain((key.name,), self.declared(use.stored, column, key.name)))

    def public(self, use: Named, column: str, name: str) -> None:
        """Values of a table about nobody: of one use of it, those that stand together."""
        relation = self.names.relation(use.stored)
        expression = f"{self.dialect.quote(use.stored.spelling[column])} AS {name}"
        for at, domain in enumerate(self.domains):
            if domain.public == relation:
                listed = domain.sql.removeprefix("SELECT DISTINCT ").removesuffix(f" FROM {relation}")
                sql = f"SELECT DISTINCT {listed}, {expression} FROM {relation}"
                self.domains[at] = _Domain((*domain.keys, name), sql, relation)
                return
        self.domains.append(_Domain((name,), f"SELECT DISTINCT {expression} FROM {relation}", relation))

    def declared(self, stored: Stored, column: str, name: str) -> str:
        """The values that the data map names, as the question may see them."""
        meant, kind = stored.table.columns[stored.mapped[column]], stored.types[column]
        called = f"`{stored.table.name}.{meant.name}`"
        if not meant.values:
            instead = (
                f"which groups of {called} there are would say who is there: name them in the data map as "
                f"`values: [..]` under `fides_meta.bailee` of {called}, or group by a column of a table about nobody"
            )
            raise self.no(instead)
        if not _KEYS.fullmatch(kind):
            raise self.no(
                f"{called} is {kind}, and groups are made by whole numbers, decimals, texts, dates and truth values"
            )
        strange = [each for each in meant.values if not _is_of(kind, each)]
        if strange:
            raise self.no(f"{called} is {kind}, and `{strange[0]}` of its `values` in the data map is none: mend it")
        kind = self.dialect.text_type if kind.startswith("ENUM(") else kind
        literal = WORDS[self.dialect.name].literal
        listed = ", ".join(
            f"({self.dialect.attempted.format(f'CAST({literal(each)} AS {kind})')})" for each in meant.values
        )
        shown = "bailee_v.bailee_v"
        if self.sight.columns(stored)[column].treatment is Treatment.COARSE:
            coarse = None if meant.coarsen is None else self.dialect.coarse(meant.coarsen, shown, kind)
            if coarse is None:
                raise ValueError("a column without a way to coarsen is withheld")
            shown = coarse
        return (
            f"SELECT DISTINCT {shown} AS {name} FROM (VALUES {listed}) AS bailee_v(bailee_v) "
            "WHERE bailee_v.bailee_v IS NOT NULL"
        )

    def holder(self, tokens: Sequence[Token]) -> tuple[Named, str]:
        """The use of a table and the column that a name means; of two that USING makes one, that about nobody."""
        column, table = tokens[-1].name, tokens[0].name if len(tokens) == 3 else ""
        holders = [use for use in self.names.uses if column in use.stored.mapped and table in ("", use.alias)]
        if not holders or (len(holders) > 1 and column in self.several):
            raise self.no(f"`{self.text(tokens)}` must be one column of one table; put the table's name before it")
        return min(holders, key=lambda use: use.stored.table.personal), column

    # Aggregates ------------------------------------------------------------------------------------------------------

    @property
    def aggregates(self) -> bool:
        """Whether there are any."""
        return bool(self.told)

    def aggregate(self, call: calls.Call) -> str:
        """The expression outside of one aggregate, over noisy figures."""
        calls.check(call, self.text(call.argument), self.why, self.dialect)
        condition = None
        if call.filter:
            condition = self.inner.value("f", f"coalesce({self.attempt(call.filter)}, false)")
        figures = tuple(self.made(call, condition))
        at = tuple(self.figure(figure) for figure in figures)
        text = self.text(call.tokens)
        self.told.setdefault(text, Told(text, None, at))
        shown = [self.measured(index) for index in at]
        if len(shown) == 1:
            return shown[0]
        total, count = shown
        low, high = (f"{bound * figures[0].step:f}" for bound in (figures[0].low, figures[0].high))
        mean = f"CAST({total} AS {self.words.double}) / {count}"
        return f"(CASE WHEN {count} > 0 THEN least(greatest({mean}, {low}), {high}) END)"

    def measured(self, index: int) -> str:
        """A figure outside: a sum in its own unit instead of steps."""
        figure, name = self.figures[index], f"bailee_f{index + 1}"
        return name if figure.step == 1 else f"({name} * {figure.step:f})"

    def figure(self, figure: Figure) -> int:
        if figure not in self.figures:
            self.figures.append(figure)
        return self.figures.index(figure)

    def made(self, call: calls.Call, condition: str | None) -> Iterator[Figure]:
        """The figures that an aggregate is made of."""
        if call.function not in ("count", "sum", "avg", "mean"):
            raise self.no(f"`{call.function}` is not made with noise; ask for count, sum and avg")
        if not call.argument:
            yield Figure("rows", None, condition)
            return
        spelled = canonical(call.argument, self.aliases, self.several)
        spans = [(first, end) for _, first, end in spelled if call.argument[first].name]
        if len(spans) == 2:
            yield from self.multiplied(call, spans, condition)
            return
        if any(self.columns.get(call.argument[-1].name, ())):
            yield from self.people(call, condition)
            return
        (first, end) = spans[0]
        use, column = self.holder(call.argument[first:end])
        kind, text = use.stored.types[column], self.row(call.argument)
        value = self.inner.value("m", text)
        there = sensitivity.known(value, self.words.double) if _FLOAT.fullmatch(kind) else f"{value} IS NOT NULL"
        there = there if condition is None else f"{condition} AND {there}"
        if call.function == "count":
            yield Figure("distinct", value, condition) if call.distinct else Figure("rows", None, there)
            return
        between, step = self.bounds(use.stored, column)
        yield sensitivity.summed(value, condition, between.low, between.high, step)
        if call.function != "sum":
            yield Figure("rows", None, there)

    def multiplied(self, call: calls.Call, spans: Sequence[tuple[int, int]], condition: str | None) -> Iterator[Figure]:
        """The sum of a product of two columns, which lies between the least and the most of the products of bounds."""
        tokens = [call.argument[first:end] for first, end in spans]
        factors = [self.bounds(use.stored, name) for use, name in map(self.holder, tokens)]
        (one, first), (other, second) = factors
        corners = [a * b for a in (one.low, one.high) for b in (other.low, other.high)]
        low, high = min(corners), max(corners)
        step = max(first * second, _finest(max(abs(low), abs(high))) / _FINER)
        values = [self.inner.value("m", self.row(each)) for each in tokens]
        limits = [(between.low, between.high) for between, _ in factors]
        value = sensitivity.multiplied(values, limits, self.words.double)
        yield sensitivity.summed(value, condition, low, high, step)
        if call.function != "sum":
            there = f"{value} IS NOT NULL"
            yield Figure("rows", None, there if condition is None else f"{condition} AND {there}")

    def people(self, call: calls.Call, condition: str | None) -> Iterator[Figure]:
        """A customer's key, which may only be counted."""
        if call.function != "count":
            raise shape.only(
                self.why, f"`{call.argument[-1].text}` says who a row is about: it may only join and be counted"
            )
        yield Figure("customers", None, condition) if call.distinct else Figure("rows", None, condition)

    def bounds(self, stored: Stored, column: str) -> tuple[Between, Decimal]:
        """What a row adds to a sum of a column at least and at most, by the data map, and the step that counts it."""
        meant, kind = stored.table.columns[stored.mapped[column]], stored.types[column]
        called = f"`{stored.table.name}.{meant.name}`"
        if meant.between is None:
            instead = (
                f"how much one row adds to a sum of {called} has no bounds: declare them in the data map, such as "
                f"`between: [0, 200]` under `fides_meta.bailee` of {called}"
            )
            raise self.no(instead)
        step = _step(meant.between, kind)
        if step is None:
            raise self.no(
                f"{called} is {kind}, and only whole numbers, decimals and floating-point numbers are added up"
            )
        return meant.between, step

    def no(self, instead: str) -> Exception:
        """The refusal of what cannot be answered with noise."""
        return _no(self.sight, instead)


def _is_of(kind: str, value: str) -> bool:
    """Whether a value of the data map is surely the text of a value of a type."""
    try:
        if _WHOLE.fullmatch(kind) or kind.endswith("HUGEINT"):
            return re.fullmatch(r"-?[0-9]{1,18}", value) is not None
        if _DECIMAL.fullmatch(kind):
            return re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", value) is not None
        if kind == "BOOLEAN":
            return value in ("true", "false")
        if kind == "DATE":
            return bool(date.fromisoformat(value))
        if kind == "TIMESTAMP":
            return datetime.fromisoformat(value).tzinfo is None
        return kind != "UUID" or bool(UUID(value))
    except ValueError:
        return False


def _step(between: Between, kind: str) -> Decimal | None:
    """What values are counted in: as the map says, else the column's own unit, else a fine enough power of ten."""
    decimals = _DECIMAL.fullmatch(kind)
    if not (decimals or _WHOLE.fullmatch(kind) or _FLOAT.fullmatch(kind)):
        return None
    if between.step is not None:
        return between.step
    if _WHOLE.fullmatch(kind):
        return Decimal(1)
    finest = _finest(max(abs(between.low), abs(between.high)))
    return finest if decimals is None else max(Decimal(1).scaleb(-int(decimals[1])), finest / _FINER)


def _finest(widest: Decimal) -> Decimal:
    """The power of ten at or below a 100,000th of the larger bound."""
    return Decimal(1).scaleb((widest / _STEPS).adjusted())
