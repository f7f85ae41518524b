"""Spark's types in the words that all engines share."""

from __future__ import annotations

from typing import Any

_NAMES = {
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "string": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "timestamp_ntz": "TIMESTAMP",
    "binary": "BLOB",
}
_BLANK_PADDED = "__CHAR_VARCHAR_TYPE_STRING"


def shared(field: Any) -> str:
    """The type of a Spark column: DuckDB's name for it where there is one, else Spark's own in capitals.

    CHAR(n) is blank-padded and a collated string equals other spellings, so neither is VARCHAR and neither is a key.
    """
    own: str = field.dataType.simpleString()
    declared = str((field.metadata or {}).get(_BLANK_PADDED, ""))
    if declared.lower().startswith("char("):
        return declared.upper()
    if own.startswith("string collate "):
        collation = own.removeprefix("string collate ")
        return "VARCHAR" if collation.upper() == "UTF8_BINARY" else f"VARCHAR COLLATE {collation}"
    if own.startswith("time("):
        return "TIME"
    return _NAMES.get(own, own.upper())
