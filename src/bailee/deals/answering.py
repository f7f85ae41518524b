"""The answers to what a deal asks: over everything that was asked for, and over a version of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import pyarrow as pa

from bailee.deals.contributions import Contributions, contributions
from bailee.deals.delivering import chosen, coarse, numbered
from bailee.deals.evidence import CUSTOMER, Evidence
from bailee.deals.grouping import answered, of
from bailee.deals.model import Deal, Form
from bailee.deals.narrowing import tables
from bailee.deals.recoding import recoded
from bailee.deals.simulating import simulation
from bailee.deals.spending import spends
from bailee.deals.usefulness import Coarser, Usefulness, usefulness
from bailee.deid.frequencies import Ints
from bailee.deid.hierarchy import texts
from bailee.engines.duckdb.scratch import Scratch, quoted, scratch
from bailee.errors import DeidError, EngineError
from bailee.policy.coarsen import Coarsen

#: By key of `wanted` a condition in SQL that its rows meet.
Only = Mapping[str, str]


class Answering:
    """What rows answer to one deal's questions; `whole` over all of them, whoever's they are. For one thread.

    Who contributes what is worked out once for each set of columns and coarseness, so that many versions of a deal
    cost little more than one.
    """

    def __init__(
        self,
        deal: Deal,
        sent: Mapping[str, pa.Table],
        held: Scratch,
        whole: Mapping[str, pa.Table] | None = None,
        evidence: Evidence | None = None,
    ) -> None:
        self._deal, self._sent, self._held, self._evidence = deal, sent, held, evidence
        self._made: dict[str, Contributions | None] = {}
        if whole is None:
            self._see(deal, {})
            whole = {key: self._held.ask(asked.question) for key, asked in deal.asked.items()}
        self.whole = whole

    def worth(self, version: Deal, customers: Ints, only: Only | None = None) -> Usefulness:
        """What a version about some customers keeps of the whole; with `only`, of fewer rows."""
        if version.form is Form.DEIDENTIFIED:
            found, coarser = self._deidentified(version, customers)
        else:
            found = {key: self._answer(version, key, customers, only or {}) for key in version.asked}
            coarser = _coarser(version, self._sent)
        return usefulness(self._deal.asked, self.whole, found, coarser)

    def fits(self, version: Deal, key: str) -> bool:
        """Whether a version's columns are all that one question needs."""
        self._see(version, {})
        return self._held.binds(version.asked[key].question)

    def needs(self, key: str) -> dict[str, frozenset[str]]:
        """The tables that one question reads, each with the columns that it has no answer without."""
        question, found = self._deal.asked[key].question, {}
        read = tables(question)
        for name, rows in chosen(self._deal, self._sent).items():
            if name.lower() in read:
                self._see(self._deal, {})
                columns = [column for column in rows.column_names if column != CUSTOMER]
                found[name] = frozenset(one for one in columns if not self._binds_without(question, name, columns, one))
        return found

    def _binds_without(self, question: str, table: str, columns: Collection[str], one: str) -> bool:
        shown = [quoted(column) for column in columns if column != one] or ["1 AS nothing"]
        self._held.see(table, f"SELECT {', '.join(shown)} FROM {quoted(_raw(table))}")
        return self._held.binds(question)

    def _see(self, version: Deal, only: Only) -> None:
        """Show the tables as a version has them, under their keys."""
        for key, table in chosen(version, self._sent).items():
            rows = f"SELECT {', '.join(map(quoted, table.column_names))} FROM {quoted(_raw(key))}"
            kept = f"SELECT * FROM ({rows}) WHERE {only[key]}" if key in only else rows
            self._held.see(key, coarse(version.wanted[key], f"({kept})"))

    def _answer(self, version: Deal, key: str, customers: Ints, only: Only) -> pa.Table | None:
        if self._evidence is not None and spends(version, self._evidence.policy) is not None:
            self._see(version, only)
            return simulation(self._evidence, version, key, customers, self._held)
        made = self._contributed(version, key, only)
        if version.form is Form.AGGREGATE:
            least = version.treated.min_group
            return None if made is None or least is None else answered(made, customers, least, self._held)
        if made is not None:
            return made.answer(self._held, of(made, customers))
        return _over(numbered(version, self._sent, customers), version.asked[key].question)

    def _contributed(self, version: Deal, key: str, only: Only) -> Contributions | None:
        """Who contributes what under a version's columns; None where that cannot be worked out."""
        way = repr((version.asked[key], sorted(version.wanted.items()), sorted(only.items())))
        if way not in self._made:
            self._see(version, only)
            try:
                sent = chosen(version, self._sent)
                self._made[way] = contributions(version.asked[key], version.wanted, sent, self._held)
            except DeidError:
                self._made[way] = None
        return self._made[way]

    def _deidentified(self, version: Deal, customers: Ints) -> tuple[dict[str, pa.Table | None], Coarser]:
        try:
            given = numbered(version, self._sent, customers)
        except DeidError:
            return {}, {}
        bare = {each: table.drop_columns([CUSTOMER]) for each, table in given.items()}
        became = recoded(version, numbered(replace(version, form=Form.IDENTIFIED), self._sent, customers)).coarser
        answers = {key: _over(bare, asked.question) for key, asked in version.asked.items()}
        return answers, dict(_coarser(version, self._sent)) | dict(became)


@contextmanager
def answering(
    deal: Deal,
    sent: Mapping[str, pa.Table],
    whole: Mapping[str, pa.Table] | None = None,
    evidence: Evidence | None = None,
) -> Iterator[Answering]:
    """Answers to a deal's questions over rows by key of `wanted`; `EngineError` where they have none as asked.

    Versions are held against `whole`, the answers by key of `asked`, if these are known already. With `evidence`, what
    its policy adds noise to is measured with noise (`simulating`).
    """
    with scratch({_raw(key): table for key, table in sent.items()}) as held:
        yield Answering(deal, sent, held, whole, evidence)


def _raw(key: str) -> str:
    return f"raw {key}"


def _over(given: Mapping[str, pa.Table], question: str) -> pa.Table | None:
    """The question itself over rows; None where they cannot answer it."""
    with scratch(given) as held:
        try:
            return held.ask(question)
        except EngineError:
            return None


def _coarser(version: Deal, sent: Mapping[str, pa.Table]) -> Coarser:
    """By column that a version makes coarse, what each of its values became."""
    found: dict[str, dict[str | None, str | None]] = {}
    for key, wanted in version.wanted.items():
        for name, way in wanted.coarse.items():
            values = sent[key][name].unique()
            made = pa.array([Coarsen.parse(way).apply(value) for value in values.to_pylist()])
            found[name] = dict(zip(texts(values), texts(made), strict=True))
    return found
