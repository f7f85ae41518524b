"""Apache Spark with `spark.sql.ansi.enabled=false`, where what fails is NULL, and whatever else speaks its SQL."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from bailee.policy.coarsen import Coarsen
from bailee.policy.predicates import Predicate
from bailee.rewrite.dialects import total
from bailee.rewrite.dialects.dialect import ColumnOf, Dialect, Recursion
from bailee.rewrite.dialects.spark_tree import check
from bailee.rewrite.dialects.typed import Words, typed
from bailee.rewrite.mask import HIGH, LOW, PLACE

#: `${` is replaced wherever it stands, before anything is parsed; `/*+` is a hint; backslashes and doubled quotes in
#: text, and a backslash at the end of a comment, are read in two ways.
_TOKENS = re.compile(
    r"""(?P<blank>[ \t\r\n]+|--(?:[^\r\n\0\\$]|\$(?!\{))*(?:\r?\n|\Z)|/\*(?!\+)(?:(?!/\*|\*/|\$\{)[^\0])*\*/)
    |(?P<text>'(?:[^'\0\\$]|\$(?!\{))*'|"(?:[^"\0\\$]|\$(?!\{))*")
    |(?P<quoted>`(?:[^`\0$]|``|\$(?!\{))+`)
    |(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<word>[^\W\d]\w*)
    |(?P<mark>--|/\*|\|>|[-+*/%<>=!~&|^(),.;:\[\]])""",
    re.VERBOSE | re.DOTALL,
)

_GRAMMAR = """
select from where having by on using as values in any all some exists not and or when then else case union intersect
except minus join cross semi anti lateral view outer with over filter partition order group distinct between like
ilike rlike regexp limit offset is rows range groups cube rollup sets array map struct named_struct row interval
decimal numeric varchar char string float double timestamp timestamp_ntz timestamp_ltz date recursive cast try_cast
coalesce if grouping grouping_id extract position substring substr overlay trim collate to at window nulls within div
ignore respect pivot unpivot for
"""

_SYNTAX = """
Select Subquery Union Intersect Except With CTE From Join Table TableAlias Where Group Having Order Ordered Limit
Offset Distinct Star Column Identifier Alias Aliases Literal Boolean Null Paren Tuple Dot Bracket Cube Rollup
GroupingSets Window WindowSpec Filter WithinGroup IgnoreNulls RespectNulls Lambda PropertyEQ Interval IntervalSpan Var
DataType DataTypeParam ColumnDef Pivot PivotAlias UnpivotColumns Lateral Unnest Values Collate AtTimeZone Between In
Is Like ILike Escape Any All
"""

#: What fails is NULL, but for odd patterns.
_ROW_FUNCTIONS = """
lower upper trim ltrim rtrim btrim left right substr substring length char_length character_length abs sign round
floor ceil ceiling coalesce ifnull nvl nullif greatest least date_trunc date_part extract year quarter month
weekofyear day dayofmonth dayofweek dayofyear hour startswith endswith contains concat if cast try_cast decimal
numeric string in and or not when then else case between like ilike is
"""

_OUTER_FUNCTIONS = "power pow sqrt ln log log10 exp mod date_format format_number try_divide"

_TELLING = "user current_user session_user current_catalog current_database current_schema"

_TABLE_FUNCTIONS = """
range explode explode_outer posexplode posexplode_outer inline inline_outer stack json_tuple
"""

_TYPES = {"TINYINT": "TINYINT", "SMALLINT": "SMALLINT", "INTEGER": "INT", "BIGINT": "BIGINT"}
#: In UTC, which the session's time zone is.
_NAIVE = "CAST({} AS TIMESTAMP_NTZ)"


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _timestamp(at: datetime) -> str:
    return f"TIMESTAMP_NTZ '{at.isoformat(sep=' ')}'"


_WORDS = Words(
    text=_text,
    plain="CAST({} AS STRING)",
    double="CAST({} AS DOUBLE)",
    naive=_NAIVE,
    times={"DATE": lambda at: f"DATE '{at.date().isoformat()}'", "TIMESTAMP": _timestamp},
    collated=False,
)


def _predicate(predicate: Predicate, column: ColumnOf) -> str:
    return typed(predicate, column, _WORDS)


def _coarse(coarsen: Coarsen, column: str, type_name: str) -> str | None:
    if not coarsen.suits(type_name) or type_name.startswith(("U", "HUGE")):
        return None
    if coarsen.kind == "prefix":
        return f"left(CAST({column} AS STRING), {coarsen.size:f})"
    if coarsen.size is None:
        return _span(coarsen.kind, column, type_name)
    size = f"{coarsen.size:f}"
    if type_name in ("DOUBLE", "FLOAT"):
        x, kind = f"CAST({column} AS DOUBLE)", type_name
        return f"CASE WHEN {x} - {x} = 0 THEN CAST({_below(x, f'CAST({size} AS DOUBLE)')} AS {kind}) END"
    if type_name in _TYPES and coarsen.size == int(coarsen.size):
        # A BIGINT's lowest band lies below a BIGINT; a cast that does not fit would wrap.
        return f"try_cast({_below(f'CAST({column} AS DECIMAL(20,0))', size)} AS {_TYPES[type_name]})"
    exact = f"CAST({column} AS DECIMAL(20,0))" if type_name in _TYPES else column
    return _below(exact, size)


def _below(exact: str, size: str) -> str:
    rest = f"{exact} % {size}"
    return f"({exact} - {rest} - CASE WHEN {rest} < 0 THEN {size} ELSE 0 END)"


def _span(span: str, column: str, type_name: str) -> str | None:
    if type_name not in ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"):
        return None
    kind = "TIMESTAMP_NTZ" if span == "hour" else "DATE"
    return f"CAST(date_trunc('{span}', CAST({column} AS TIMESTAMP)) AS {kind})"


def _same(left: Sequence[str], right: Sequence[str]) -> str:
    return " AND ".join(f"{a} <=> {b}" for a, b in zip(left, right, strict=True))


def _mask(name: str, expression: str) -> str:
    """`get` is NULL beyond the words, and CASE keeps a key too large for an INTEGER out of the cast."""
    place = f"{PLACE}{expression}{PLACE}"
    word = f"get((SELECT bits FROM mask_{name.removeprefix('allow_')}), shiftright({place}, 6))"
    bit = f"(shiftrightunsigned({word}, {place} & 63) & 1) = 1"
    return f"CASE WHEN {expression} BETWEEN {LOW} AND {HIGH} THEN {bit} ELSE false END"


SPARK = Dialect(
    name="spark",
    title="Spark",
    parser="spark",
    key=lambda name, _quoted: name.lower(),
    mark="`",
    catalog="",
    schema="default",
    own="{}",
    recursion=Recursion.ITSELF,
    tokens=_TOKENS,
    forbidden=frozenset({"--", "/*", "|>"}),
    starts=("SELECT", "WITH", "VALUES"),
    functions_file="spark_functions.txt",
    table_functions=frozenset(_TABLE_FUNCTIONS.split()),
    grammar=frozenset(_GRAMMAR.split()),
    syntax=frozenset(_SYNTAX.split()),
    row_functions=frozenset(_ROW_FUNCTIONS.split()),
    outer_functions=frozenset(_OUTER_FUNCTIONS.split()),
    check=check,
    attempted="{}",
    may_fail=total.spark,
    text_type="STRING",
    any_value="any_value({})",
    same=_same,
    pseudonym=(
        "left(sha2(concat(unhex('{outer}'), unhex(sha2(concat(unhex('{inner}'), "
        "encode(CAST({value} AS STRING), 'UTF-8')), 256))), 256), 32)"
    ),
    # A DECIMAL with more than 6 digits behind the point may be written with an exponent.
    pseudonymous=re.compile(r"(TINY|SMALL|BIG)INT|INTEGER|DECIMAL\(\d{1,2},[0-6]\)|VARCHAR|BOOLEAN", re.ASCII),
    cutoffs={
        "DATE": lambda at: f"DATE '{at.date().isoformat()}'",
        "TIMESTAMP": _timestamp,
        "TIMESTAMP WITH TIME ZONE": lambda at: f"TIMESTAMP_LTZ '{at.isoformat(sep=' ')}+00:00'",
    },
    coarse=_coarse,
    predicate=_predicate,
    mask=_mask,
    found="LEFT SEMI JOIN",
    early=True,
    # The fence depends on the partition, and Spark joins row by row with nothing that does.
    lateral_reads=False,
    telling=frozenset(_TELLING.split()),
    qualifiers=frozenset(),
    instead={
        "TableSample": "write `WHERE rand() < 0.1`",
        "Hint": "take out the hint",
        "QueryTransform": "no program can be run",
        "Placeholder": "write the value itself",
        "Parameter": "write the value itself",
        "Command": "ask with SELECT",
        "Cluster": "write ORDER BY",
        "Describe": "the columns of a table are in the data map",
    },
)
