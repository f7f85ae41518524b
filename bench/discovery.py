"""How often `bailee map suggest` is right, and how long it takes over many rows.

Right is measured on made tables (`tests/deid/discovery/made.py`: Faker's people, SYNTHETIC) of places by which the
weights were chosen and of others that were kept apart, and, where `BAILEE_GROCER` names a workspace of the grocer's,
on its real tables with the shipped data map as the truth. Beside it is what the names alone would have said. Free text
is not searched by a model of language here. `BAILEE_DISCOVERY_ROWS` says of how many rows the long table is.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb

# As on a machine without it, so that figures are the same everywhere.
sys.modules["presidio_analyzer"] = None  # type: ignore[assignment]

from bailee.deid.discovery import Column, Suggestion, judge  # noqa: E402
from bailee.engines import Limits  # noqa: E402
from bailee.gate.connections import Connection  # noqa: E402
from bailee.gate.discovery.discovering import discover  # noqa: E402
from bailee.gate.discovery.found import Discovered  # noqa: E402
from bailee.policy.model import DataMap  # noqa: E402
from bench.figure import Figure  # noqa: E402
from tests.deid.discovery import judging, made  # noqa: E402

MANY = int(os.environ.get("BAILEE_DISCOVERY_ROWS", "10000000"))
Told = dict[tuple[str, str], Suggestion]

_LONG = """CREATE TABLE long AS SELECT i AS visit_id, 'user' || (i * 7919 % 900000) || '@example.org' AS c1,
'+1 202 555 ' || lpad((i * 31 % 10000)::VARCHAR, 4, '0') AS c2, (i % 977) || ' Main Street' AS c3,
['Lyon', 'Bath', 'Graz', 'Gent', 'Oslo', 'Cork', 'Turin', 'Porto', 'Ulm', 'Nice', 'Metz', 'Bern'][1 + i % 12] AS c4,
i * 0.37 AS c5, TIMESTAMP '2024-01-01' + INTERVAL (i % 60000000) SECOND AS c6,
'asked about parcel ' || i || ' and wants to hear from us next week' AS c7 FROM range({rows}) t(i)"""


def rows() -> list[Figure]:
    """Judge, then measure."""
    found = list(real())
    for called, places in (("seen", made.SEEN), ("held out", made.HELD_OUT)):
        found += quality(called, places)
    return [*found, *speed()]


def look(file: Path) -> Discovered:
    """A whole look at a DuckDB file under an empty map."""
    return discover(Connection(database=file), Limits(), DataMap({}, {}), datetime.now(UTC), os.urandom(32))


def look_at(places: list[tuple[str, ...]]) -> tuple[tuple[made.Truth, ...], Told, Discovered]:
    """The truth about made tables, what was suggested of each column, and all that was found."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "made.duckdb"
        truths = judging.load(file, made.tables(places))
        found = look(file)
    return truths, judging.told(found), found


def by_names(told: Told) -> Told:
    """What names alone would have said."""
    return {(t, c): judge(Column(t, c, each.type), headers_only=True) for (t, c), each in told.items()}


def quality(called: str, places: list[tuple[str, ...]]) -> Iterator[Figure]:
    """Precision and recall on made tables, with and without headers that tell."""
    truths, told, found = look_at(places)
    alone = by_names(told)
    for informative, headers in ((True, "headers that tell"), (False, "headers that do not")):
        mine = [truth for truth in truths if truth.informative == informative]
        yield from _scores(f"{called}, {headers}", mine, told)
        if informative:
            yield from _scores(f"{called}, {headers}, by names alone", mine, alone)
    wrong = sum(
        table.personal is False and any(t.table == table.name and t.category for t in truths) for table in found.tables
    )
    yield Figure(f"{called}: tables of people taken for nobody's", wrong, "tables", "0", wrong == 0)


def real() -> Iterator[Figure]:
    """Precision and recall on the grocer's tables."""
    home = os.environ.get("BAILEE_GROCER")
    if home is None:
        return
    from bailee.policy.datamap import load_map

    datamap = load_map(Path(home) / "datamap.yaml")
    found = look(Path(home) / "warehouse.duckdb")
    told = judging.told(found)
    yield from _scores("grocer", judging.truths_of(datamap), told)
    yield from _scores("grocer, by names alone", judging.truths_of(datamap), by_names(told))
    people = {table.name for table in datamap.tables.values() if table.personal}
    right = sum(table.personal == (table.name in people) for table in found.tables)
    yield Figure("grocer: tables of which whose they are is right", right, f"of {len(found.tables)} tables")
    wrong = sum(table.personal is False and table.name in people for table in found.tables)
    yield Figure("grocer: tables of people taken for nobody's", wrong, "tables", "0", wrong == 0)


def _scores(called: str, truths: list[made.Truth], told: Told) -> Iterator[Figure]:
    for degree in judging.DEGREES:
        score = judging.score(truths, told, degree)
        what = f"{called}, {degree if degree == 'sure' else f'{degree} or surer'}"
        yield Figure(f"{what}: precision", round(score.precision, 3), f"of {score.told} suggestions")
        yield Figure(f"{what}: recall", round(score.recall, 3), f"of {score.of} columns")


def speed() -> Iterator[Figure]:
    """Seconds for a table of eight columns, whole."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "long.duckdb"
        with duckdb.connect(str(file)) as con:
            con.execute(_LONG.format(rows=MANY))
        began = time.perf_counter()
        look(file)
        taken = time.perf_counter() - began
    yield Figure(f"{MANY:,} rows of 8 columns, 5 of them texts", round(taken, 1), "s")


if __name__ == "__main__":
    for figure in rows():
        sys.stdout.write(f"{figure.name}: {figure.value} {figure.unit}\n")
