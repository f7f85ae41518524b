"""PostgreSQL, which has no TRY: what is written for it cannot fail on any value of a column's type."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from bailee.policy.coarsen import Coarsen
from bailee.policy.predicates import Predicate
from bailee.rewrite.dialects import total
from bailee.rewrite.dialects.dialect import ColumnOf, Dialect, NoiseWords, Recursion, fold
from bailee.rewrite.dialects.postgres_tree import check
from bailee.rewrite.dialects.typed import Words, typed
from bailee.rewrite.mask import HIGH, LOW

#: Where the engine keeps allow tables and their masks.
OWN = "bailee_allow.{}"

#: Backslashes before a quotation mark, `_` within numbers and `$` are read in two ways, by settings or versions.
_TOKENS = re.compile(
    r"""(?P<blank>[ \t\r\n]+|--[^\r\n\0]*(?:\r?\n|\Z)|/\*(?:(?!/\*|\*/)[^\0])*\*/)
    |(?P<text>'(?:[^'\0\\]|''|\\(?!'))*')
    |(?P<quoted>"(?:[^"\0]|"")+")
    |(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<word>[^\W\d]\w*)
    |(?P<mark>--|/\*|[-+*/%<>=!~@&|^(),.;:\[\]?#])""",
    re.VERBOSE | re.DOTALL,
)

_GRAMMAR = """
select from where having by on using as values in any all some exists not and or when then else case union intersect
except join cross lateral with over filter partition order group distinct between like ilike similar escape limit
offset is rows range groups exclude into cube rollup sets array row interval decimal numeric varchar char character
bpchar text bit float time timestamp recursive materialized cast coalesce grouping extract position substring overlay
trim collate to at window nulls within ordinality asymmetric symmetric fetch precision zone varying current_time
current_timestamp localtime localtimestamp
"""

_SYNTAX = """
Select Subquery Union Intersect Except With CTE From Join Table TableAlias Where Group Having Order Ordered Limit
Offset Fetch LimitOptions Distinct Star Column Identifier Alias Literal Boolean Null Paren Tuple Dot Bracket Slice
Cube Rollup GroupingSets Window WindowSpec Filter WithinGroup Kwarg Interval IntervalSpan Var DataType DataTypeParam
Lateral Unnest Values Collate AtTimeZone Between In Is Like ILike Escape SimilarTo Any All
"""

#: None fails on any value; `date_trunc`, `date_part` and `extract` of times only, for units that they have.
_ROW_FUNCTIONS = """
lower upper trim btrim ltrim rtrim left right length char_length character_length coalesce nullif greatest least
concat starts_with floor ceil ceiling sign date_trunc date_part extract in and or not when then else case between like
ilike is
"""

_OUTER_FUNCTIONS = """
abs round trunc power pow sqrt ln log exp mod div cast decimal numeric to_char substr substring
"""

_TABLE_FUNCTIONS = """
unnest generate_series generate_subscripts json_array_elements json_array_elements_text json_each json_each_text
json_object_keys jsonb_array_elements jsonb_array_elements_text jsonb_each jsonb_each_text jsonb_object_keys
regexp_matches regexp_split_to_table string_to_table
"""

#: The lowest value of each type of whole numbers, which a band below it would miss.
_LOWEST = {"SMALLINT": -(1 << 15), "INTEGER": -(1 << 31), "BIGINT": -(1 << 63)}
_NAIVE = "({} AT TIME ZONE 'UTC')"


def _text(value: str) -> str:
    """A literal of text; with a backslash in it `E''`, which every setting reads alike."""
    doubled = value.replace("'", "''")
    return f"'{doubled}'" if "\\" not in doubled else "E'" + doubled.replace("\\", "\\\\") + "'"


def _timestamp(at: datetime) -> str:
    return f"TIMESTAMP '{at.isoformat(sep=' ')}'"


_WORDS = Words(
    text=_text,
    plain='(CAST({} AS text) COLLATE "C")',
    double="CAST({} AS double precision)",
    naive=_NAIVE,
    times={"DATE": lambda at: f"DATE '{at.date().isoformat()}'", "TIMESTAMP": _timestamp},
)


def _predicate(predicate: Predicate, column: ColumnOf) -> str:
    return typed(predicate, column, _WORDS)


def _coarse(coarsen: Coarsen, column: str, type_name: str) -> str | None:
    if not coarsen.suits(type_name):
        return None
    if coarsen.kind == "prefix":
        return f"left(CAST({column} AS text), {coarsen.size:f})"
    if coarsen.size is None:
        return _span(coarsen.kind, column, type_name)
    if type_name in ("DOUBLE", "FLOAT"):
        return _float_band(column, f"{coarsen.size:f}", type_name) if coarsen.size == int(coarsen.size) else None
    below = _below(f"CAST({column} AS numeric)", f"{coarsen.size:f}")
    if type_name in _LOWEST and coarsen.size == int(coarsen.size):
        return f"CASE WHEN {below} >= {_LOWEST[type_name]} THEN CAST({below} AS {type_name.lower()}) END"
    # NaN and infinities are not equal to nothing.
    return f"CASE WHEN {column} - {column} = 0 THEN {below} END"


def _below(exact: str, size: str) -> str:
    """The next multiple of a size at or below a number; remainders of numerics are exact."""
    rest = f"mod({exact}, {size})"
    return f"({exact} - {rest} - CASE WHEN {rest} < 0 THEN {size} ELSE 0 END)"


def _float_band(column: str, size: str, type_name: str) -> str:
    """As the shortest text of a float is below a whole number where the float is, and large floats are whole numbers.

    A cast to numeric alone would keep 15 digits. What is too large for a BIGINT has no band.
    """
    x = f"CAST({column} AS double precision)"
    kind = "double precision" if type_name == "DOUBLE" else "real"
    small = _below(f"CAST(CAST({x} AS text) AS numeric)", size)
    large = _below(f"CAST(CAST({x} AS bigint) AS numeric)", size)
    return (
        f"CASE WHEN abs({x}) < 9007199254740992 THEN CAST({small} AS {kind}) "
        f"WHEN abs({x}) < 9.2e18 THEN CAST({large} AS {kind}) END"
    )


def _span(span: str, column: str, type_name: str) -> str | None:
    """The start of the span in the years 1 to 9999, which `policy.coarsen` knows, so that none overflows."""
    if type_name not in ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"):
        return None
    naive = _NAIVE.format(column) if type_name == "TIMESTAMP WITH TIME ZONE" else column
    known = f"{naive} >= DATE '0001-01-01' AND {naive} < DATE '10000-01-01'"
    kind = "timestamp" if span == "hour" else "date"
    return f"CASE WHEN {known} THEN CAST(date_trunc('{span}', CAST({naive} AS timestamp)) AS {kind}) END"


def _same(left: Sequence[str], right: Sequence[str]) -> str:
    """Hashes of equal values are equal, and only an equality can be joined by hash."""
    hashes = (f"hash_record_extended(ROW({', '.join(side)}), 0)" for side in (left, right))
    pairs = [f"{a} IS NOT DISTINCT FROM {b}" for a, b in zip(left, right, strict=True)]
    return " AND ".join([" = ".join(hashes), *pairs])


def _mask(name: str, expression: str) -> str:
    """`|| ''` unpacks the bits once for a whole question; CASE keeps `get_bit` within them."""
    table = OWN.format(f"mask_{name.removeprefix('allow_')}")
    bits = f"(SELECT m.bits || ''::bytea FROM {table} m WHERE m.low = {LOW} AND m.high >= {HIGH})"
    place = f"{expression}::bigint - ({LOW})"
    return f"CASE WHEN {expression} BETWEEN {LOW} AND {HIGH} THEN get_bit({bits}, {place}) = 1 ELSE false END"


POSTGRES = Dialect(
    name="postgres",
    title="PostgreSQL",
    parser="postgres",
    key=lambda name, quoted: name if quoted else fold(name),
    mark='"',
    catalog="",
    schema="public",
    own=OWN,
    mask=_mask,
    noise=NoiseWords("double precision", "hash_record_extended(ROW({}), 0)"),
    recursion=Recursion.SIBLINGS,
    tokens=_TOKENS,
    forbidden=frozenset({"--", "/*"}),
    starts=("SELECT", "WITH", "VALUES", "TABLE"),
    functions_file="postgres_functions.txt",
    table_functions=frozenset(_TABLE_FUNCTIONS.split()),
    grammar=frozenset(_GRAMMAR.split()),
    syntax=frozenset(_SYNTAX.split()),
    row_functions=frozenset(_ROW_FUNCTIONS.split()),
    check=check,
    attempted="{}",
    text_type="text",
    any_value="(array_agg({}))[1]",
    same=_same,
    pseudonym=(
        "left(encode(sha256(decode('{outer}', 'hex') || sha256(decode('{inner}', 'hex') || "
        "convert_to(CAST({value} AS text), 'UTF8'))), 'hex'), 32)"
    ),
    pseudonymous=re.compile(
        r"(SMALL|BIG)INT|INTEGER|DECIMAL\(\d{1,2},\d{1,2}\)|VARCHAR|UUID|BOOLEAN|ENUM\(.*\)", re.ASCII | re.DOTALL
    ),
    cutoffs={
        "DATE": lambda at: f"DATE '{at.date().isoformat()}'",
        "TIMESTAMP": _timestamp,
        "TIMESTAMP WITH TIME ZONE": lambda at: f"TIMESTAMPTZ '{at.isoformat(sep=' ')}+00'",
    },
    coarse=_coarse,
    predicate=_predicate,
    may_fail=total.postgres,
    factor="CAST({} AS numeric)",
    outer_functions=frozenset(_OUTER_FUNCTIONS.split()),
    whole="SELECT * FROM",
    attributes_call=True,
    qualifiers=frozenset({"pg_catalog"}),
    subquery=" AS bailee_parts",
    longest_name=63,
    instead={
        "Lock": "take out FOR UPDATE or FOR SHARE, for nothing is changed",
        "Into": "take out INTO, for nothing is stored",
        "TableSample": "write `WHERE random() < 0.1`",
        "ObjectIdentifier": "the names of catalogue objects cannot be looked up",
        "Operator": "write the operator alone",
        "Placeholder": "write the value itself",
        "Parameter": "write the value itself",
        "Command": "ask with SELECT",
    },
)
