"""Runs governed questions: the engine's allow tables follow standing, and an answer honours the newest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bailee.decide import Ruling
from bailee.engines import Engine, Place, Result, View
from bailee.errors import EngineError, EngineUnavailable, Stale
from bailee.gate.standing_columns import Columns, Fresh
from bailee.gate.turns import Line, Turn
from bailee.gate.ways import Way, ways
from bailee.people import customers
from bailee.people.database import Database
from bailee.people.keys import PseudonymKeys
from bailee.people.standing import Numbers, Standing
from bailee.rewrite import Allow, Governed

if TYPE_CHECKING:
    from bailee.gate.noising import Noising

TRIES = 4
#: Members of an allow table whose keys are in memory at once.
SOME = 1_000_000
#: Engines whose allow tables several servers share, so that a part of a whole must never stand there.
SHARED = frozenset({"postgres"})
OTHERWISE = "its standing column is not as Bailee left it; run `bailee engines maintain`"


@dataclass(frozen=True, slots=True)
class _Held:
    """What an allow table in the engine holds: the members of a slot in a snapshot, with pseudonyms or without."""

    generation: int
    standing: Standing
    pseudonyms: bool
    span: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class _Everybody:
    """The keys of members, read some at a time whenever they are gone through."""

    keys: Callable[[Numbers], list[str]]
    members: Numbers

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self.members), SOME):
            yield from self.keys(self.members[start : start + SOME])


class Sets:
    """One engine and what its allow tables hold, and the standing columns of its file; one question at a time."""

    def __init__(self, engine: Engine, keys: PseudonymKeys, database: Database, columns: Columns | None = None) -> None:
        self.engine, self.keys, self._database, self.columns = engine, keys, database, columns
        self._held: dict[str, _Held] = {}
        #: Where questions stand; whoever runs one has its turn.
        self.line = Line(engine.cancel)

    def run(
        self,
        governed: Governed,
        ruling: Ruling,
        standing: Callable[[], Standing],
        cutoff: datetime | None,
        generation: int,
        turn: Turn,
        noising: Noising | None = None,
    ) -> tuple[Result, Standing, tuple[Way, ...]]:
        """Answer a governed question, whose turn has come, over the newest standing.

        Says of each governed relation how its rows were held against standing. Where figures need noise, `noising` adds
        it, and nothing goes on without: exact figures never leave this method.

        Raises Stale if the engine is not, or no longer, of the generation over whose catalogue it was rewritten.
        """
        if (governed.noise is None) != (noising is None):
            raise ValueError("what needs noise is answered with noise, and nothing else is")
        declared = frozenset[str]() if self.columns is None else self.columns.tables
        otherwise: str | None = None
        for attempt in range(TRIES):
            turn.must_go_on()
            now = standing()
            fresh = Fresh(why=otherwise) if otherwise else self._fresh(governed, now)
            try:
                result, spans = self._ask(governed, now, cutoff, self._secret(ruling), fresh)
            except Stale:
                # Another server may be ahead, and have made the very change that the newest standing asks for.
                if attempt:
                    self._held.clear()
                if fresh.marks:
                    otherwise = OTHERWISE
                result, spans = None, {}
            if self.engine.generation != generation:
                raise Stale("the engine started again, over a database that may be another")
            if result is not None and self._still(governed, fresh):
                if noising is not None:
                    turn.must_go_on()
                    result = self._shape(governed, noising(result.table))
                return result, now, ways(governed, fresh, spans, declared)
        raise EngineUnavailable("the data changes faster than it can be asked; ask again")

    def _fresh(self, governed: Governed, now: Standing) -> Fresh:
        """The standing columns that a question over this standing may use."""
        if self.columns is None or not self.columns.tables.intersection(governed.tables):
            return Fresh()
        return self.columns.fresh(now)

    def _still(self, governed: Governed, fresh: Fresh) -> bool:
        """Whether the columns were fresh when they were read, if they were used.

        DuckDB holds its file against writers, so it is what it was when the question read it.
        """
        return not _used(governed, fresh) or (self.columns is not None and self.columns.still(fresh))

    def _secret(self, ruling: Ruling) -> bytes:
        """The key of pseudonyms for a purpose and whoever receives them."""
        to = next(iter(ruling.recipients)) if len(ruling.recipients) == 1 else ruling.use.recipient
        return self.keys.key_for(ruling.use.purpose, to)

    def _ask(
        self, governed: Governed, now: Standing, cutoff: datetime | None, secret: bytes, fresh: Fresh
    ) -> tuple[Result, dict[str, tuple[int, int]]]:
        """The rows, and the spans of masks that there were; a column comes first, then a mask, then a join."""
        needed = governed.joined(fresh.places)
        try:
            for clean in governed.clean:
                self.engine.clean(clean.name, "1", clean.sql)
            for allow in needed:
                self._refresh(allow, now, secret)
        except EngineError as error:
            error.position = None  # in SQL that the asker did not write
            raise
        at = {allow.name: now.version for allow in needed}
        held = ((name, self._held[name].span) for name in at)
        spans = {name: span for name, span in held if span is not None}
        views = governed.bind(cutoff, secret, spans, fresh.places)
        masks = {masked.allow: spans[masked.allow] for masked in governed.masked.values() if masked.allow in spans}
        marks = {place: fresh.marks[place] for place in _used(governed, fresh) if place in fresh.marks}
        try:
            sql = governed.sql if governed.noise is None else governed.noise.sql
            unique = () if governed.noise is None else governed.noise.unique
            return self.engine.ask(views, sql, allow=at, masks=masks, columns=marks, unique=unique), spans
        except EngineError as error:
            # A question about groups is written anew, so a place in it is none in the asker's text.
            if error.position is not None:
                error.position = None if governed.aggregate else governed.place(error.position)
            raise

    def _shape(self, governed: Governed, noisy: View) -> Result:
        """What the asker's own SELECT makes of noisy figures."""
        try:
            return self.engine.ask((noisy,), governed.sql, allow={})
        except Stale:
            raise EngineUnavailable("the engine started again while it answered; what was spent is spent") from None
        except EngineError as error:
            error.position = None  # in SQL that was put together from the asker's
            raise

    def _refresh(self, allow: Allow, now: Standing, secret: bytes) -> None:
        """Bring one allow table to a snapshot: by what changed where it can be, else whole."""
        held = self._held.get(allow.name)
        if held is not None and (held.generation != self.engine.generation or held.standing.policy != now.policy):
            held = None
        pseudonyms = allow.pseudonyms or (held is not None and held.pseudonyms)
        key = secret if pseudonyms else None
        change = None
        if held is not None and held.pseudonyms == pseudonyms:
            if held.standing.version == now.version:
                return
            change = self._change(allow.slot, held.standing, now)
        if held is not None and change is not None:
            add, remove = change
            base = held.standing.version
            span = self.engine.allow(
                allow.name, allow.key_type, add, remove=remove, sequence=now.version, base=base, secret=key
            ).span
        else:
            span = self._whole(allow, now, key)
        self._held[allow.name] = _Held(self.engine.generation, now, pseudonyms, span)

    def _whole(self, allow: Allow, now: Standing, secret: bytes | None) -> tuple[int, int] | None:
        """Make an allow table of all who stand, some at a time, so that their keys never are in memory together."""
        members, span = now.members(allow.slot), None
        if self.engine.dialect in SHARED:
            everybody = _Everybody(self._keys, members)
            return self.engine.allow(allow.name, allow.key_type, everybody, sequence=now.version, secret=secret).span
        for start in range(0, max(len(members), 1), SOME):
            base = now.version if start else None
            add = self._keys(members[start : start + SOME])
            span = self.engine.allow(
                allow.name, allow.key_type, add, sequence=now.version, base=base, secret=secret
            ).span
        return span

    def _change(self, slot: int, before: Standing, now: Standing) -> tuple[list[str], list[str]] | None:
        """The keys to add and to remove; None where somebody goes who was erased, so that their key is not known."""
        added, removed = now.difference(slot, before)
        gone = self._keys(removed)
        return (self._keys(added), gone) if len(gone) == len(removed) else None

    def _keys(self, numbers: Numbers) -> list[str]:
        """The keys of customers, without those of the erased."""
        with self._database.read() as connection:
            return [key for key in customers.keys(connection, numbers.tolist()) if key is not None]


def _used(governed: Governed, fresh: Fresh) -> set[Place]:
    """The standing columns that a question uses."""
    return {columned.place for columned in governed.columned.values() if columned.place in fresh.places}
