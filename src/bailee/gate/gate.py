"""The gate of one workspace: every way in which data, or a verdict about a customer, leaves Bailee.

Long, because it is the whole public surface; each method hands on to the file that does the work.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from bailee.decide import Ruling
from bailee.decide.points import Checker
from bailee.errors import EngineUnavailable, Superseded, WorkspaceError
from bailee.gate import examining, looking, noticing, promise
from bailee.gate.answer import Answer, NoticeOnRecord, NoticeReceipt, PolicyOnRecord, Receipt, StandingRow, Status
from bailee.gate.changes import ELSEWHERE, Changes
from bailee.gate.choices import Choices
from bailee.gate.connections import DUCKDB, POSTGRES, Connection, opened
from bailee.gate.discovery import SAMPLE
from bailee.gate.doors import LAG, Door, Doors
from bailee.gate.erasing import Erasing
from bailee.gate.examining import Examined
from bailee.gate.intake import Intake
from bailee.gate.keeping import Keeping
from bailee.gate.keys import SigningKeys
from bailee.gate.ledger import Book, Proof, announce
from bailee.gate.points import MINUTE, Points
from bailee.gate.publishing import Comparison, Known, Published, Publishing, Versions
from bailee.gate.record import Recorder, word_of_effect
from bailee.gate.relations import Relations
from bailee.gate.rows import Rows, Warehouse
from bailee.gate.served_columns import ServedColumns
from bailee.gate.settings import KEYS, MAP, Settings, connection
from bailee.gate.standing_columns import Columns, Maintained, StandingColumns
from bailee.gate.status import status
from bailee.gate.telling import begin
from bailee.gate.turns import Turn
from bailee.gate.versions import Following
from bailee.people import versions
from bailee.people.choices import Recorded, Said, history
from bailee.people.customers import find, number_of
from bailee.people.database import Database
from bailee.people.keys import open_keys
from bailee.people.kinds import Kind
from bailee.people.standing import Board, Standing
from bailee.policy.wording import languages as catalogued
from bailee.vocabulary import Actor, Customer, Effect, Reason, Use, Verdict

if TYPE_CHECKING:
    from decimal import Decimal

    from sqlalchemy import Connection as DatabaseConnection

    from bailee.engines import Engine
    from bailee.gate.asking import Asked
    from bailee.gate.backup import BackupReport
    from bailee.gate.budgets import Budget
    from bailee.gate.disclosing import Disclosing
    from bailee.gate.discovery.found import Discovered
    from bailee.gate.erasing import Erased, ErasureReport
    from bailee.gate.feed.exporting import Exporter
    from bailee.gate.holding import Holding
    from bailee.gate.overview import Overview
    from bailee.gate.proofs import Prover
    from bailee.gate.questions import Questions
    from bailee.gate.replay import Replay
    from bailee.gate.sets import Sets
    from bailee.gate.weighing import Weighed
    from bailee.ledger.export import Exported
    from bailee.ledger.values import Head
    from bailee.people.cleaning import Cleaned
    from bailee.people.reports import ImportReport
    from bailee.policy.diff import Difference
    from bailee.policy.model import Policy
    from bailee.policy.terms import Terms
    from bailee.policy.units import Duration
    from bailee.policy.wording import Changed, Written
    from bailee.rewrite import VisibleTable

T = TypeVar("T")
#: Appends an entry to the ledger and gives its position.
Leaf = Callable[..., int]

SOMEBODY = Actor("somebody")
#: What the engine of `[engine]`, which has no name, is called.
MAIN = "main"
TRIES = 5


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
        monotonic: Callable[[], float] = time.monotonic,
        random: Callable[[int], bytes] = secrets.token_bytes,
        engine: Engine | None = None,
        settled: bool = False,
    ) -> None:
        self.home, self.settings, self.clock = home, settings, clock
        self._monotonic = monotonic
        self.database = database
        self.promise = promise.load(home, database, clock(), settled=settled)
        self._recorder = Recorder(database, self.promise, random)
        self._changes = Changes(home)
        begin(database, settings.webhooks)
        self._signing = signing = SigningKeys(home / KEYS, settings, self.promise.policy.company)
        self.keys = Keeping(database, settings, signing, self._recorder, clock)
        self._closed = False
        self._versions, self._following = Following(database, self._changes.word), threading.RLock()
        try:
            self._announce()
        except Superseded:  # it came into force since the files were read
            self._follow()
        self._board = Board(database)
        longest = ELSEWHERE if database.shared else MINUTE
        self._points = Points(self._recorder, self._fresh, clock, monotonic, self._changes.word, longest)
        self._choices = Choices(database, self._recorder)
        self._intake = Intake(database, self._recorder)
        self._publishing = Publishing(home, database, self._recorder, self._intake, settings.notice_days)
        self._relations = Relations(database, self._recorder)
        self._erasing = Erasing(home, database, self._recorder, self._changes.tell)
        self._warehouse = Warehouse(settings, self.promise.datamap, lambda name: self._sets(name).engine)
        self.ledger = Book(database, signing)
        self._starting = threading.Lock()
        self._engine = engine
        self._running: dict[str | None, Sets] = {}
        self._questions: dict[str | None, Questions] = {}

    def __enter__(self) -> Gate:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Record the last minute of every checker, then end the engine and let go of the database.

        A question that runs ends as cancelled, and whatever is asked later raises WorkspaceError.
        """
        try:
            self._points.close()
        finally:
            with self._starting:
                self._closed = True
                for engine in {id(each): each for each in self._engines()}.values():
                    engine.close()
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
        """The policy's answer to a use, before any customer: a ruling that permits or refuses, with reasons."""
        self._follow(surely=False)
        return self.promise.compiled.rule(Use(purpose, actor or SOMEBODY, word_of_effect(effect), recipient))

    # Sets -------------------------------------------------------------------------------------------------------

    def start(self, engine: str | None = None) -> None:
        """Begin starting an engine, so that the first question does not wait for it; raises EngineUnavailable."""
        self._sets(engine)

    def ask(
        self,
        question: str,
        *,
        purpose: str,
        effect: Effect | str | None = None,
        recipient: str | None = None,
        actor: Actor | None = None,
        engine: str | None = None,
        turn: Turn | None = None,
        spend: Decimal | None = None,
    ) -> Answer:
        """Answer one SELECT for a purpose, as far as the promise allows, and record it first.

        `engine` is a name of `[engines]` in `bailee.toml`, whose dialect the question is in; None is `[engine]`.
        An engine answers one question at a time: `turn` tells how many come before this one, and cancels it alone.
        Where the purpose has a privacy budget, a question about groups spends `spend` of it, or what the policy says.
        Raises Refused with reasons, EngineError if the engine could not answer (both recorded), and RecordError if
        the ledger could not record; then nothing is released.
        """

        given = turn or Turn()

        def ask(ruling: Ruling) -> Answer:
            fresh = lambda: self._fresh(ruling.policy)  # noqa: E731
            return self._door(engine).ask(question, ruling, self.clock(), fresh, given, spend=spend)

        return self._ruled(lambda: self.rule(purpose, effect=effect, recipient=recipient, actor=actor), ask)

    def budgets(self, purpose: str | None = None, recipient: str | None = None) -> tuple[Budget, ...]:
        """How privacy budgets stand now: all of them, or of one purpose, or for one recipient."""
        from bailee.gate import budgets

        self._follow()
        with self.database.read() as connection:
            return tuple(budgets.standing(connection, self.promise.policy, self.clock(), purpose, recipient))

    def holding(self, customer: object, *, purpose: str | None = None, actor: Actor | None = None) -> Holding:
        """What the company's databases hold about one customer, for their own request; each look is recorded.

        `purpose` is one with `own_request` in the policy, and may be left out where there is one. FactRejected for
        somebody who is not on record, WorkspaceError where the policy has no such purpose; Refused, which is recorded,
        comes with the first look.
        """
        from bailee.gate.holding import Holding, use

        self._follow()
        key = str(customer)
        with self.database.read() as connection:
            number_of(connection, key)
        ruling = self.promise.compiled.rule(use(self.promise.policy, purpose, actor or SOMEBODY))
        engines = tuple(name for name, _ in self.engines())
        return Holding(key, ruling, engines, self._door, self.clock, lambda: self._fresh(ruling.policy))

    def disclosing(
        self,
        purpose: str,
        *,
        recipient: str,
        effect: Effect | str | None = None,
        actor: Actor | None = None,
        engine: str | None = None,
    ) -> Disclosing:
        """What asks and records a disclosure to a recipient, for `bailee.deals`; Refused, recorded, if not allowed."""
        from bailee.gate.disclosing import Disclosing

        self._follow()
        ruling = self.rule(purpose, effect=effect, recipient=recipient, actor=actor)
        return Disclosing(
            ruling,
            self._recorder,
            lambda: self._door(engine),
            lambda: self._sets(engine).engine.dialect,
            open_keys(self.home / KEYS),
            lambda: self._fresh(ruling.policy),
            self.clock,
        )

    def visible(
        self,
        purpose: str,
        *,
        effect: Effect | str | None = None,
        recipient: str | None = None,
        actor: Actor | None = None,
        engine: str | None = None,
    ) -> tuple[VisibleTable, ...]:
        """The tables and columns that a use may see, and how; nothing of what is in them. Raises Refused."""
        ruling = self.rule(purpose, effect=effect, recipient=recipient, actor=actor)
        return self._door(engine).visible(ruling)

    def asked_by(self, actor: Actor, most: int = 20) -> tuple[Asked, ...]:
        """What an actor who signed in asked before, newest first, from the ledger's newest entries."""
        from bailee.gate import asking

        self._must_be_open()
        with self.database.read() as connection:
            return tuple(asking.asked_by(connection, actor, most))

    def printed(
        self,
        question: str,
        *,
        purpose: str,
        for_engine: str,
        effect: Effect | str | None = None,
        recipient: str | None = None,
        actor: Actor | None = None,
    ) -> str:
        """Write a governed question, in DuckDB's SQL, for `trino`, `snowflake`, `bigquery` or `databricks`.

        Nothing is run or recorded, and no data leaves: whoever runs it elsewhere does so outside of the gate, and its
        head says so. Raises Refused for what the policy refuses, or cannot be said there.
        """
        from bailee.rewrite.printing import ENGINES

        if for_engine not in ENGINES:
            raise WorkspaceError(f"nothing is printed for `{for_engine}`, expected {', '.join(ENGINES)}")
        if self.settings.engine.kind != DUCKDB:
            raise WorkspaceError("only what DuckDB can be asked is printed, and `[engine]` is of another kind")
        ruling = self.rule(purpose, effect=effect, recipient=recipient, actor=actor)
        return self._door(None).printed(question, ruling, self.clock(), for_engine)

    def maintain(
        self, engine: str | None = None, *, progress: Callable[[int, int], object] | None = None
    ) -> Maintained:
        """Bring the standing columns that the data map declares up to date in the company's database.

        From when anybody's standing changes, or a DuckDB file is written, until it is done again, questions join
        instead, which is slower and always right. On PostgreSQL, doors show what this left, for their lag. Raises
        EngineUnavailable where another process has the file open, or the set-up was not run, and EngineError where a
        column cannot be kept; then nothing was changed.
        """
        self._follow()
        sets = self._sets(engine)
        if sets.columns is None:
            raise WorkspaceError(f"an engine of the kind `{sets.engine.dialect}` keeps no standing columns; it joins")
        return sets.columns.maintain(sets.engine, self._fresh, progress)

    def open_door(
        self,
        role: str,
        *,
        purpose: str,
        effect: Effect | str | None = None,
        recipient: str | None = None,
        actor: Actor | None = None,
        engine: str | None = None,
        lag: float = LAG,
        owner: str | None = None,
    ) -> Door:
        """Write, and with an `owner`'s URL make, row-level security that shows a purpose's rows to a PostgreSQL role.

        Rows leave by it without the gate seeing a question, so everybody in it is recorded first, and again by each
        `maintain` that shows anybody new. It shows what `maintain` left, for `lag` seconds after that. Raises Refused
        for what the policy refuses, or the database's own means cannot hold.
        """
        from bailee.engines.postgres.engine import Postgres

        ruling = self.rule(purpose, effect=effect, recipient=recipient, actor=actor)
        asked, sets = self._doors(engine), self._sets(engine)
        if not isinstance(sets.engine, Postgres):
            raise WorkspaceError("row-level security is written for PostgreSQL; name an engine of that kind")
        for _ in range(TRIES):
            kept = self.maintain(engine)
            standing = self._fresh()
            if kept.version == standing.version:  # so that nobody is shown who is not recorded
                return asked.make(sets.engine, ruling, role, standing, self.clock(), lag, owner)
        raise EngineUnavailable("standing changes faster than it can be kept; try again")

    def close_door(self, role: str, *, engine: str | None = None, owner: str | None = None) -> tuple[str, ...]:
        """The statements that take a role's door away; with an `owner`'s URL they are run, and it is forgotten."""
        from bailee.engines.postgres.engine import Postgres

        asked, sets = self._doors(engine), self._sets(engine)
        if not isinstance(sets.engine, Postgres):
            raise WorkspaceError("row-level security is written for PostgreSQL; name an engine of that kind")
        return asked.undo(sets.engine, role, owner)

    def cancel(self) -> bool:
        """Stop the questions that run now, from any thread; whether there was one."""
        stopped = [sets.engine.cancel() for sets in list(self._running.values())]
        return any(stopped)

    def engines(self) -> tuple[tuple[str | None, Connection], ...]:
        """The engines of `bailee.toml`, that of `[engine]` first, which has no name."""
        return examining.listed(self.settings)

    def examine(self, engine: str | None = None) -> Examined:
        """Connect to an engine and say whether it can be used; WorkspaceError for a name that is not there."""
        return examining.examine(self.settings, self.promise.datamap, engine, self._doors(engine))

    def grants(self, engine: str | None = None) -> tuple[str, ...]:
        """The SQL that gives an engine's login what the data map needs and no more; empty where none is needed."""
        return examining.grants(self.settings, self.promise.datamap, engine)

    def discover(
        self,
        engine: str | None = None,
        *,
        tables: Sequence[str] = (),
        sample: int = SAMPLE,
        actor: Actor | None = None,
        progress: Callable[[int, int | None], object] | None = None,
    ) -> Discovered:
        """Look in an engine for personal data that the data map does not know, and say what each column probably is.

        It reads whole tables and tells counts of them, never a value, nor anything of fewer than ten; recorded before
        it is told. WorkspaceError for a table that is not there, EngineError where the engine cannot be asked.
        """
        from bailee.gate.discovery import recording

        self._follow()
        by = actor or SOMEBODY
        found = recording.look(self, engine, tables, sample, progress)
        for _ in range(TRIES - 1):
            try:
                return recording.record(self._recorder, found, by, self.clock())
            except Superseded:
                self._follow()
        return recording.record(self._recorder, found, by, self.clock())

    def standing(
        self, purpose: str, *, recipient: str | None = None, actor: Actor | None = None
    ) -> tuple[StandingRow, ...]:
        """Everybody's standing for a purpose, recorded as a question; raises Refused."""
        return self._ruled(lambda: self.rule(purpose, recipient=recipient, actor=actor), self._points.everybody)

    def weigh(self, purposes: Sequence[str], recipient: str, *, under: str, actor: Actor | None = None) -> Weighed:
        """How everybody stands for purposes under which a recipient offers to take data, and what they were told.

        For the company itself, to weigh the offer: a use of the purpose `under`, recorded. Raises Refused.
        """
        from bailee.gate import weighing

        def weigh(ruling: Ruling) -> Weighed:
            at = self.clock()
            return weighing.weigh(self._recorder, ruling, purposes, recipient, self._fresh(ruling.policy), at)

        return self._ruled(lambda: self.rule(under, actor=actor), weigh)

    def ask_narrower(
        self,
        question: str,
        *,
        purpose: str,
        without: Collection[str] = (),
        younger: Duration | None = None,
        actor: Actor | None = None,
        engine: str | None = None,
    ) -> Answer:
        """As `ask`, over a database without some rows that may be read.

        Those that say anything of the categories `without`, and those that are not `younger` than that.
        """
        from bailee.gate import weighing

        def ask(ruling: Ruling) -> Answer:
            less = weighing.narrower(ruling, frozenset(without), younger)
            return self._door(engine).ask(question, less, self.clock(), lambda: self._fresh(ruling.policy), Turn())

        return self._ruled(lambda: self.rule(purpose, actor=actor), ask)

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

        def may(ruling: Ruling) -> Verdict:
            return self._points.may(ruling, str(customer))

        return self._ruled(lambda: self.rule(purpose, effect=effect, recipient=recipient, actor=actor), may)

    def checker(
        self,
        purpose: str,
        *,
        effect: Effect | str | None = None,
        recipient: str | None = None,
        actor: Actor | None = None,
    ) -> Checker:
        """A compiled look-up: called with a key it gives a verdict, recorded by the minute; `.close()` ends it.

        It honours at once what was acknowledged through this workspace's folder, by any process. On a PostgreSQL store
        that several machines share it learns within a second what another machine acknowledged: until then it may
        permit what was withdrawn there. `may` and `ask` honour everything at once.

        Raises Refused for a use that the policy refuses.
        """

        def rule(surely: bool = False) -> Ruling:
            self._follow(surely=surely)
            return self.rule(purpose, effect=effect, recipient=recipient, actor=actor)

        return self._ruled(rule, lambda ruling: self._points.checker(ruling, rule))

    def feed(
        self,
        folder: Path | str,
        *purposes: str,
        effect: Effect | str | None = None,
        recipient: str | None = None,
        actor: Actor | None = None,
        lag: float = 5.0,
        every: float = 1.0,
    ) -> Exporter:
        """Hand out everybody's standing for some purposes as sealed files, for `bailee.follow` elsewhere; recorded.

        Use it in a `with`: `run` writes what is new every so many seconds, and nobody permits anything from word older
        than `lag`. Raises Refused for a use that the policy refuses, WorkspaceError for a folder that is not for it.
        """
        from bailee.gate.feed.exporting import Exporter, feed_key

        if not purposes:
            raise WorkspaceError("a feed without a purpose would hold nothing; name one")
        rulings = [
            self.rule(purpose, effect=effect, recipient=recipient, actor=actor) for purpose in dict.fromkeys(purposes)
        ]
        for ruling in rulings:
            self._points.permit(ruling, {"question": "feed"})
        key = feed_key(self.home / KEYS, self.settings.keys.feed)
        return Exporter(
            Path(folder),
            key,
            rulings,
            self._recorder,
            self._fresh,
            self.clock,
            self._monotonic,
            self._changes.word,
            lag=lag,
            every=every,
        )

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
        self._follow()
        (receipt,) = self._choices.record([Said(str(customer), kind, at or instant, guardian, evidence)], instant)
        self._changes.tell()
        return receipt

    def choose_all(self, said: Sequence[Said]) -> list[Receipt]:
        """Record what was said at once, as on one form, all or none; otherwise as `choose`."""
        self._follow()
        receipts = self._choices.record(said, self.clock())
        self._changes.tell()
        return receipts

    def choices(self, customer: object) -> tuple[Recorded, ...]:
        """All that a customer said, oldest first; FactRejected if there is no such customer."""
        return self._choices.history(str(customer))

    def signal(self, customer: object, *, seen: int = 0) -> Receipt | None:
        """Record that a customer's browser sends Global Privacy Control, which refuses what it is about.

        Nothing is recorded, and None returned, where a signal came after the sequence `seen`: another window was first.
        """
        self._must_be_open()
        receipt = self._choices.signal(str(customer), seen, self.clock())
        if receipt is not None:
            self._changes.tell()
        return receipt

    def facts(self, customer: object) -> Customer | None:
        """All that is on record of one person as standing judges by it, to be shown to themselves; None for nobody."""
        self._must_be_open()
        return self._choices.facts(str(customer))

    def look(
        self, customer: object, purpose: str, *, recipient: str | None = None, actor: Actor | None = None
    ) -> tuple[tuple[Recorded, ...], int]:
        """What one customer said, oldest first, for a purpose that reads choices, and the entry that tells of the look.

        Raises Refused, recorded, also where the customer is not on record or does not stand for the purpose.
        """

        def read(connection: DatabaseConnection, number: int) -> tuple[Recorded, ...]:
            return tuple(history(connection, number))

        return self.look_at(customer, purpose, {"question": "choices"}, read, recipient=recipient, actor=actor)

    def look_at(
        self,
        customer: object,
        purpose: str,
        question: Mapping[str, object],
        read: Callable[[DatabaseConnection, int], T],
        *,
        recipient: str | None = None,
        actor: Actor | None = None,
    ) -> tuple[T, int]:
        """As `look`, at something else that is kept of a customer: what `read` finds, called with their number.

        `question` says in the private record of the entry what was looked at.
        """

        def look(ruling: Ruling) -> tuple[T, int]:
            key, at = str(customer), self.clock()
            return looking.look(self._recorder, ruling, key, question, read, lambda: self._fresh(ruling.policy), at)

        return self._ruled(lambda: self.rule(purpose, recipient=recipient, actor=actor), look)

    def may_look(self, actor: Actor) -> tuple[str, ...]:
        """The purposes for which an actor may look at what a customer chose."""
        rulings = ((key, self.rule(key, actor=actor)) for key in self.promise.policy.purposes)
        return tuple(key for key, ruling in rulings if looking.forbidden(ruling) is None)

    def own_standing(self, customer: object) -> dict[str, Reason]:
        """Why a customer is or is not in each purpose, all its recipients taken together, to show to themselves."""
        for _ in range(TRIES - 1):
            self._follow()
            try:
                return self._points.own(str(customer))
            except Superseded:
                continue
        return self._points.own(str(customer))

    def import_choices(
        self,
        path: Path | str,
        *,
        by: str = SOMEBODY.name,
        dry_run: bool = False,
        progress: Callable[[int, int], object] | None = None,
    ) -> ImportReport:
        """Import a CSV or Parquet file of choices, all or nothing; ImportRejected lists the lines that cannot be."""
        self._follow()
        report = self._choices.import_file(Path(path), self.clock(), by, dry_run=dry_run, progress=progress)
        self._changes.tell()
        return report

    # Versions of the policy -------------------------------------------------------------------------------------

    def policy_versions(self) -> Versions:
        """Which version of the policy is in force, which is scheduled, and whether the file says something else."""
        self._follow()
        return self._publishing.versions(self.clock())

    def compare_policy(self, file: Path | str | None = None) -> Comparison:
        """What a file would change as the next version of the policy, and for whom; nothing is recorded.

        Without a file, what the scheduled version will change; FactRejected where none is.

        Raises PolicyError and MapError, here and below, for a file that is no policy, or that the data map does not
        fit.
        """
        self._follow()
        source = None if file is None else promise.read(Path(file))
        return self._publishing.compare(source, promise.bytes_of(self.home / MAP), self.clock())

    def publish_policy(self, file: Path | str, *, by: str = SOMEBODY.name) -> Published:
        """Put a file in force as the next version, at once, with its notices registered in every language.

        Refused where it widens anything for anybody, who must be given notice first. FactRejected for a version that
        is in force, or while one is scheduled.
        """
        self._follow()
        source, map_text = promise.read(Path(file)), promise.bytes_of(self.home / MAP)
        done = self._publishing.publish(source, map_text, by, self.clock())
        self._changes.tell()
        self._follow()
        return done

    def schedule_policy(self, file: Path | str, on: datetime, *, by: str = SOMEBODY.name) -> Published:
        """Have a file come into force at an instant, by itself, in every process; its notices are registered now.

        Refused where it widens anything for anybody and the notice period is not over by then; as `publish_policy`.
        """
        self._follow()
        source, map_text = promise.read(Path(file)), promise.bytes_of(self.home / MAP)
        done = self._publishing.schedule(source, map_text, on, by, self.clock())
        self._changes.tell()
        return done

    def withdraw_policy(self, *, by: str = SOMEBODY.name) -> tuple[Known, int]:
        """Take back the version that is scheduled, before it comes into force; FactRejected where none is."""
        self._follow()
        done = self._publishing.withdraw(by, self.clock())
        self._changes.tell()
        return done

    def asked_again(self, purpose: str, *, file: Path | str | None = None) -> tuple[str, ...]:
        """Whom to ask again for a purpose: the keys of those who stand today and would not under the scheduled version.

        Or under the version in a file. Whoever agrees under one of its notices is not among them any more.
        """
        self._follow()
        source = None if file is None else promise.read(Path(file))
        return self._publishing.asked_again(purpose, source, promise.bytes_of(self.home / MAP), self.clock())

    def policy_changes(
        self, purpose: str, *, file: Path | str | None = None, language: str = "en"
    ) -> tuple[Changed, ...]:
        """What the scheduled version, or that in a file, changes in a purpose's terms, in words for its customers."""
        self._follow()
        source = None if file is None else promise.read(Path(file))
        map_text = promise.bytes_of(self.home / MAP)
        return self._publishing.changed(purpose, source, map_text, language, self.clock())

    # Customers and notices --------------------------------------------------------------------------------------

    def import_customers(
        self,
        path: Path | str,
        *,
        by: str = SOMEBODY.name,
        dry_run: bool = False,
        progress: Callable[[int, int], object] | None = None,
    ) -> ImportReport:
        """Import a CSV or Parquet file of customers, all or nothing; known ones are changed, nothing is taken away.

        Columns: `key`, and where known `born`, `place`, `last_activity`, `contract_since`, `contract_ended`. Raises
        ImportRejected with the lines that cannot be.
        """
        self._follow()
        report = self._intake.import_customers(Path(path), self.clock(), by, dry_run=dry_run, progress=progress)
        self._changes.tell()
        return report

    def meet(self, customer: object, *, born: date | None = None, place: str | None = None) -> Receipt | None:
        """Take somebody on record who came by themselves, if they are not; None where they are.

        FactRejected for a key, birth date or place that cannot be.
        """
        self._follow()
        receipt = self._intake.meet(str(customer), born, place, self.clock())
        if receipt is not None:
            self._changes.tell()
        return receipt

    def complete(self, customer: object, *, born: date | None = None, place: str | None = None) -> Receipt | None:
        """Take a birth date or place on record of a customer of whom none is; what is there is never changed by this.

        None where nothing was missing. FactRejected for nobody on record, or a date or place that cannot be.
        """
        self._must_be_open()
        receipt = self._intake.complete(str(customer), born, place, self.clock())
        if receipt is not None:
            self._changes.tell()
        return receipt

    def add_notice(self, purpose: str, text: str, *, language: str = "en", terms: Terms | None = None) -> NoticeReceipt:
        """Register the words shown for a purpose under its terms of today, or under earlier `terms` that it showed.

        Raises FactRejected for a purpose that is not in the policy, or a text or language that cannot be.
        """
        self._follow()
        return self._intake.add_notice(purpose, text, language, terms, self.clock())

    def write_notice(self, purpose: str, *, language: str = "en") -> Written:
        """Write the notice of a purpose from its terms of today, in plain words; nothing is registered.

        Raises FactRejected for a purpose that is not in the policy, or a language that has no catalogue.
        """
        self._follow()
        return noticing.written(self.promise.policy, purpose, language)

    def register_notices(
        self, *purposes: str, languages: Iterable[str] | None = None
    ) -> tuple[tuple[Written, NoticeReceipt], ...]:
        """Write the notices of some purposes, or all, in some languages, or all, and register them; FactRejected."""
        self._follow()
        asked = purposes or self.promise.policy.purposes
        return self._intake.register(asked, catalogued() if languages is None else languages, self.clock())

    def notice_text(self, notice: str) -> str:
        """The words of a registered notice, by digest, just as they were registered; FactRejected."""
        self._follow()
        return self._intake.text(notice)

    def compare_notices(self, old: str, new: str, *, language: str = "en") -> tuple[Changed, ...]:
        """What changed from one registered notice, by digest, to another of the purpose, in words for the customer.

        Empty where both show the same terms. Raises FactRejected where there is no such notice, or language.
        """
        self._follow()
        return self._intake.compare(old, new, language)

    def notices(self) -> tuple[NoticeOnRecord, ...]:
        """Every registered notice, the oldest first."""
        self._follow()
        return self._intake.notices()

    def notice(self, word: str, *, language: str | None = None) -> NoticeOnRecord:
        """The notice of a digest, or the only one of a purpose; FactRejected where there is none, or several."""
        self._follow()
        return self._intake.notice(word, language)

    def give_notice(self, notice: str, to: Iterable[tuple[object, datetime]]) -> Receipt:
        """Record that customers, by key, were given a notice, by digest, and when; FactRejected takes back all."""
        self._follow()
        receipt = self._intake.give(notice, ((str(key), at) for key, at in to), self.clock())
        self._changes.tell()
        return receipt

    def import_given(
        self,
        notice: str,
        path: Path | str,
        *,
        by: str = SOMEBODY.name,
        dry_run: bool = False,
        progress: Callable[[int, int], object] | None = None,
    ) -> ImportReport:
        """Import a CSV or Parquet file (`customer`, `at`) of who was given a notice; as `import_choices`."""
        self._follow()
        report = self._intake.import_given(notice, Path(path), self.clock(), by, dry_run=dry_run, progress=progress)
        self._changes.tell()
        return report

    # What is known of a customer beside -------------------------------------------------------------------------

    def hold(self, customer: object, purpose: str, why: str) -> Receipt:
        """Keep what a legal obligation needs of a customer, also when they are erased; `why` is kept encrypted.

        FactRejected, as of all that follow: nothing was recorded, for nobody on record, or what is so already.
        """
        return self._related(lambda at: self._relations.hold(str(customer), purpose, why, at))

    def unhold(self, customer: object, purpose: str) -> Receipt:
        """End a hold; what it kept of somebody who was erased is due then (`erasures_due`)."""
        return self._related(lambda at: self._relations.unhold(str(customer), purpose, at))

    def restrict(self, customer: object) -> Receipt:
        """Restrict the use of a customer's data (GDPR article 18): no purpose but legal obligations has it any more."""
        return self._related(lambda at: self._relations.restrict(str(customer), at))

    def release(self, customer: object) -> Receipt:
        """End a restriction; what the customer said still counts."""
        return self._related(lambda at: self._relations.release(str(customer), at))

    def guardian(self, child: object, guardian: object, *, end: bool = False) -> Receipt:
        """Record that a customer was verified as the guardian of a child, or with `end` is no longer."""
        return self._related(lambda at: self._relations.guardian(str(child), str(guardian), at, end=end))

    def together(self, work: Callable[[DatabaseConnection, datetime, Leaf], T]) -> T:
        """Do a work of the rooms above in one transaction with its leaves; what it raises takes all back.

        It is given a connection, the time, and what appends an entry: kind, public fields, private record, and whom it
        is about, by number.
        """
        self._must_be_open()
        at = self.clock()

        def done(connection: DatabaseConnection) -> T:
            def leaf(
                kind: str, public: Mapping[str, object], private: Mapping[str, object] | None, about: Sequence[int] = ()
            ) -> int:
                return self._recorder.within(connection, kind, public, private, at, about)

            return work(connection, at, leaf)

        found = self.database.commit(done)
        self._changes.tell()
        return found

    def children(self, guardian: object) -> tuple[str, ...]:
        """The keys of those whose verified guardian a customer is now, for whom they may choose."""
        self._must_be_open()
        return self._relations.children(str(guardian))

    # Erasing ----------------------------------------------------------------------------------------------------

    def erase(
        self,
        *customers: object,
        data: bool = False,
        dry_run: bool = False,
        anew: bool = True,
        progress: Callable[[int, int], object] | None = None,
    ) -> ErasureReport:
        """Erase customers, by key, but for what holds need: rows, private records, and the key of what was sealed.

        With `data`, first their rows in the company's DuckDB file, which is written anew without them. With `anew`, our
        database is too, so that no page keeps their bytes. The report counts the company's rows that are left.
        FactRejected, which erases nobody, for a key that is not on record; EngineError where `data` cannot be written.
        """
        self._follow()
        keys = list(dict.fromkeys(map(str, customers)))
        whole = self._erasing.whole(keys)
        rows, each = None, {}
        if not dry_run:
            self._ask_recipients(keys)
        if data and not dry_run:
            each = self._warehouse.each(whole)
            rows = self._warehouse.erase(whole)
        report = self._erasing.erase(keys, self.clock(), dry_run=dry_run, anew=anew, progress=progress, data=each)
        return replace(report, rows=rows, remaining=self._warehouse.count(keys))

    def remaining(self, *customers: object) -> Rows:
        """Count the rows of customers, by key, in the company's own tables; those who were erased too."""
        self._follow()
        return self._warehouse.count(list(dict.fromkeys(map(str, customers))))

    def erase_rows(self, *customers: object) -> Rows:
        """Erase the rows of people who are on record no more, by key, from the company's own tables.

        FactRejected for somebody who is on record, whom `erase` erases; EngineError where they cannot be written.
        """
        self._follow()
        keys = list(dict.fromkeys(map(str, customers)))
        self._erasing.must_be_gone(keys)
        return self._warehouse.erase(keys)

    def erasures_due(self) -> list[str]:
        """The keys of those who asked to be erased and of whom a hold, which has ended since, kept a part."""
        self._follow()
        return self._erasing.due()

    def clean(self) -> Cleaned:
        """Overwrite the bytes that earlier erasures left in the database."""
        self._follow()
        return self._erasing.clean()

    def certificate(self, erased: Erased) -> bytes:
        """A signed proof file (C2SP tlog-proof) of an erasure, for the customer alone; it opens the ledger's entry."""
        return self._erasing.certificate(erased, self.keys.signing().sign)

    # Backups ----------------------------------------------------------------------------------------------------

    def backup(
        self, file: Path | str, *, force: bool = False, progress: Callable[[str, int, int], None] | None = None
    ) -> BackupReport:
        """Write a sealed backup of all but the company's own tables and the encryption key, while others write.

        It is read again and checked before it takes its name. WorkspaceError where a file of that name is there, unless
        `force`, or where it cannot be written; then nothing was.
        """
        from bailee.gate.backup import back_up
        from bailee.gate.workspace import ledger_tables

        self._follow()
        at = self.clock()
        return back_up(self.database, self.home, Path(file), at, ledger_tables, force=force, progress=progress)

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

    def leaves(self, start: int, stop: int) -> list[dict[str, Any]]:
        """What the leaves from `start` up to `stop` show; NotVerified where one is not there."""
        return self.ledger.leaves(start, stop)

    def own_record(self, position: int, actor: Actor) -> dict[str, Any] | None:
        """The private record of a use that this actor made, who signed in; None for anybody else's."""
        from bailee.gate import asking

        self._must_be_open()
        with self.database.read() as connection:
            return asking.own(connection, position, actor)

    def prove(self, position: int) -> Proof:
        """A proof that an entry is in the ledger."""
        return self.ledger.prove(position)

    def proof(self, position: int) -> bytes:
        """A signed proof file (C2SP tlog-proof) that an entry is in the ledger; anybody's client can check it."""
        return self.ledger.proof(position)

    def proofs(self, customer: object) -> AbstractContextManager[Prover]:
        """What makes the proofs of all that concerned a customer, by key; FactRejected where there is none.

        A `with` block gives it, over the ledger as it is then: see `Prover`.
        """
        self._follow()
        return self.ledger.proofs(str(customer))

    def verify(self, progress: Callable[[int, int], None] | None = None, *, known: Head | None = None) -> Head:
        """Check the whole ledger, also against a head that somebody kept; NotVerified names the first wrong entry."""
        return self.ledger.verify(progress, known=known)

    def checkpoint(self) -> bytes:
        """The ledger's signed checkpoint (C2SP tlog-checkpoint), to be kept where nobody here can change it."""
        return self.ledger.checkpoint()

    def export(self, folder: str | Path, *, progress: Callable[[int, int], None] | None = None) -> Exported:
        """Write the ledger as files that any web server can give out: new ones, or what came since the last export.

        Raises WorkspaceError where the folder holds anything else, or a ledger that this one does not continue.
        """
        return self.ledger.export(Path(folder), progress)

    def replay(self, position: int) -> Replay:
        """Derive a past use, or a minute of a checker, again from the policy, the map and the standing of that time."""
        return self.ledger.replay(position)

    def status(self) -> Status:
        """How the workspace stands."""
        standing, at = self._fresh(), self.clock()
        known = self._publishing.versions(at)
        return status(self.home, self.promise, self.database, standing, self.settings, at, known)

    def overview(self) -> Overview:
        """Counts over time for those who run the workspace; nothing about any one person."""
        from bailee.gate.overview import overview

        kept = self._columns(None)
        why = () if kept is None or not kept.tables else ((self._fresh(), kept),)
        stale = [
            (table, fresh.why) for now, kept in why if not (fresh := kept.fresh(now)).places for table in kept.tables
        ]
        return overview(self.database, self.status(), tuple(sorted(stale)), self.clock())

    def policies(self) -> tuple[PolicyOnRecord, ...]:
        """The policies that were ever in force, the oldest first."""
        self._must_be_open()
        return promise.policies(self.database, self.promise.digest)

    def policy_text(self, digest: str) -> str | None:
        """The file of a policy on record, as it was read; None where there is none of this digest."""
        self._must_be_open()
        return promise.text(self.database, digest)

    def compare_policies(self, old: str, new: str) -> Difference:
        """How two policies on record differ, by digest, and who must be asked again; WorkspaceError for another."""
        from bailee.policy.diff import diff

        self._must_be_open()
        return diff(self._policy(old), self._policy(new))

    # ------------------------------------------------------------------------------------------------------------

    def _fresh(self, policy: str | None = None) -> Standing:
        """Everybody's standing now; honours all that was acknowledged before this call.

        It holds at most until a scheduled version of the policy comes into force. Raises Superseded where it would be
        under another policy than the one named.
        """
        if policy is None:
            self._follow()
        self._must_be_open()
        held, at = self.promise, self.clock()
        if policy not in (None, held.digest):
            raise Superseded
        with self.database.read() as connection:
            self._recorder.must_be_in_force(connection, held.digest, at)
            coming = versions.coming(connection, at)
        standing = self._board.fresh(held.compiled, at)
        if coming is None or (standing.next_change is not None and standing.next_change <= coming.since):
            return standing
        return replace(standing, next_change=coming.since)

    def _follow(self, *, surely: bool = True) -> None:
        """Work under the version of the policy that is in force now, if any was published.

        What another machine published is seen `surely`, or when it is recorded or standing is read (Superseded).
        """
        self._must_be_open()
        at = self.clock()
        if not self._versions.moved(at, surely=surely):
            return
        with self._following:
            found, look = self._versions.look(at, self.promise)
            if found is not None:
                self.promise = self._recorder.promise = found
                self._announce()
            self._versions.followed(look)

    def _announce(self) -> None:
        if announce(self._recorder, self.database, self._signing, self.clock()):
            self._changes.tell()

    def _ruled(self, rule: Callable[[], Ruling], work: Callable[[Ruling], T]) -> T:
        """Do what a ruling permits; again under the next version of the policy, where one came into force meanwhile."""
        for _ in range(TRIES - 1):
            try:
                return work(rule())
            except Superseded:
                self._follow()
        return work(rule())

    def _policy(self, digest: str) -> Policy:
        with self.database.read() as connection:
            found = promise.recorded_policy(connection, digest)
        if found is None:
            raise WorkspaceError(f"there is no policy `{digest}` on record")
        return found

    def _ask_recipients(self, keys: Sequence[str]) -> None:
        """Keep that whoever received data of these people must delete it, while it is known how it names them."""
        from bailee.gate.deleting import erasing
        from bailee.people.deals import releases

        with self.database.read() as connection:
            if not releases(connection):
                return
            numbers = [number for key in keys if (number := find(connection, key)) is not None]
        secrets = open_keys(self.home / KEYS)
        self.together(lambda connection, at, leaf: erasing(connection, secrets, numbers, at, leaf))

    def _related(self, record: Callable[[datetime], Receipt]) -> Receipt:
        self._must_be_open()
        receipt = record(self.clock())
        self._changes.tell()
        return receipt

    def _must_be_open(self) -> None:
        if self._closed:
            raise WorkspaceError("this gate was closed; open the workspace again")

    def _engines(self) -> Iterator[Engine]:
        if self._engine is not None:
            yield self._engine
        yield from (sets.engine for sets in self._running.values())

    def _door(self, engine: str | None) -> Questions:
        connection(self.settings, engine)
        with self._starting:
            if engine not in self._questions:
                from bailee.gate.questions import Questions

                self._questions[engine] = Questions(self.promise, self._recorder, lambda: self._sets(engine))
            return self._questions[engine]

    def _doors(self, name: str | None) -> Doors:
        return Doors(self._recorder, self.promise.datamap, name or MAIN, lambda use: self.promise.compiled.rule(use))

    def _columns(self, name: str | None) -> Columns | None:
        """The standing columns of an engine; None where its kind has none."""
        at = connection(self.settings, name)
        if at.kind == DUCKDB and at.database is not None:
            return StandingColumns(self.database, self.promise.datamap, at.database, self.settings.limits)
        if at.kind == POSTGRES:
            before = self._doors(name).before
            return ServedColumns(
                self.database,
                self.promise.datamap,
                lambda: self._recorder.announcement,
                name or MAIN,
                lambda standing: before(standing, self.clock()),
            )
        return None

    def _sets(self, name: str | None = None) -> Sets:
        """An engine, started once it is needed; EngineUnavailable where it cannot be."""
        with self._starting:
            self._must_be_open()
            if name not in self._running:
                from bailee.gate.sets import Sets

                keys = open_keys(self.home / "keys")
                ready = self._engine if name is None else None
                engine = ready or opened(connection(self.settings, name), self.settings.limits)
                engine.start()
                self._running[name] = Sets(engine, keys, self.database, self._columns(name))
            return self._running[name]
