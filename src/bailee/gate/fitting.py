"""Whether a workspace's data map fits the databases that it is about."""

from __future__ import annotations

from collections.abc import Iterator

from bailee.errors import EngineError, Problem, WorkspaceError
from bailee.gate.connections import Connection, opened
from bailee.gate.settings import FILE, MAP, Settings
from bailee.policy.model import DataMap


def misfits(settings: Settings, datamap: DataMap) -> Iterator[Problem]:
    """What the map names and a database lacks, or why one cannot be opened; nothing for a file that is not there yet.

    Of the further engines each says its name.
    """
    yield from _misfits(settings, settings.engine, datamap)
    for name, connection in settings.engines.items():
        for problem in _misfits(settings, connection, datamap):
            yield Problem(problem.file, problem.line, problem.column, f"engine `{name}`: {problem.message}")


def _misfits(settings: Settings, connection: Connection, datamap: DataMap) -> Iterator[Problem]:
    if connection.database is not None and not connection.database.exists():
        return
    from bailee.rewrite.dialects import named
    from bailee.rewrite.fits import misfits as found

    try:
        engine = opened(connection, settings.limits)
        try:
            catalog, dialect = engine.catalog(), named(engine.dialect)
        finally:
            engine.close()
    except (EngineError, WorkspaceError) as error:
        yield Problem(FILE, 1, 1, str(error))
        return
    yield from found(datamap, catalog, MAP, dialect)
