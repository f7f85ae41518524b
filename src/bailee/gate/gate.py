"""The gate of one workspace: every way in which data, or a verdict about a customer, leaves Bailee."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from bailee.decide import Ruling
from bailee.decide.points import Checker
from bailee.errors import Refused, WorkspaceError
from bailee.gate import promise
from bailee.gate.answer import Answer, Receipt, StandingRow, Status
from bailee.gate.choices import Choices
from bailee.gate.ledger import Book, Proof, Replay, announce
from bailee.gate.points import Points
from bailee.gate.record import Recorder
from bailee.gate.settings import Settings
from bailee.gate.status import status
from bailee.people.choices import Recorded, Said
from bailee.people.database import Database
from bailee.people.keys import open_keys
from bailee.people.kinds import Kind
from bailee.people.standing import Board, Standing
from bailee.vocabulary import Actor, Effect, Use, Verdict

if TYPE_CHECKING:
    from bailee.engines.duckdb.engine import DuckDB
    from bailee.gate.questions import Questions
    from bailee.ledger.values import Head
    from bailee.people.imports import ImportReport

SOMEBODY = Actor("somebody")


def now() -> datetime:
    """This instant, in UTC."""
    return datetime.now(UTC)


class Gate:
    """The one door of a workspace; safe for threads. `bailee.open` makes it; close it, or use it in a `with`."""

    def __init__(
        self,
        home: Path,
        database: Database,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = now,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self.home, self.settings, self.clock = home, settings, clock
        self.database = database
        self.promise = promise.load(home, database, clock())
        self._recorder = Recorder(database, self.promise, random)
        announce(self._recorder, database, clock())
        self._board = Board(database)
        self._points = Points(self._recorder, self._fresh, clock, time.monotonic)
        self._choices = Choices(database, self._recorder)
        self.ledger = Book(database)
        self._engine: DuckDB | None = None
        self._questions: Questions | None = None

    def __enter__(self) -> Gate:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Record the last minute of every checker, then end the engine and let go of the database."""
        try:
            self._points.close()
        finally:
            if self._engine is not None:
                self._engine.close()
            self.database.close()

    # Decide -----------------------------------------------------------------------------------------------------

    def rule(
        self,
        purpose: str,
        *,
        effect: Effect | str | None = None,
        recipient: str | None = None,
        actor: Actor | None = None,
    ) -> Ruling:
        """The policy's answer to a use, before any customer; Refused for an effect that is none."""
        return self.promise.compiled.rule(Use(purpose, actor or SOMEBODY, _effect(effect), recipient))

    # Sets -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin starting the engine, so that the first question does not wait for it."""
        self._door()

    def ask(
        self,
        question: str,
        *,
        purpose: str,
        effect: Effect | str | None = None,
        recipient: str | None = None,
        actor: Actor | None = None,
    ) -> Answer:
        """Answer one SELECT for a purpose, as far as the promise allows, and record it first.

        Raises Refused with reasons, EngineError if the engine could not answer (both recorded), and RecordError if
        the ledger could not record; then nothing is released.
        """
        ruling = self.rule(purpose, effect=effect, recipient=recipient, actor=actor)
        return self._door().ask(question, ruling, self.clock(), self._fresh)

    def cancel(self) -> bool:
        """Stop the question that runs now, from any thread; whether there was one."""
        return self._engine is not None and self._engine.cancel()

    def standing(
        self, purpose: str, *, recipient: str | None = None, actor: Actor | None = None
    ) -> tuple[StandingRow, ...]:
        """Everybody's standing for a purpose, recorded as a question; raises Refused."""
        return self._points.everybody(self.rule(purpose, recipient=recipient, actor=actor))

    # Points -----------------------------------------------------------------------------------------------------

    def may(
        self,
        purpose: str,
        *,
        customer: object,
        effect: Effect | str | None = None,
        recipient: str | None = None,
        actor: Actor | None = None,
    ) -> Verdict:
        """May this customer's data be used so, now? `customer` is the company's key. Recorded."""
        ruling = self.rule(purpose, effect=effect, recipient=recipient, actor=actor)
        return self._points.may(ruling, str(customer))

    def checker(
        self,
        purpose: str,
        *,
        effect: Effect | str | None = None,
        recipient: str | None = None,
        actor: Actor | None = None,
    ) -> Checker:
        """A compiled look-up: `.may(key)` gives a verdict, recorded by the minute; `.close()` ends it.

        Raises Refused for a use that the policy refuses.
        """
        ruling = self.rule(purpose, effect=effect, recipient=recipient, actor=actor)
        return self._points.checker(ruling)

    # What customers say -----------------------------------------------------------------------------------------

    def choose(
        self,
        customer: object,
        act: str,
        purpose: str,
        *,
        instrument: str = "api",
        notice: str | None = None,
        language: str | None = None,
        evidence: str | None = None,
        recipient: str | None = None,
        channel: str | None = None,
        guardian: str | None = None,
        at: datetime | None = None,
        conflict_shown: bool = False,
    ) -> Receipt:
        """Record a grant, refusal, withdrawal or objection; once this returns, every later answer honours it.

        Raises FactRejected for what cannot be a choice; then nothing was recorded.
        """
        kind = Kind(purpose, str(act), str(instrument), notice, language, recipient, channel, conflict_shown)
        instant = self.clock()
        receipt = self._choices.record(Said(str(customer), kind, at or instant, guardian, evidence), instant)
        self._points.changed()
        return receipt

    def choices(self, customer: object) -> tuple[Recorded, ...]:
        """All that a customer said, oldest first; FactRejected if there is no such customer."""
        return self._choices.history(str(customer))

    def import_choices(
        self,
        path: Path | str,
        *,
        by: str = SOMEBODY.name,
        dry_run: bool = False,
        progress: Callable[[int, int], object] | None = None,
    ) -> ImportReport:
        """Import a CSV or Parquet file of choices, all or nothing; ImportRejected lists the lines that cannot be."""
        report = self._choices.import_file(Path(path), self.clock(), by, dry_run=dry_run, progress=progress)
        self._points.changed()
        return report

    # The ledger -------------------------------------------------------------------------------------------------

    def head(self) -> Head:
        """Size and root of the ledger."""
        return self.ledger.head()

    def leaf(self, position: int) -> dict[str, Any]:
        """What the leaf at a position shows; NotVerified where there is none."""
        return self.ledger.leaf(position)

    def record(self, position: int) -> dict[str, Any] | None:
        """The private record of an entry, or None; NotVerified where it is not what its leaf committed to."""
        return self.ledger.record(position)

    def prove(self, position: int) -> Proof:
        """A proof that an entry is in the ledger."""
        return self.ledger.prove(position)

    def verify(self, progress: Callable[[int, int], None] | None = None) -> Head:
        """Check the whole ledger; NotVerified names the first entry that is wrong."""
        return self.ledger.verify(progress)

    def replay(self, position: int) -> Replay:
        """Derive the ruling of a past use again from the policy of that time."""
        return self.ledger.replay(position)

    def status(self) -> Status:
        """How the workspace stands."""
        return status(self.home, self.promise, self.database, self._fresh(), self.settings)

    # ------------------------------------------------------------------------------------------------------------

    def _fresh(self) -> Standing:
        """Everybody's standing now; honours all that was acknowledged before this call."""
        if self.database.read_only:
            raise WorkspaceError(f"`{self.home}` is open to be read only, so nothing can be recorded or answered")
        for _ in range(3):
            found = self._board.fresh(self.promise.compiled, self.clock())
            if found.policy == self.promise.digest:
                return found
        raise WorkspaceError("another process works under another policy; open the workspace again")

    def _door(self) -> Questions:
        if self._questions is None:
            from bailee.engines.duckdb.engine import DuckDB
            from bailee.gate.questions import Questions
            from bailee.gate.sets import Sets

            self._engine = DuckDB(self.settings.database, limits=self.settings.limits)
            self._engine.start()
            sets = Sets(self._engine, open_keys(self.home / "keys"))
            self._questions = Questions(self.promise, self._recorder, sets)
        return self._questions


def _effect(effect: Effect | str | None) -> Effect | None:
    if effect is None or isinstance(effect, Effect):
        return effect
    try:
        return Effect(effect)
    except ValueError:
        from bailee.policy.reasons import ruling_reason

        known = f"expected {', '.join(Effect)}"
        raise Refused(
            [ruling_reason("unknown_effect", None, effect=effect, purpose="the policy", known=known)]
        ) from None
