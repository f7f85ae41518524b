"""Asks the gate for what a deal would send, as the company itself may see it, and for how its customers stand.

Every look is a use of the purpose that the deal is `screened_under`, recorded in the ledger before it is answered. What
the gate does not show is not guessed: it is told as lacking, and what would have measured it fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.deals import records, revealing, survey
from bailee.deals.evidence import CUSTOMER, Evidence
from bailee.deals.model import Deal, Wanted
from bailee.errors import EngineError, Refused
from bailee.gate.weighing import Weighed
from bailee.vocabulary import Actor, Treatment

if TYPE_CHECKING:
    import pyarrow as pa

    from bailee.gate.answer import Answer
    from bailee.gate.gate import Gate
    from bailee.policy.units import Duration

#: The most rows that one question brings; more are asked for by ranges of customers.
PART = 750_000
#: Where none of these is in a question, rows that reveal something can only be missing from its answer.
_NOT_PLAIN = re.compile(
    r"[(]|\b(group|having|distinct|limit|offset|qualify|except|intersect|union|left|right|full|outer|anti|semi|asof|"
    r"positional|sample|using\s+sample)\b",
    re.IGNORECASE,
)

#: Told what is done, of how much, and what comes next.
Progress = Callable[[int, int, str], object]


@dataclass
class Gathered:
    """What was gathered, and the entries of the ledger that tell of each look."""

    evidence: Evidence
    receipts: tuple[int, ...]


@dataclass
class _Looks:
    """The looks of one screen at one gate."""

    gate: Gate
    deal: Deal
    actor: Actor
    receipts: list[int] = field(default_factory=list)

    @property
    def kept(self) -> Duration | None:
        """How old rows are at most that the deal would send; None where last activity decides."""
        keep = self.gate.promise.policy.purposes[self.deal.purpose].keep
        return None if keep.from_last_activity else keep.duration

    def ask(self, question: str, *without: str) -> Answer:
        under, younger = self.deal.screened_under, self.kept
        answer = self.gate.ask_narrower(question, purpose=under, without=without, younger=younger, actor=self.actor)
        self.receipts.append(answer.receipt)
        return answer


class _Lacks(Exception):
    """That something wanted cannot be measured, and why."""


def gather(
    gate: Gate, deal: Deal, *, actor: Actor, seed: int, beside: Path | None = None, progress: Progress | None = None
) -> Gathered:
    """The evidence on a deal; Refused, recorded, where the company may not look at all.

    `beside` is the folder of the deal's file, where its survey lies. DealError for a survey that cannot be read.
    """
    told = progress or (lambda done, total, what: None)
    total = len(deal.wanted) + 1
    told(0, total, "how customers stand")
    policy, datamap = gate.promise.policy, gate.promise.datamap
    purposes = [key for key, each in policy.purposes.items() if deal.recipient in each.recipients]
    purposes = list(dict.fromkeys([deal.purpose, *purposes]))
    weighed = gate.weigh(purposes, deal.recipient, under=deal.screened_under, actor=actor)
    looks = _Looks(gate, deal, actor, [weighed.receipt])
    sent: dict[str, pa.Table] = {}
    columns: dict[str, Mapping[str, tuple[str, ...]]] = {}
    reveals: dict[str, pa.ChunkedArray] = {}
    revealed: dict[str, pa.ChunkedArray] = {}
    lacking: dict[str, str] = {}
    for at, (key, wanted) in enumerate(deal.wanted.items(), 1):
        told(at, total, f"`{key}`")
        try:
            sent[key], columns[key], reveals[key], revealed[key] = _wanted(looks, wanted, weighed)
        except _Lacks as why:
            lacking[key] = str(why)
        except Refused as error:
            lacking[key] = error.reasons[0].sentence
            if error.receipt is not None:
                looks.receipts.append(error.receipt)
        except EngineError as error:
            lacking[key] = f"the question could not be answered: {error}"
            if error.receipt is not None:
                looks.receipts.append(error.receipt)
    told(total, total, "")
    evidence = Evidence(
        deal=deal,
        policy=policy,
        datamap=datamap,
        today=gate.clock().date(),
        seed=seed,
        sent=sent,
        people=_people(weighed, deal.purpose),
        columns=columns,
        reveals=reveals,
        revealed=revealed,
        survey=survey.answers(deal, beside),
        history=records.history(gate, deal.recipient, but=deal),
        standing=weighed.standing,
        notices=weighed.notices,
        lacking=lacking,
        known=weighed.known,
    )
    return Gathered(evidence, tuple(looks.receipts))


def question(wanted: Wanted, subject: str | None) -> str:
    """The SELECT of what is wanted, and of the customer's key beside it."""
    if wanted.question is not None:
        return wanted.question.strip().rstrip(";")
    names = [*wanted.columns, *([subject] if subject is not None and subject not in wanted.columns else [])]
    return f"SELECT {', '.join(map(_quoted, names))} FROM {wanted.table}"


