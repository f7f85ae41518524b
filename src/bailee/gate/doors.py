"""Doors: a purpose's rows for tools that connect to the database themselves, by its own row-level security.

What goes through a door the gate does not see. So a door is a disclosure that concerns everybody in it: it is recorded
before it is made, and again before the rows of anybody new are put behind it. It shows what maintenance left, for so
long as that said it is right, and nothing under another policy or data map.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bailee.decide import Ruling
from bailee.engines import Finding, Place
from bailee.errors import Refused, WorkspaceError
from bailee.gate.record import ANSWERED, REFUSED, Recorder, actor_json, refusal
from bailee.people import documents
from bailee.people.standing import Standing
from bailee.policy.model import DataMap
from bailee.rewrite.reasons import refused
from bailee.vocabulary import Actor, Effect, Use

if TYPE_CHECKING:
    from bailee.engines.postgres.doors import Name, Opening
    from bailee.engines.postgres.engine import Postgres
    from bailee.rewrite.door import LeftOut

#: Seconds for which a door shows what maintenance left.
LAG = 300.0
LONGEST_LAG = 86_400.0


@dataclass(frozen=True, slots=True)
class Door:
    """A door as it is made: the statements, those that take it away, what to know first, and what is left out.

    `receipt` is the ledger's entry. `tables` has the columns shown, by the map's names of tables.
    """

    role: str
    statements: tuple[str, ...]
    undo: tuple[str, ...]
    changes: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    tables: Mapping[str, tuple[str, ...]]
    receipt: int
    ran: bool = False


class Doors:
    """The doors of one engine; on record in Bailee's own database, so that maintenance records what they show."""

    def __init__(self, recorder: Recorder, datamap: DataMap, engine: str, rule: Callable[[Use], Ruling]) -> None:
        self._recorder, self._map, self._rule = recorder, datamap, rule
        self._name = f"doors of the engine {engine}"

    def make(
        self,
        engine: Postgres,
        ruling: Ruling,
        role: str,
        standing: Standing,
        at: datetime,
        lag: float,
        owner: str | None,
    ) -> Door:
        """Record a door and write its statements; with an `owner`'s URL, run them too.

        Raises Refused, recorded, where the policy or the database's own means do not allow it.
        """
        from bailee.engines.postgres import doors

        private: dict[str, object] = {"question": "row-level security", "role": role, "lag_ms": int(lag * 1000)}
        try:
            if not 0 < lag <= LONGEST_LAG:
                raise WorkspaceError(f"a lag of {lag:g} seconds cannot be; expected more than 0, up to {LONGEST_LAG:g}")
            tables, left = self._openings(engine, ruling, lag)
            found = engine.reading(role, _names(tables.values()))
            if found.problems:
                raise refused("door_unsafe", found="; ".join(found.problems))
        except Refused as error:
            error.receipt = self._recorder.use(ruling, REFUSED, {**private, **refusal(error)}, at)
            raise
        shown = {name: tuple(each.columns) for name, each in tables.items()}
        private |= {"tables": sorted(shown), "columns": [[t, c, "clear"] for t in shown for c in shown[t]]}
        self._remember(role, ruling, tables, standing.version)
        receipt = self._record(ruling, private, standing, at)
        about = f"made by Bailee for {ruling.use.purpose}, ledger entry {receipt}"
        statements = doors.opening(role, list(tables.values()), found, about)
        undo = doors.closing(role, _names(tables.values()), doors.after(role, list(tables.values()), found))
        if owner is not None:
            doors.run(owner, statements)
        return Door(
            role,
            statements,
            undo,
            doors.changes(role, list(tables.values()), found),
            left,
            shown,
            receipt,
            owner is not None,
        )

    def undo(self, engine: Postgres, role: str, owner: str | None) -> tuple[str, ...]:
        """The statements that take a role's door away; with an `owner`'s URL they are run, and it is forgotten."""
        from bailee.engines.postgres import doors

        known = {door["role"]: door for door in self._known()}
        if role not in known:
            raise WorkspaceError(f"no door was made for `{role}`; there are doors for {_listed(known)}")
        names = _pairs(known[role]["places"])
        statements = doors.closing(role, names, engine.reading(role, names))
        if owner is not None:
            doors.run(owner, statements)
            self._keep([door for door in self._known() if door["role"] != role])
        return statements

    def before(self, standing: Standing, at: datetime) -> None:
        """Record every door over a standing that it is about to show."""
        known = self._known()
        for door in known:
            ruling = self._rule(_use(door))
            shut = not ruling.permitted or door["policy"] != self._recorder.announcement
            if shut or door["version"] == standing.version:
                continue
            private: dict[str, object] = {"question": "row-level security", "role": door["role"]}
            private["tables"] = sorted(door["tables"])
            self._record(ruling, private, standing, at)
            door["version"] = standing.version
        if known:
            self._keep(known)

    def examine(self, engine: Postgres) -> Iterator[Finding]:
        """What is amiss with the doors that were made."""
        from bailee.engines.postgres import doors

        for door in self._known():
            role, names = door["role"], _pairs(door["places"])
            again = f"run `bailee engines emit-rls` for `{role}` again, or with --undo"
            if door["policy"] != self._recorder.announcement:
                yield Finding("missing", f"the door for `{role}` is of another policy or data map, and shut", again)
            found = engine.reading(role, names)
            for problem in found.problems:
                yield Finding("wide", problem, "see to it, or take the door away: --undo")
            personal = _pairs(door["personal"])
            ours = set(doors.policies_of(role))
            gone = [
                f"{schema}.{table}"
                for schema, table in personal
                if not ours <= set(found.policies[schema, table]) or (schema, table) not in found.on
            ]
            if gone and len(gone) == len(personal):
                yield Finding("missing", f"the door for `{role}` was written and is not there", again)
            elif gone:
                yield Finding("wide", f"the door for `{role}` has lost its policies on {', '.join(gone)}", again)

    def _openings(self, engine: Postgres, ruling: Ruling, lag: float) -> tuple[dict[str, Opening], tuple[LeftOut, ...]]:
        from bailee.engines.postgres import doors
        from bailee.engines.postgres.doors import Opening
        from bailee.engines.postgres.quoting import quoted
        from bailee.rewrite.dialects import named
        from bailee.rewrite.door import doorways
        from bailee.rewrite.store import Store

        if not ruling.permitted or ruling.purpose is None:
            raise Refused(ruling.reasons)
        release = ruling.purpose.release
        if release.min_group is not None or release.epsilon is not None:
            found = f"`{ruling.purpose.key}` is answered about groups (`release`), which no policy can count"
            raise refused("door_unsafe", found=found)
        store = Store(self._map, engine.catalog(), named(engine.dialect))

        def bit(place: Place, held: int) -> str:
            relation = f"{quoted(place.schema)}.{quoted(place.table)}"
            return doors.bit(relation, self._recorder.announcement, lag, held)

        made, left = doorways(ruling, store, bit)
        if not any(each.condition for each in made):
            raise refused("door_unsafe", found="; ".join(map(str, left)) or "there is no table to show")
        return {each.table: Opening(each.schema, each.name, each.columns, each.condition) for each in made}, left

    def _record(self, ruling: Ruling, private: Mapping[str, object], standing: Standing, at: datetime) -> int:
        """As a standing export: everybody who stands is in it, and nobody is named."""
        said = {**private, "customers": None, "version": standing.version}
        return self._recorder.use(ruling, ANSWERED, said, at, as_of=at, standing=standing)

    def _remember(self, role: str, ruling: Ruling, tables: Mapping[str, Opening], version: int) -> None:
        """Before it is recorded: a door that was recorded and not made is looked for in vain, which is told."""
        use = ruling.use
        door = {
            "role": role,
            "use": {"purpose": use.purpose, "effect": use.effect, "recipient": use.recipient},
            "actor": actor_json(use.actor),
            "tables": list(tables),
            "places": _names(tables.values()),
            "personal": _names(each for each in tables.values() if each.condition is not None),
            "policy": self._recorder.announcement,
            "version": version,
        }
        self._keep([*(each for each in self._known() if each["role"] != role), door])

    def _known(self) -> list[dict[str, Any]]:
        with self._recorder.database.read() as connection:
            text = documents.setting(connection, self._name)
        return [] if text is None else json.loads(text)

    def _keep(self, doors: list[dict[str, Any]]) -> None:
        with self._recorder.database.write() as connection:
            documents.set_setting(connection, self._name, json.dumps(doors))


def _use(door: Mapping[str, Any]) -> Use:
    who, said = door["actor"], door["use"]
    actor = Actor(who["name"], frozenset(who["roles"]), frozenset(who["trained"]), who["self_declared"])
    effect = None if said["effect"] is None else Effect(said["effect"])
    return Use(said["purpose"], actor, effect, said["recipient"])


def _names(tables: Iterable[Opening]) -> list[Name]:
    return [(each.schema, each.name) for each in tables]


def _pairs(names: Iterable[Sequence[str]]) -> list[Name]:
    return [(schema, table) for schema, table in names]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) or "nobody"
