"""DuckDB: the engine inside the process."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from bailee.policy.coarsen import Coarsen
from bailee.policy.predicates import Predicate
from bailee.rewrite.dialects.dialect import ColumnOf, Dialect, NoiseWords, Recursion, either_case
from bailee.rewrite.dialects.duckdb_tree import check
from bailee.rewrite.mask import HIGH, LOW, PLACE

_TOKENS = re.compile(
    r"""(?P<blank>[ \t\r\n]+|--[^\r\n\0]*(?:\r?\n|\Z)|/\*(?:(?!/\*|\*/)[^\0])*\*/)
    |(?P<text>'(?:[^'\0]|'')*')
    |(?P<quoted>"(?:[^"\0]|"")+")
    |(?P<number>(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?)
    |(?P<word>[^\W\d]\w*)
    |(?P<mark>--|/\*|\$\$|\{\{|\{%|\{\#|[-+*/%<>=!~@&|^(),.;:\[\]{}?#])""",
    re.VERBOSE | re.DOTALL,
)

_GRAMMAR = """
select from where having qualify by on using as values in any all some exists not and or when then else case union
intersect except name outer join cross lateral with over filter partition order group distinct between like ilike glob
similar escape limit offset is rows range groups exclude replace rename columns include pivot unpivot for into cube
rollup
sets array row struct map interval decimal numeric varchar char character bpchar text string bit float time timestamp
enum recursive materialized key cast try_cast try coalesce ifnull if grouping grouping_id extract position substring
overlay trim collate percentile_cont percentile_disc lambda return sample reservoir tablesample repeatable to
at window ignore respect nulls within
"""

_SYNTAX = """
Select Subquery Union Intersect Except With CTE From Join Table TableAlias Where Group Having Qualify Order Ordered
Limit
Offset Fetch LimitOptions Distinct Star Column Identifier Alias Aliases Literal Boolean Null Paren Tuple Dot Bracket
Slice
Cube Rollup GroupingSets Window WindowSpec Filter WithinGroup IgnoreNulls RespectNulls HavingMax Lambda Comprehension
PropertyEQ Kwarg Interval IntervalSpan Var DataType DataTypeParam ColumnDef Pivot PivotAny PivotAlias UnpivotColumns
TableSample Lateral Unnest Values Collate AtTimeZone Between In Is Like ILike Escape SimilarTo PositionalColumn Any All
"""

#: All are pure and may fail, which counts as NULL.
_ROW_FUNCTIONS = """
lower upper trim ltrim rtrim left right substr substring length strlen abs sign round floor ceil ceiling trunc coalesce
ifnull nullif greatest least date_trunc date_part datepart extract year quarter month week day dayofweek dayofyear hour
isodow starts_with ends_with contains prefix suffix concat regexp_matches strftime if cast try_cast try decimal numeric
varchar in and or not when then else case between like ilike is
"""


def _same(left: Sequence[str], right: Sequence[str]) -> str:
    return " AND ".join(f"{a} IS NOT DISTINCT FROM {b}" for a, b in zip(left, right, strict=True))


def _coarse(coarsen: Coarsen, column: str, type_name: str) -> str | None:
    return coarsen.sql(column) if coarsen.suits(type_name) else None


def _predicate(predicate: Predicate, column: ColumnOf) -> str:
    return predicate.sql(lambda name: column(name)[0])


def _naive(at: datetime) -> str:
    return at.isoformat(sep=" ")


def _mask(name: str, expression: str) -> str:
    """The bounds alone would keep `get_bit` from failing, but conditions are tested in any order, so it is in TRY.

    With `= 1` DuckDB would expect hardly any row, and join in a bad order; with `> 0` it expects a fifth.
    """
    bit = f"get_bit(getvariable('{name}')::BIT, {PLACE}{expression}{PLACE})"
    return f"{expression} BETWEEN {LOW} AND {HIGH} AND TRY({bit}) > 0"


DUCKDB = Dialect(
    name="duckdb",
    title="DuckDB",
    parser="duckdb",
    key=either_case,
    mark='"',
    catalog="company",
    schema="main",
    own="memory.main.{}",
    recursion=Recursion.RIGHT_ARM,
    tokens=_TOKENS,
    # Where a comment begins that has no plain form, one reader sees words that another does not.
    forbidden=frozenset({"--", "/*", "$$", "{{", "{%", "{#"}),
    starts=("SELECT", "WITH", "FROM", "VALUES", "PIVOT", "UNPIVOT", "TABLE"),
    functions_file="duckdb_functions.txt",
    table_functions=frozenset({"unnest", "range", "generate_series"}),
    grammar=frozenset(_GRAMMAR.split()),
    syntax=frozenset(_SYNTAX.split()),
    row_functions=frozenset(_ROW_FUNCTIONS.split()),
    check=check,
    attempted="TRY({})",
    text_type="VARCHAR",
    any_value="any_value({})",
    same=_same,
    pseudonym=(
        "left(sha256(unhex('{outer}') || unhex(sha256(unhex('{inner}') || encode(CAST({value} AS VARCHAR))))), 32)"
    ),
    pseudonymous=re.compile(".*", re.DOTALL),
    cutoffs={
        "DATE": lambda at: f"DATE '{at.date().isoformat()}'",
        "TIMESTAMP": lambda at: f"TIMESTAMP '{_naive(at)}'",
        "TIMESTAMP WITH TIME ZONE": lambda at: f"TIMESTAMPTZ '{_naive(at)}+00'",
    },
    coarse=_coarse,
    predicate=_predicate,
    mask=_mask,
    noise=NoiseWords("DOUBLE", "hash({})"),
    instead={
        "Describe": "the columns of a table are in the data map",
        "Summarize": "ask for the aggregates that you need",
        "Show": "the tables are in the data map",
        "Placeholder": "write the value itself",
        "Parameter": "write the value itself",
        "Command": "ask with SELECT",
    },
)