def _people(weighed: Weighed, purpose: str) -> pa.Table:
    import pyarrow as pa

    people, standing = weighed.people, weighed.standing[purpose]
    numbers = pa.array(range(people.num_rows), pa.int64())
    return pa.table(
        {
            CUSTOMER: numbers,
            "age": people["age"],
            "place": people["place"],
            **{name: standing[name] for name in standing.column_names},
        }
    )


def _wanted(
    looks: _Looks, wanted: Wanted, weighed: Weighed
) -> tuple[pa.Table, Mapping[str, tuple[str, ...]], pa.ChunkedArray, pa.ChunkedArray]:
    """The rows of one table wanted, the categories of its columns, and what its rows reveal."""
    import pyarrow as pa
    import pyarrow.compute as pc

    gate = looks.gate
    subject = wanted.customer or _subject(gate, wanted)
    asked = question(wanted, subject)
    table, answers = _rows(looks, asked, subject)
    tables = [name for name in dict.fromkeys(answers[0].governed.tables) if name]
    personal = [name for name in tables if gate.promise.datamap.tables[name].personal]
    _must_be_whole(looks, answers, personal)
    if subject is None and personal:
        raise _Lacks(f"rows of `{personal[0]}` are about customers: name the column with their key as `customer`")
    categories = set().union(*(revealing.could_reveal(gate.promise.datamap, name) for name in personal))
    _must_be_seen(looks, categories)
    names = list(table.column_names)
    plain = wanted.question is None or not _NOT_PLAIN.search(asked)
    by = revealing.reaching(gate.promise.datamap, tables, names) if plain else []

    def count(category: str, over: Sequence[str]) -> pa.Table:
        listed = ", ".join(map(_quoted, over))
        counted = f"SELECT {listed}, count(*) AS {revealing.COUNT} FROM (\n{asked}\n) AS wanted GROUP BY {listed}"
        return looks.ask(counted, category).arrow()

    found = revealing.revealing(table, by, categories, count)
    lists = revealing.as_lists(found, table.num_rows)
    kept = table.drop_columns([subject]) if _only_for_us(wanted, subject) else table
    kept = kept.append_column(CUSTOMER, _numbers(table, subject, weighed))
    told = _categories(gate, answers[0], kept.column_names)
    any_of = pc.greater(pc.list_value_length(lists), 0)
    return kept, told, pa.chunked_array([any_of]), pa.chunked_array([lists])


def _subject(gate: Gate, wanted: Wanted) -> str | None:
    """The column that names the customer of a mapped table, where there is one."""
    table = gate.promise.datamap.tables.get(wanted.table or "")
    return table.subjects[0] if table is not None and len(table.subjects) == 1 else None


def _only_for_us(wanted: Wanted, subject: str | None) -> bool:
    return wanted.question is None and subject is not None and subject not in wanted.columns


def _rows(looks: _Looks, asked: str, subject: str | None) -> tuple[pa.Table, list[Answer]]:
    """All rows of a question, by ranges of the customer's key where there are many."""
    import pyarrow as pa
    import pyarrow.compute as pc

    limit = min(looks.gate.settings.limits.rows, PART)
    parts = [asked]
    if subject is not None:
        key = _quoted(subject)
        counted = f"SELECT {key}, count(*) AS {revealing.COUNT} FROM (\n{asked}\n) AS wanted GROUP BY {key}"
        keys = looks.ask(counted).arrow()
        if (pc.sum(keys[revealing.COUNT]).as_py() or 0) > limit:
            # By name: `*` would count as asking for what the question leaves out.
            names = looks.ask(f"SELECT * FROM (\n{asked}\n) AS wanted LIMIT 0").arrow().column_names
            whole = f"SELECT {', '.join(map(_quoted, names))} FROM (\n{asked}\n) AS wanted"
            parts = [f"{whole} WHERE {part}" for part in _ranges(keys, subject, limit)]
    answers = [looks.ask(part) for part in parts]
    return pa.concat_tables([answer.arrow() for answer in answers]), answers


