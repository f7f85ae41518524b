"""Exact figures in, noisy figures out: what the gate does between the two questions that it asks of an engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from bailee.deid import noise
from bailee.engines import View
from bailee.engines.owned import WORDS
from bailee.errors import DeidError, RowsExceeded
from bailee.gate.budgets import Reserved
from bailee.rewrite.plan import Plan

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

#: Makes the relation of noisy figures from exact ones.
Noising = Callable[["pa.Table"], View]
#: Adds noise of a scale to figures.
Drawing = Callable[["npt.NDArray[np.int64]", float], "npt.NDArray[np.int64]"]
#: The most groups that figures are made for: noise takes a second for some 100,000 figures.
MOST = 100_000


@dataclass(frozen=True, slots=True)
class Noisy:
    """One aggregate of an answer: the scale of its noise, and the half-width of the 95 % interval around each figure.

    `column` is the answer's column that shows it alone. A quotient has those of the two that it is made of, in `parts`,
    and none of its own, because it depends on both.
    """

    text: str
    column: str | None
    scale: float | None
    half_width: Decimal | None
    parts: tuple[tuple[str, float, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class Noised:
    """How an answer's figures were made: what was spent, of whose rows how many, and how wide the noise is.

    Groups whose noisy number of customers is under `minimum` are left out.
    """

    reserved: Reserved
    rows: int
    minimum: int
    customers: noise.Noise
    aggregates: tuple[Noisy, ...]


def widths(plan: Plan, amount: Decimal) -> list[noise.Noise]:
    """The noise of each figure of a question that spends so much, shared evenly; DeidError where it cannot be drawn."""
    share = noise.shares(amount, len(plan.figures))
    return [noise.noise(plan.sensitivity(at), share) for at in range(len(plan.figures))]


@dataclass
class Adding:
    """Adds noise to the exact figures of one question, once."""

    plan: Plan
    reserved: Reserved
    dialect: str
    #: Draws noise: OpenDP, and in a simulation of which nothing leaves a source that repeats itself.
    draw: Drawing = noise.add
    made: list[noise.Noise] = field(init=False)
    _done: bool = False

    def __post_init__(self) -> None:
        self.made = widths(self.plan, self.reserved.amount)

    def __call__(self, exact: pa.Table) -> View:
        """The noisy relation, without small groups; ValueError if it is asked for twice."""
        if self._done:
            raise ValueError("what was reserved pays for one draw of noise")
        import numpy as np

        self._done = True
        if exact.num_rows > MOST:
            raise RowsExceeded(f"there are more than {MOST:,} groups; group by fewer keys", kind="rows")
        keys = self._keys(exact)
        drawn = [
            self.draw(exact.column(f"bailee_f{at}").to_numpy().astype(np.int64), made.scale)[keys.order]
            for at, made in enumerate(self.made, 1)
        ]
        shown = drawn[0] >= self.plan.minimum
        rows = [
            (*texts, *map(str, figures))
            for texts, figures, is_shown in zip(keys.texts, zip(*drawn, strict=True), shown, strict=True)
            if is_shown
        ]
        types = [*keys.types, *["BIGINT"] * len(drawn)]
        return View(self.plan.relation, _relation(self.plan.columns, types, rows, self.dialect))

    def _keys(self, exact: pa.Table) -> _Keys:
        """The keys as text in an order of their own: rows come in one that may tell which groups are empty."""
        import numpy as np

        columns = [exact.column(f"bailee_k{at}").to_pylist() for at in range(1, self.plan.keys + 1)]
        texts = list(zip(*columns, strict=True)) if columns else [()] * exact.num_rows
        order = sorted(range(len(texts)), key=lambda at: [(each is not None, each or "") for each in texts[at]])
        if len(set(texts)) != len(texts):
            raise DeidError("two groups have the same keys as text, so one customer might count twice; nothing leaves")
        types = [_type(exact.schema.field(f"bailee_v{at}").type) for at in range(1, self.plan.keys + 1)]
        return _Keys([texts[at] for at in order], types, np.asarray(order, np.intp))

    def noised(self) -> Noised:
        """What a reader is told."""
        plan = self.plan
        return Noised(
            self.reserved,
            plan.rows,
            plan.minimum,
            self.made[0],
            tuple(self._told(told.text, told.column, told.figures) for told in plan.told),
        )

    def _told(self, text: str, column: str | None, figures: Sequence[int]) -> Noisy:
        widths = [(self.made[at].scale, self.made[at].half_width, self.plan.figures[at].step) for at in figures]
        parts = [(scale * float(step), half * step) for scale, half, step in widths]
        if len(parts) == 1:
            return Noisy(text, column, *parts[0])
        names = ("sum", "count")
        return Noisy(text, column, None, None, tuple((name, *part) for name, part in zip(names, parts, strict=True)))


@dataclass(frozen=True, eq=False)
class _Keys:
    """The groups' keys as text, their types, and where the exact figures of each stand."""

    texts: list[tuple[str | None, ...]]
    types: list[str]
    order: npt.NDArray[np.intp]


def _type(found: pa.DataType) -> str:
    """The SQL type of a key; anything that is not one of these is shown as text."""
    import pyarrow.types as t

    if t.is_decimal(found):
        return f"DECIMAL({found.precision},{found.scale})"
    kinds = {"bool": "BOOLEAN", "int64": "BIGINT", "date32[day]": "DATE", "timestamp[us]": "TIMESTAMP"}
    integers = {"int8": "SMALLINT", "int16": "SMALLINT", "int32": "INTEGER", "uint8": "SMALLINT", "uint16": "INTEGER"}
    return {**kinds, **integers, "uint32": "BIGINT"}.get(str(found), "VARCHAR")


def _relation(names: Sequence[str], types: Sequence[str], rows: Sequence[Sequence[str | None]], dialect: str) -> str:
    """A query of these rows, in each column of one type."""
    words = WORDS[dialect]

    def typed(name: str, kind: str) -> str:
        return f"CAST(v.{name} AS {words.text if kind == 'VARCHAR' else kind}) AS {name}"

    shown = ", ".join(typed(name, kind) for name, kind in zip(names, types, strict=True))
    if not rows:
        nothing = ", ".join(f"CAST(NULL AS {words.text}) AS {name}" for name in names)
        return f"SELECT {shown} FROM (SELECT {nothing}) AS v WHERE false"
    listed = ", ".join(
        f"({', '.join('NULL' if each is None else words.literal(each) for each in row)})" for row in rows
    )
    return f"SELECT {shown} FROM (VALUES {listed}) AS v({', '.join(names)})"
