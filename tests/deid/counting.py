"""Publishing and counting in a real DuckDB, as an engine does it."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from bailee.deid import Recoding
from bailee.deid.publication import PREFIX, counting, counting_sensitive, publishing
from bailee.deid.verification import Count, Counted
from bailee.engines.duckdb.counting import select


def publish(raw: pa.Table, recoding: Recoding, carried: Sequence[str] = ()) -> pa.Table:
    """The published table, by SQL."""
    names = [form.name for form in recoding.forms]
    with duckdb.connect() as con:
        tables = {"raw": raw, "mapping": recoding.mapping(PREFIX)}
        return select(con, publishing("raw", "mapping", names, carried), tables)


def count(
    published: pa.Table, names: Sequence[str], sensitive: Sequence[str] = (), whole: pa.Table | None = None
) -> Count:
    """What SQL counts of a published table; `whole` is the raw table."""
    with duckdb.connect() as con:
        tables = {"published": published, "whole": published if whole is None else whole}
        row = select(con, counting("published", names), tables).to_pylist()[0]
        each = {
            name: Counted(**select(con, counting_sensitive("published", names, name, "whole"), tables).to_pylist()[0])
            for name in sensitive
        }
    return Count(row["classes"], row["rows"], row["k"], each)