def _ranges(keys: pa.Table, subject: str, limit: int) -> list[str]:
    """Conditions that share out customers so that each part has at most so many rows, as far as customers allow."""
    name = _quoted(subject)
    ordered = keys.sort_by(subject)
    values, counts = ordered[subject], ordered[revealing.COUNT].to_pylist()
    found: list[str] = []
    firsts: list[object] = []
    taken = 0
    known = [(value.as_py(), count) for value, count in zip(values, counts, strict=True)]
    if any(value is None for value, _ in known):
        found.append(f"{name} IS NULL")
    some = [(value, count) for value, count in known if value is not None]
    for value, count in some:
        if not firsts or taken + count > limit:
            firsts.append(value)
            taken = 0
        taken += count
    for at, first in enumerate(firsts):
        above = f"{name} >= {_literal(first)}"
        below = f" AND {name} < {_literal(firsts[at + 1])}" if at + 1 < len(firsts) else ""
        found.append(above + below)
    return found


def _must_be_whole(looks: _Looks, answers: Sequence[Answer], personal: Sequence[str]) -> None:
    """_Lacks where the company may not see a column, or only changed: what a sale gave away could not be measured."""
    first = answers[0]
    under = looks.deal.screened_under
    if first.governed.timed and first.cutoff is not None:
        sent = None if looks.kept is None else looks.kept.minus(first.as_of)
        if sent is None or sent < first.cutoff:
            raise _Lacks(
                f"`{under}` sees no rows before {first.cutoff:%Y-%m-%d}, and `{looks.deal.purpose}` would send older "
                "ones, so what they would give away is not known: let the first `keep` rows as long as the second"
            )
    for table, column, _ in first.left_out.columns:
        if table in personal:
            raise _Lacks(f"`{under}` may not see `{column}` of `{table}`, so what it would give away is not known")
    for used in first.governed.columns:
        if used.table in personal and used.treatment is not Treatment.CLEAR:
            shown = used.treatment.name.lower()
            raise _Lacks(
                f"`{under}` sees `{used.column}` of `{used.table}` only as `{shown}`, and it must be seen clear"
            )


def _must_be_seen(looks: _Looks, categories: set[str]) -> None:
    """_Lacks where rows that reveal something are hidden from the company itself."""
    from bailee import decide

    ruling = looks.gate.rule(looks.deal.screened_under, actor=looks.actor)
    for key in sorted(categories):
        if decide.category(ruling, key).treatment is not Treatment.CLEAR:
            under = looks.deal.screened_under
            raise _Lacks(f"`{under}` may not see rows that reveal `{key}`, so what they would give away is not known")


def _numbers(table: pa.Table, subject: str | None, weighed: Weighed) -> pa.ChunkedArray:
    """The number of each row's customer among those who were weighed; NULL for a row about nobody."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if subject is None:
        return pa.chunked_array([pa.nulls(table.num_rows, pa.int64())])
    keys = table[subject].cast(pa.string())
    found = pc.index_in(keys, value_set=weighed.people["key"].combine_chunks()).cast(pa.int64())
    strangers = pc.sum(pc.and_(pc.is_null(found), pc.is_valid(keys))).as_py() or 0
    if strangers:
        raise _Lacks(f"`{subject}` holds keys of nobody on record: it must name the customer as the data map does")
    return found


def _categories(gate: Gate, answer: Answer, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The categories of each column: those of a mapped column of its name, else of all that the question reads."""
    tables = gate.promise.datamap.tables
    said: dict[str, set[str]] = {}
    every: set[str] = set()
    for used in answer.governed.columns:
        table = tables[used.table]
        column = table.columns.get(used.column)
        if column is None:
            continue
        mapped = said.setdefault(used.column.lower(), set())
        mapped |= set(column.categories)
        every |= set(column.categories) if table.personal else set()
    return {name: tuple(sorted(said.get(name.lower(), every))) for name in names if name != CUSTOMER}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"
