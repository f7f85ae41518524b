"""Life of a question: decide, rewrite, run, record, release - in that order."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from bailee.decide import Ruling
from bailee.engines import Engine, Result
from bailee.errors import DeidError, EngineError, EngineUnavailable, Refused, Stale, WorkspaceError
from bailee.gate.answer import Answer
from bailee.gate.leftout import left_out, without_counts
from bailee.gate.promise import Promise
from bailee.gate.record import ANSWERED, FAILED, REFUSED, Recorder, refusal
from bailee.gate.retention import retention
from bailee.gate.sets import TRIES, Sets
from bailee.gate.spending import Spending
from bailee.gate.turns import Turn
from bailee.gate.ways import Way
from bailee.people.standing import Standing
from bailee.rewrite import Governed, Person, Rewriter, VisibleTable
from bailee.rewrite.dialects import named
from bailee.rewrite.reasons import place
from bailee.rewrite.tokens import LONGEST

Fresh = Callable[[], Standing]


class Questions:
    """Answers questions over one engine; `sets` gives it, started, and raises EngineError where it cannot be."""

    def __init__(self, promise: Promise, recorder: Recorder, sets: Callable[[], Sets]) -> None:
        self._promise, self._recorder, self._sets = promise, recorder, sets
        self._rewriter: tuple[int, Rewriter] | None = None

    def ask(
        self,
        question: str,
        ruling: Ruling,
        at: datetime,
        fresh: Fresh,
        turn: Turn,
        person: Person | None = None,
        spend: Decimal | None = None,
    ) -> Answer:
        """The answer, recorded; raises Refused or EngineError, recorded too, and RecordError if that failed.

        With a `person` it is the answer to their own request, and about them alone. `spend` is what a question with
        noise spends instead of what the policy says.
        """
        private: dict[str, object] = {"question": question[:LONGEST]}
        if ruling.unspoken:
            private["without"] = sorted(ruling.unspoken)
        if ruling.younger is not None:
            private["younger"] = str(ruling.younger)
        if ruling.apart is not None:
            private["apart"] = list(ruling.apart)
        spending = Spending(self._recorder, ruling, at, spend)
        about: list[int] = []
        cutoff = None if person is not None else retention(ruling, at)
        try:
            if not ruling.permitted:
                raise Refused(ruling.reasons)
            found = self._run(question, ruling, fresh, cutoff, private, about, turn, person, spending)
            governed, result, standing, ways = found
        except Refused as error:
            error.receipt = self._use(ruling, REFUSED, {**private, **refusal(error)}, at, about, None, spending)
            raise
        except EngineError as error:
            failed = {**private, "failed": error.kind or type(error).__name__}
            error.receipt = self._use(ruling, FAILED, failed, at, about, None, spending)
            raise
        except (WorkspaceError, DeidError) as error:
            failed = {**private, "failed": type(error).__name__}
            self._use(ruling, FAILED, failed, at, about, None, spending)
            raise
        out = left_out(ruling, governed, self._promise.datamap, standing, None if cutoff is None else at)
        private |= {"rows": result.rows, "version": standing.version}
        if governed.noise is None:
            private |= {"included": out.included}
        else:
            out = without_counts(out)
        receipt = self._use(ruling, ANSWERED, private, at, about, standing, spending)
        sequence, noised = standing.sequence, spending.noised
        return Answer(
            question,
            ruling,
            governed,
            receipt,
            result.rows,
            at,
            sequence,
            result.seconds,
            out,
            cutoff,
            result,
            ways,
            noised,
        )

    def _use(
        self,
        ruling: Ruling,
        decision: str,
        private: Mapping[str, object],
        at: datetime,
        about: Sequence[int],
        standing: Standing | None = None,
        spending: Spending | None = None,
    ) -> int:
        """Record the question, as of when it was asked."""
        some = private.get("customers") is not None
        reserved = None if spending is None else spending.reserved
        spent = {} if reserved is None else {"spent_in": list(reserved.entries)}
        return self._recorder.use(
            ruling,
            decision,
            {**private, **spent},
            at,
            as_of=at,
            standing=standing,
            subjects=about,
            some=some,
            spent=None if reserved is None else reserved.leaf,
        )

    def printed(self, question: str, ruling: Ruling, at: datetime, engine: str) -> str:
        """The governed question for an engine that Bailee does not run; raises Refused and EngineError."""
        from bailee.rewrite.printing import printed

        if not ruling.permitted:
            raise Refused(ruling.reasons)
        _, governed = self._rewrite(self._sets().engine, question, ruling)
        return printed(governed, engine, retention(ruling, at))

    def visible(self, ruling: Ruling) -> tuple[VisibleTable, ...]:
        """What a ruling may see of every table; raises Refused, and EngineError where the engine cannot tell."""
        if not ruling.permitted:
            raise Refused(ruling.reasons)
        sets = self._sets()
        held = self._rewriter
        if held is None or held[0] != sets.engine.generation:
            with sets.line.taken(Turn()):  # or somebody who cancels a question could stop this
                held = self._rewriter = self._over_today(sets.engine)
        return held[1].visible(ruling)

    def _run(
        self,
        question: str,
        ruling: Ruling,
        fresh: Fresh,
        cutoff: datetime | None,
        private: dict[str, object],
        about: list[int],
        turn: Turn,
        person: Person | None,
        spending: Spending,
    ) -> tuple[Governed, Result, Standing, tuple[Way, ...]]:
        """Rewrite and answer over one and the same database, though it be replaced in between.

        Notes what the question uses in `private`, and in `about` the customers whom alone it can concern.
        """
        sets = self._sets()
        with sets.line.taken(turn):
            for _ in range(TRIES):
                generation, governed = self._rewrite(sets.engine, question, ruling, person)
                private |= _uses(governed)
                about[:] = self._recorder.numbers(governed.customers)
                noising = spending.noising(governed)
                try:
                    return governed, *sets.run(governed, ruling, fresh, cutoff, generation, turn, noising)
                except Stale:
                    continue
                except EngineError as error:
                    self._explain(error, governed, ruling)
                    raise
        raise EngineUnavailable("the database is replaced faster than it can be asked; ask again")

    def _explain(self, error: EngineError, governed: Governed, ruling: Ruling) -> None:
        """Say where in the asker's text the engine stopped and, where its own words tell, what is wrong there."""
        told = None
        if error.kind == "binder error" and self._rewriter is not None:
            told = self._rewriter[1].mistake(governed, ruling, error.position)
        if told is None and error.position is not None:
            told = f"{error} at {place(governed.question, error.position)}"
        error.args = (told or str(error),)

    def tables(self) -> list[tuple[str, str, bool]]:
        """The tables about people that the engine's database has: see `Rewriter.tables`."""
        return self._over_today(self._sets().engine)[1].tables()

    def _rewrite(
        self, engine: Engine, question: str, ruling: Ruling, person: Person | None = None
    ) -> tuple[int, Governed]:
        """The question over the catalogue of one generation of the engine."""
        try:
            generation, rewriter = self._over_today(engine)
            return generation, rewriter.rewrite(question, ruling, person)
        except EngineError as error:
            error.position = None  # in SQL that the asker did not write
            raise

    def _over_today(self, engine: Engine) -> tuple[int, Rewriter]:
        """The rewriter over the database's own catalogue, made again when the engine started again."""
        held = self._rewriter
        while held is None or held[0] != engine.generation:
            generation, catalog = engine.generation, engine.catalog()
            if generation == engine.generation:

                def serialize(sql: str) -> dict[str, Any]:
                    tree: dict[str, Any] = json.loads(engine.serialize(sql))
                    return tree

                made = Rewriter(
                    self._promise.datamap, self._promise.map_digest, catalog, serialize, dialect=named(engine.dialect)
                )
                held = self._rewriter = (generation, made)
        return held


def _uses(governed: Governed) -> dict[str, object]:
    """What a question saw, for the private record; `customers` are the only ones that it can concern, None for all."""
    return {
        "tables": list(governed.tables),
        "columns": [[used.table, used.column, used.treatment.name.lower()] for used in governed.columns],
        "aggregate": governed.aggregate,
        "personal": governed.personal,
        "customers": None if governed.customers is None else list(governed.customers),
    }
