"""Whether a workspace's engines can be used: reached, fenced, fitting the data map, and with no right too many."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from bailee.engines import Engine, Finding
from bailee.errors import EngineError, Problem, WorkspaceError
from bailee.gate.connections import Connection, opened
from bailee.gate.settings import MAP, Settings, connection
from bailee.policy.model import DataMap

#: What is tried first, so that an engine which answers at all has shown that its fence holds.
_Opened = Callable[[Connection], Engine]


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


def examine(settings: Settings, datamap: DataMap, name: str | None) -> Examined:
    """Connect to an engine and look at it; nothing of the company's data is read."""
    from bailee.rewrite.fits import misfits
    from bailee.rewrite.store import Store

    at = connection(settings, name)
    began = time.perf_counter()
    try:
        engine = opened(at, settings.limits)
        try:
            catalog = engine.catalog()
            seconds = time.perf_counter() - began
            store = Store(datamap, catalog, engine.dialect)
            findings = engine.examine(_mapped(store))
        finally:
            engine.close()
    except (EngineError, WorkspaceError) as error:
        return Examined(name, at.kind, at.name, str(error))
    problems = tuple(misfits(datamap, catalog, MAP, engine.dialect))
    return Examined(name, at.kind, at.name, None, seconds, tuple(store.names()), problems, findings)


def grants(settings: Settings, datamap: DataMap, name: str | None) -> tuple[str, ...]:
    """The SQL that gives an engine's login what it needs, and no more; raises EngineError where it cannot be reached."""
    from bailee.rewrite.store import Store

    engine = opened(connection(settings, name), settings.limits)
    try:
        return engine.grants(_mapped(Store(datamap, engine.catalog(), engine.dialect)))
    finally:
        engine.close()


def _mapped(store: Store) -> Mapping[tuple[str, str], Collection[str]]:
    """The columns of the database that the data map names, by schema and table."""
    every = (store.of(name) for name in store.names())
    return {(each.schema, each.name): [each.spelling[folded] for folded in each.mapped] for each in every}
