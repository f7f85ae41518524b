"""Whether a workspace's data map fits the database that it is about."""

from __future__ import annotations

from collections.abc import Iterator

from bailee.errors import EngineUnavailable, Problem
from bailee.gate.settings import FILE, MAP, Settings
from bailee.policy.model import DataMap


def misfits(settings: Settings, datamap: DataMap) -> Iterator[Problem]:
    """What the map names and the database lacks, or why the database cannot be opened; nothing while there is none."""
    if not settings.database.exists():
        return
    from bailee.engines.duckdb.engine import DuckDB
    from bailee.rewrite.fits import misfits as found

    try:
        with DuckDB(settings.database, limits=settings.limits) as engine:
            catalog = engine.catalog()
    except EngineUnavailable as error:
        yield Problem(FILE, 1, 1, str(error))
        return
    yield from found(datamap, catalog, MAP)
