"""Life of a question: decide, rewrite, run, record, release - in that order."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from bailee.decide import Ruling
from bailee.errors import EngineError, Refused
from bailee.gate.answer import Answer
from bailee.gate.leftout import left_out
from bailee.gate.promise import Promise
from bailee.gate.record import ANSWERED, FAILED, REFUSED, Recorder, refusal
from bailee.gate.sets import Sets
from bailee.people.standing import Standing
from bailee.rewrite import Governed, Rewriter


class Questions:
    """Answers questions over one engine."""

    def __init__(self, promise: Promise, recorder: Recorder, sets: Sets) -> None:
        self._promise, self._recorder, self._sets = promise, recorder, sets
        self._rewriter: tuple[int, Rewriter] | None = None

    def ask(self, question: str, ruling: Ruling, at: datetime, fresh: Callable[[], Standing]) -> Answer:
        """The answer, recorded; raises Refused or EngineError, recorded too, and RecordError if that failed."""
        private: dict[str, object] = {"question": question}
        try:
            if not ruling.permitted:
                raise Refused(ruling.reasons)
            governed = self._over_today().rewrite(question, ruling)
        except Refused as error:
            error.receipt = self._recorder.use(ruling, REFUSED, {**private, **refusal(error)}, at)
            raise
        private |= _uses(governed)
        cutoff = retention(ruling, at)
        try:
            result, standing = self._sets.run(governed, ruling, fresh, cutoff)
        except EngineError as error:
            self._recorder.use(ruling, FAILED, {**private, "failed": error.kind or type(error).__name__}, at)
            raise
        out = left_out(ruling, governed, self._promise.datamap, standing, cutoff)
        private |= {"rows": result.rows, "included": out.included, "version": standing.version}
        sequence = standing.sequence
        receipt = self._recorder.use(ruling, ANSWERED, private, at, as_of=at, sequence=sequence)
        return Answer(question, ruling, governed, receipt, result.rows, at, sequence, result.seconds, out, result)

    def _over_today(self) -> Rewriter:
        """The rewriter over the database's own catalogue, made again when the engine started again."""
        engine, held = self._sets.engine, self._rewriter
        if held is None or held[0] != engine.generation:
            catalog = engine.catalog()
            held = (
                engine.generation,
                Rewriter(self._promise.datamap, self._promise.map_digest, catalog, self._serialize),
            )
            self._rewriter = held
        return held[1]

    def _serialize(self, sql: str) -> dict[str, Any]:
        tree: dict[str, Any] = json.loads(self._sets.engine.serialize(sql))
        return tree


def retention(ruling: Ruling, at: datetime) -> datetime | None:
    """The instant that a row must be younger than; None where the customer's last activity decides instead."""
    if ruling.purpose is None or ruling.purpose.keep.from_last_activity:
        return None
    return ruling.purpose.keep.duration.minus(at)


def _uses(governed: Governed) -> dict[str, object]:
    """What a question saw, for the private record; `customers` are the only ones that it can concern, None for all."""
    return {
        "tables": list(governed.tables),
        "columns": [[used.table, used.column, used.treatment.name.lower()] for used in governed.columns],
        "aggregate": governed.aggregate,
        "personal": governed.personal,
        "customers": None if governed.customers is None else list(governed.customers),
    }
