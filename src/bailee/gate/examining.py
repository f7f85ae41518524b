"""Whether a workspace's engines can be used: reached, fenced, fitting the data map, and with no right too many."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from bailee.engines import Finding, Mapped, Place
from bailee.errors import EngineError, Problem, WorkspaceError
from bailee.gate.connections import POSTGRES, Connection, address, opened
from bailee.gate.settings import MAP, Settings, connection
from bailee.gate.standing_columns import declared
from bailee.policy.model import DataMap

if TYPE_CHECKING:
    from bailee.gate.doors import Doors
    from bailee.rewrite.store import Store


@dataclass(frozen=True, slots=True)
class Examined:
    """One engine as it was found: `why` says why it cannot be used, None where it can.

    `tables` are those of the data map that it has, `problems` where map and database differ, `findings` what of the
    rights that it was given is missing or too wide. `seconds` is how long it took to connect and prove its fence.
    """

    name: str | None
    kind: str
    where: str
    why: str | None = None
    seconds: float = 0.0
    tables: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing is amiss; what is too wide is."""
        return self.why is None and not self.problems and not self.findings


def listed(settings: Settings) -> tuple[tuple[str | None, Connection], ...]:
    """The engines of a workspace by name, that of `[engine]` first, which has none."""
    return ((None, settings.engine), *settings.engines.items())


def examine(settings: Settings, datamap: DataMap, name: str | None, doors: Doors) -> Examined:
    """Connect to an engine and look at it; nothing of the company's data is read."""
    from bailee.rewrite.dialects import named
    from bailee.rewrite.fits import misfits
    from bailee.rewrite.store import Store

    at = connection(settings, name)
    began = time.perf_counter()
    try:
        engine = opened(at, settings.limits)
        try:
            catalog = engine.catalog()
            seconds = time.perf_counter() - began
            dialect = named(engine.dialect)
            store = Store(datamap, catalog, dialect)
            findings = engine.examine(_mapped(store), list(declared(datamap, catalog, engine.dialect)))
            if at.kind == POSTGRES:
                findings = (*findings, *doors.examine(engine))  # type: ignore[arg-type]  # of that kind
        finally:
            engine.close()
    except (EngineError, WorkspaceError) as error:
        return Examined(name, at.kind, at.name, str(error))
    problems = tuple(misfits(datamap, catalog, MAP, dialect))
    return Examined(name, at.kind, at.name, None, seconds, tuple(store.names()), problems, findings)


def grants(settings: Settings, datamap: DataMap, name: str | None) -> tuple[str, ...]:
    """The SQL that gives an engine's login what it needs, and no more; none for a kind that has no rights to give.

    Nobody need be able to log in yet: tables and columns are those of the data map, the login and database the URL's.
    """
    at = connection(settings, name)
    if at.kind != POSTGRES:
        return ()
    from bailee.engines.postgres.setup import statements
    from bailee.rewrite.dialects import named

    url = urlsplit(address(at))
    if not url.username or not url.path.strip("/"):
        raise WorkspaceError(f"`{at.name}` names no user and database, expected `postgresql://user@host/database`")
    schema = named(at.kind).schema
    mapped = {_place(table.name, schema): list(table.columns) for table in datamap.tables.values()}
    columns = [
        Place(*_place(table.name, schema), table.standing, table.subjects[0])
        for table in datamap.tables.values()
        if table.standing is not None
    ]
    return statements(mapped, unquote(url.username), unquote(url.path.strip("/")), columns)


def _place(name: str, schema: str) -> tuple[str, str]:
    before, dot, rest = name.partition(".")
    return (before, rest) if dot else (schema, name)


def _mapped(store: Store) -> Mapped:
    """The columns of the database that the data map names, by schema and table."""
    every = (store.of(name) for name in store.names())
    return {(each.schema, each.name): [each.spelling[folded] for folded in each.mapped] for each in every}
