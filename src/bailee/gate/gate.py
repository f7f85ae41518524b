"""The gate of one workspace: every way in which data, or a verdict about a customer, leaves Bailee.

Long, because it is the whole public surface; each method hands on to the file that does the work.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from bailee.decide import Ruling
from bailee.decide.points import Checker
from bailee.errors import EngineUnavailable, WorkspaceError
from bailee.gate import examining, looking, promise
from bailee.gate.answer import Answer, NoticeOnRecord, NoticeReceipt, PolicyOnRecord, Receipt, StandingRow, Status
from bailee.gate.changes import ELSEWHERE, Changes
from bailee.gate.choices import Choices
from bailee.gate.connections import DUCKDB, POSTGRES, Connection, opened
from bailee.gate.doors import LAG, Door, Doors
from bailee.gate.erasing import Erasing
from bailee.gate.examining import Examined
from bailee.gate.intake import Intake
from bailee.gate.keeping import Keeping
from bailee.gate.keys import SigningKeys
from bailee.gate.ledger import Book, Proof, announce
from bailee.gate.points import MINUTE, Points
from bailee.gate.record import Recorder, word_of_effect
from bailee.gate.relations import Relations
from bailee.gate.rows import Rows, Warehouse
from bailee.gate.served_columns import ServedColumns
from bailee.gate.settings import KEYS, Settings, connection
from bailee.gate.standing_columns import Columns, Maintained, StandingColumns
from bailee.gate.status import status
from bailee.gate.turns import Turn
from bailee.people.choices import Recorded, Said
from bailee.people.database import Database
from bailee.people.keys import open_keys
from bailee.people.kinds import Kind
from bailee.people.standing import Board, Standing
from bailee.vocabulary import Actor, Effect, Reason, Use, Verdict

if TYPE_CHECKING:
    from bailee.engines import Engine
    from bailee.gate.asking import Asked
    from bailee.gate.backup import BackupReport
    from bailee.gate.erasing import Erased, ErasureReport
    from bailee.gate.feed.exporting import Exporter
    from bailee.gate.overview import Overview
    from bailee.gate.proofs import Prover
    from bailee.gate.questions import Questions
    from bailee.gate.replay import Replay
    from bailee.gate.sets import Sets
    from bailee.ledger.export import Exported
    from bailee.ledger.values import Head
    from bailee.people.cleaning import Cleaned
    from bailee.people.reports import ImportReport
    from bailee.policy.diff import Difference
    from bailee.policy.model import Policy
    from bailee.policy.terms import Terms
    from bailee.rewrite import VisibleTable

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
    ) -> None:
        self.home, self.settings, self.clock = home, settings, clock
        self._monotonic = monotonic
        self.database = database
        self.promise = promise.load(home, database, clock())
        self._recorder = Recorder(database, self.promise, random)
        self._changes = Changes(home)
        signing = SigningKeys(home / KEYS, settings, self.promise.policy.company)
        self.keys = Keeping(database, settings, signing, self._recorder, clock)
        if announce(self._recorder, database, signing, clock()):
            self._changes.tell()
        self._board = Board(database)
        longest = ELSEWHERE if database.shared else MINUTE
        self._points = Points(self._recorder, self._fresh, clock, monotonic, self._changes.word, longest)
        self._choices = Choices(database, self._recorder)
        self._intake = Intake(database, self._recorder)
        self._relations = Relations(database, self._recorder)
        self._erasing = Erasing(home, database, self._recorder, self._changes.tell)
        self._warehouse = Warehouse(settings, self.promise.datamap, lambda name: self._sets(name).engine)
        self.ledger = Book(database, signing)
        self._starting = threading.Lock()
        self._closed = False
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
        self._must_be_open()
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
    ) -> Answer:
        """Answer one SELECT for a purpose, as far as the promise allows, and record it first.

        `engine` is a name of `[engines]` in `bailee.toml`, whose dialect the question is in; None is `[engine]`.
        An engine answers one question at a time: `turn` tells how many come before this one, and cancels it alone.
        Raises Refused with reasons, EngineError if the engine could not answer (both recorded), and RecordError if
        the ledger could not record; then nothing is released.
        """
        ruling = self.rule(purpose, effect=effect, recipient=recipient, actor=actor)
        return self._door(engine).ask(question, ruling, self.clock(), self._fresh, turn or Turn())

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
        self._must_be_open()
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
        """A compiled look-up: called with a key it gives a verdict, recorded by the minute; `.close()` ends it.

        It honours at once what was acknowledged through this workspace's folder, by any process. On a PostgreSQL store
        that several machines share it learns within a second what another machine acknowledged: until then it may
        permit what was withdrawn there. `may` and `ask` honour everything at once.

        Raises Refused for a use that the policy refuses.
        """
        ruling = self.rule(purpose, effect=effect, recipient=recipient, actor=actor)
        return self._points.checker(ruling)

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
        self._must_be_open()
        (receipt,) = self._choices.record([Said(str(customer), kind, at or instant, guardian, evidence)], instant)
        self._changes.tell()
        return receipt

    def choose_all(self, said: Sequence[Said]) -> list[Receipt]:
        """Record what was said at once, as on one form, all or none; otherwise as `choose`."""
        self._must_be_open()
        receipts = self._choices.record(said, self.clock())
        self._changes.tell()
        return receipts

    def choices(self, customer: object) -> tuple[Recorded, ...]:
        """All that a customer said, oldest first; FactRejected if there is no such customer."""
        return self._choices.history(str(customer))

    def look(
        self, customer: object, purpose: str, *, recipient: str | None = None, actor: Actor | None = None
    ) -> tuple[tuple[Recorded, ...], int]:
        """What one customer said, oldest first, for a purpose that reads choices, and the entry that tells of the look.

        Raises Refused, recorded, also where the customer is not on record or does not stand for the purpose.
        """
        ruling = self.rule(purpose, recipient=recipient, actor=actor)
        return looking.look(self._recorder, ruling, str(customer), self._fresh, self.clock())

    def may_look(self, actor: Actor) -> tuple[str, ...]:
        """The purposes for which an actor may look at what a customer chose."""
        rulings = ((key, self.rule(key, actor=actor)) for key in self.promise.policy.purposes)
        return tuple(key for key, ruling in rulings if looking.forbidden(ruling) is None)

    def own_standing(self, customer: object) -> dict[str, Reason]:
        """Why a customer is or is not in each purpose, all its recipients taken together, to show to themselves."""
        self._must_be_open()
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
        self._must_be_open()
        report = self._choices.import_file(Path(path), self.clock(), by, dry_run=dry_run, progress=progress)
        self._changes.tell()
        return report

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
        self._must_be_open()
        report = self._intake.import_customers(Path(path), self.clock(), by, dry_run=dry_run, progress=progress)
        self._changes.tell()
        return report

    def meet(self, customer: object, *, born: date | None = None, place: str | None = None) -> Receipt | None:
        """Take somebody on record who came by themselves, if they are not; None where they are.

        FactRejected for a key, birth date or place that cannot be.
        """
        self._must_be_open()
        receipt = self._intake.meet(str(customer), born, place, self.clock())
        if receipt is not None:
            self._changes.tell()
        return receipt

    def add_notice(self, purpose: str, text: str, *, language: str = "en", terms: Terms | None = None) -> NoticeReceipt:
        """Register the words shown for a purpose under its terms of today, or under earlier `terms` that it showed.

        Raises FactRejected for a purpose that is not in the policy, or a text or language that cannot be.
        """
        self._must_be_open()
        return self._intake.add_notice(purpose, text, language, terms, self.clock())

    def notices(self) -> tuple[NoticeOnRecord, ...]:
        """Every registered notice, the oldest first."""
        self._must_be_open()
        return self._intake.notices()

    def notice(self, word: str, *, language: str | None = None) -> NoticeOnRecord:
        """The notice of a digest, or the only one of a purpose; FactRejected where there is none, or several."""
        self._must_be_open()
        return self._intake.notice(word, language)

    def notice_text(self, digest: str) -> str | None:
        """The words of a registered notice, as they were shown; None where there is none of this digest."""
        self._must_be_open()
        return self._intake.text(digest)

    def give_notice(self, notice: str, to: Iterable[tuple[object, datetime]]) -> Receipt:
        """Record that customers, by key, were given a notice, by digest, and when; FactRejected takes back all."""
        self._must_be_open()
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
        self._must_be_open()
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
        self._must_be_open()
        keys = list(dict.fromkeys(map(str, customers)))
        whole = self._erasing.whole(keys)
        rows, each = None, {}
        if data and not dry_run:
            each = self._warehouse.each(whole)
            rows = self._warehouse.erase(whole)
        report = self._erasing.erase(keys, self.clock(), dry_run=dry_run, anew=anew, progress=progress, data=each)
        return replace(report, rows=rows, remaining=self._warehouse.count(keys))

    def remaining(self, *customers: object) -> Rows:
        """Count the rows of customers, by key, in the company's own tables; those who were erased too."""
        self._must_be_open()
        return self._warehouse.count(list(dict.fromkeys(map(str, customers))))

    def erase_rows(self, *customers: object) -> Rows:
        """Erase the rows of people who are on record no more, by key, from the company's own tables.

        FactRejected for somebody who is on record, whom `erase` erases; EngineError where they cannot be written.
        """
        self._must_be_open()
        keys = list(dict.fromkeys(map(str, customers)))
        self._erasing.must_be_gone(keys)
        return self._warehouse.erase(keys)

    def erasures_due(self) -> list[str]:
        """The keys of those who asked to be erased and of whom a hold, which has ended since, kept a part."""
        self._must_be_open()
        return self._erasing.due()

    def clean(self) -> Cleaned:
        """Overwrite the bytes that earlier erasures left in the database."""
        self._must_be_open()
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

        self._must_be_open()
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
        self._must_be_open()
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
        return status(self.home, self.promise, self.database, self._fresh(), self.settings, self.clock())

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

    def _fresh(self) -> Standing:
        """Everybody's standing now; honours all that was acknowledged before this call."""
        self._must_be_open()
        with self.database.read() as connection:
            self._recorder.must_be_in_force(connection)
        return self._board.fresh(self.promise.compiled, self.clock())

    def _policy(self, digest: str) -> Policy:
        with self.database.read() as connection:
            found = promise.recorded_policy(connection, digest)
        if found is None:
            raise WorkspaceError(f"there is no policy `{digest}` on record")
        return found

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
        return Doors(self._recorder, self.promise.datamap, name or MAIN, self.promise.compiled.rule)

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
