"""The shape of a dialect: words, lists and small templates of SQL. What is the same everywhere is no part of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bailee.rewrite.reasons import refused

if TYPE_CHECKING:
    from sqlglot import exp

    from bailee.policy.coarsen import Coarsen
    from bailee.policy.predicates import Predicate
    from bailee.rewrite.dialects.total import Types

_DATA = Path(__file__).parent.parent / "data"

#: How a rule of the map becomes SQL: from the predicate, and the SQL and type of the column that a name means.
ColumnOf = Callable[[str], tuple[str, str]]


class Recursion(Enum):
    """What a CTE of a WITH RECURSIVE sees besides those before it."""

    #: Itself, in the right arm of its outermost UNION only.
    RIGHT_ARM = "right arm"
    #: Itself, everywhere in its body.
    ITSELF = "itself"
    #: Every CTE of the same WITH, everywhere in its body.
    SIBLINGS = "siblings"


@dataclass(frozen=True, slots=True)
class NoiseWords:
    """What figures with noise are written with: the type of floating-point numbers, a number from expressions."""

    double: str
    hashed: str


@dataclass(frozen=True, eq=False)
class Dialect:
    """How one engine reads SQL, and how governed SQL is written for it; templates have `{}` for an expression."""

    name: str
    #: The engine's name as a person reads it.
    title: str
    #: sqlglot's name of it.
    parser: str

    #: The spelling in which the engine compares a name, which was written in quotes or not.
    key: Callable[[str, bool], str]
    #: What identifiers are quoted with.
    mark: str
    #: The catalogue of the company's database, where governed SQL names one.
    catalog: str
    #: The schema of a table that is named alone.
    schema: str
    #: Where allow tables and clean sets are.
    own: str
    recursion: Recursion

    #: Our own scan of a question: groups `blank`, `text`, `quoted`, `number`, `word` and `mark`.
    tokens: re.Pattern[str]
    #: Tokens of that scan that are read in several ways.
    forbidden: frozenset[str]
    #: The words that a query may begin with.
    starts: tuple[str, ...]

    #: The file of functions and operators that a question may use, by the engine's own names.
    functions_file: str
    #: What may stand in FROM with arguments.
    table_functions: frozenset[str]
    #: Words that the grammar itself puts before a bracket, and functions that are part of it.
    grammar: frozenset[str]
    #: Names of the classes of syntax, besides functions and the operators beneath `Binary` and `Unary`.
    syntax: frozenset[str]
    #: Functions of one row that keys and filters of a question about groups may use.
    row_functions: frozenset[str]
    #: Raises `Refused` unless the engine's own parse is one SELECT of known parts over the relations expected.
    check: Callable[[Dialect, Mapping[str, Any], Counter[str]], None]

    #: An expression that the asker wrote, or that may fail, as NULL where it fails.
    attempted: str
    #: The type of text.
    text_type: str
    #: Of a row's value of which all rows of a group have the same.
    any_value: str
    #: Whether two lists of columns have the same values, NULL with NULL.
    same: Callable[[Sequence[str], Sequence[str]], str]
    #: HMAC-SHA256 of an expression as text under two pads in hexadecimal: `{value}`, `{inner}` and `{outer}`.
    pseudonym: str
    #: Types whose text is the same as that of every other engine, so that their pseudonyms are.
    pseudonymous: re.Pattern[str]
    #: Cut-offs as literals, of one instant in UTC: `DATE`, `TIMESTAMP`, `TIMESTAMP WITH TIME ZONE`.
    cutoffs: Mapping[str, Callable[[datetime], str]]
    #: A column as coarse as asked, in an expression that cannot fail, from its SQL and type; None where it cannot be.
    coarse: Callable[[Coarsen, str, str], str | None]
    #: A rule of the map as an expression that cannot fail.
    predicate: Callable[[Predicate, ColumnOf], str]
    #: A test of an expression against the mask of an allow table, as `rewrite.mask` binds it; it cannot fail.
    mask: Callable[[str, str], str] | None = None
    #: A join with a unique set of which nothing is shown. Where an engine's planner expects of JOIN as many rows as of
    #: a product, and so shuffles what is joined next, it is another.
    found: str = "JOIN"
    #: Whether what the question asks of a row's time is asked within the fence too; see `rewrite.early`.
    early: bool = False
    #: What of an asker's expression over one row may fail, where nothing attempts it; given the types of an identifier.
    may_fail: Callable[[exp.Expr, Types], str | None] | None = None
    #: A factor of a product, so that it cannot overflow.
    factor: str = "{}"
    #: Functions that may stand outside of the aggregates besides `row_functions`.
    outer_functions: frozenset[str] = frozenset()
    #: What stands for `TABLE` before a table.
    whole: str = "FROM"
    #: Whether a LATERAL sub-query may read a relation of the question.
    lateral_reads: bool = True
    #: Whether `c.f` calls the function `f` on the row `c` where it has no such column.
    attributes_call: bool = False
    #: Names that tell of the session where no column has them.
    telling: frozenset[str] = frozenset()
    #: What may stand with a dot before a function; None where `x.f(y)` is `f(x, y)` and the engine's own parse tells.
    qualifiers: frozenset[str] | None = None
    #: The alias that a query in FROM must have.
    subquery: str = ""
    #: The longest name in bytes of UTF-8: longer ones are cut, and so would be another's.
    longest_name: int | None = None
    #: How figures are made that get noise; None where they are not.
    noise: NoiseWords | None = None
    #: What to write instead of a class of syntax that is refused.
    instead: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def functions(self) -> frozenset[str]:
        """The functions and operators that a question may use, by the engine's own names."""
        lines = (_DATA / self.functions_file).read_text(encoding="utf-8").splitlines()
        return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("# "))

    @cached_property
    def _folded(self) -> frozenset[str]:
        return frozenset(map(fold, self.functions))

    def allows(self, function: str) -> bool:
        """Whether the engine's function of this name, whatever its case, may be used."""
        return fold(function) in self._folded

    def stored(self, name: str) -> str:
        """The spelling in which a name of the database or of the data map compares."""
        return self.key(name, True)

    def named(self, identifier: exp.Expr) -> str:
        """The spelling in which an identifier of the question compares."""
        return self.key(identifier.name, bool(identifier.args.get("quoted")))

    def quote(self, name: str) -> str:
        """An identifier in quotes; raises `Refused` for one that no database should have."""
        if "\0" in name:
            raise refused("map_unusable", found="a name holds a NUL character")
        return self.mark + name.replace(self.mark, self.mark * 2) + self.mark

    def table(self, schema: str, name: str) -> str:
        """A table of the company's own database."""
        inside = f"{self.quote(schema)}.{self.quote(name)}"
        return f"{self.catalog}.{inside}" if self.catalog else inside


def fold(name: str) -> str:
    """The name with ASCII capitals in lower case, and nothing else changed."""
    return name.lower() if name.isascii() else re.sub("[A-Z]+", lambda found: found[0].lower(), name)


def either_case(name: str, _quoted: bool) -> str:
    """The key of a name where quotes do not matter, as in DuckDB."""
    return fold(name)
