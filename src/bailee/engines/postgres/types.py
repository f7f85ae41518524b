"""PostgreSQL's types: how a column of an answer becomes Arrow, and what a table's column is called elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bailee.engines.postgres.columns import Decode

_NUMERIC = 1700
_HEADER = 4  # of a typmod, in bytes
_DECIMAL_DIGITS = 76

#: What `Known` is read from.
SELECT_TYPES = (
    "SELECT oid::bigint, typtype::text, typelem::bigint, typcategory = 'A' AND typsubscript = "
    "'pg_catalog.array_subscript_handler'::regproc FROM pg_catalog.pg_type WHERE oid = ANY (%s::bigint[]::oid[])"
)


class Known(NamedTuple):
    """What the catalogue says of a type: an enumeration, or an array of what."""

    enum: bool
    element: int | None


class Reading(NamedTuple):
    """How a column is read: its decoder, and the type that it must be cast to first where it has none of its own.

    One that `waits` has a scale that only its last batch settles.
    """

    decode: Decode
    cast: str | None = None
    waits: bool = False


def reading(oid: int, modifier: int, known: Mapping[int, Known]) -> Reading:
    """How to read a column of a type. What has no Arrow type (addresses, ranges, rows, bits, ..) comes as its text."""
    from bailee.engines.postgres import columns

    found = known.get(oid, Known(False, None))
    if found.element is not None:
        inner = reading(found.element, modifier, known)
        return Reading(columns.array(inner.decode), inner.cast and inner.cast + "[]", inner.waits)
    if oid == _NUMERIC:
        precision, scale = precision_and_scale(modifier)
        return Reading(columns.Numeric(precision, scale), waits=precision is None)
    decode = _decoders().get(oid)
    if decode is not None:
        return Reading(decode)
    return Reading(columns.text, None if found.enum else "pg_catalog.text")


def is_known(oid: int) -> bool:
    """Whether a type can be read without a look into the catalogue."""
    return oid == _NUMERIC or oid in _decoders()


def precision_and_scale(modifier: int) -> tuple[int, int] | tuple[None, None]:
    """What `numeric(p, s)` was declared with; nothing where it was not, or where Arrow has no such decimal."""
    if modifier < _HEADER:
        return None, None
    precision = ((modifier - _HEADER) >> 16) & 0xFFFF
    scale = (((modifier - _HEADER) & 0x7FF) ^ 1024) - 1024
    return (precision, scale) if 0 <= scale <= precision <= _DECIMAL_DIGITS else (None, None)


def _decoders() -> Mapping[int, Decode]:
    from bailee.engines.postgres import columns

    return {
        16: columns.boolean,
        17: columns.binary,
        19: columns.text,  # name
        20: columns.whole(8),
        21: columns.whole(2),
        23: columns.whole(4),
        25: columns.text,
        26: columns.unsigned,  # oid
        114: columns.text,  # json
        700: columns.real(4),
        701: columns.real(8),
        1042: columns.text,  # char(n)
        1043: columns.text,  # varchar
        1082: columns.date,
        1083: columns.time,
        1114: columns.timestamp(None),
        1184: columns.timestamp("UTC"),
        1186: columns.interval,
        2950: columns.uuid,
        3802: columns.jsonb,
    }


_NAMES = {
    "bool": "BOOLEAN",
    "int2": "SMALLINT",
    "int4": "INTEGER",
    "int8": "BIGINT",
    "float4": "FLOAT",
    "float8": "DOUBLE",
    "text": "VARCHAR",
    "varchar": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
    "time": "TIME",
    "uuid": "UUID",
    "bytea": "BLOB",
    "json": "JSON",
    "jsonb": "JSON",
}


class Described(NamedTuple):
    """A column's type as the catalogue has it, once domains are resolved: its name there and how it is written."""

    builtin: bool
    name: str
    modifier: int
    written: str
    labels: tuple[str, ...] | None
    #: The collation that makes texts equal which are not the same, if it has one.
    collation: str | None


def called(column: Described) -> str:
    """The type in the words that all engines share; its own name in capitals where they have none for it."""
    if column.labels is not None:
        return "ENUM(" + ", ".join("'" + label.replace("'", "''") + "'" for label in column.labels) + ")"
    if column.builtin and column.name == "numeric":
        precision, scale = precision_and_scale(column.modifier)
        return "DECIMAL" if precision is None or precision > 38 else f"DECIMAL({precision},{scale})"
    if column.builtin and column.name == "bpchar":
        return f"CHAR({column.modifier - _HEADER})" if column.modifier >= _HEADER else "CHAR"
    found = _NAMES.get(column.name) if column.builtin else None
    if found == "VARCHAR" and column.collation is not None:
        return f"VARCHAR COLLATE {column.collation}"
    if not column.builtin and column.name == "citext":
        return "VARCHAR COLLATE citext"
    return found or column.written.upper()
