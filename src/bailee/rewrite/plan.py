"""How a question with noise is answered: what is counted exactly within the gate, and what a reader is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bailee.deid.sensitivity import Figure
    from bailee.engines import Unique


@dataclass(frozen=True, slots=True)
class Told:
    """One aggregate of the question: its text, the name of the answer's column that shows it alone, its figures.

    `figures` are indexes into the plan's: one, or two for a quotient.
    """

    text: str
    column: str | None
    figures: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The exact figures of a question, which never leave the gate, and the relation that noisy ones stand for.

    `sql` gives a row for each group: `keys` columns of keys as text, as many of them as they are, then the `figures`,
    of which the first is how many customers there are. `rows` of each customer count; `minimum` is `min_group`.
    """

    sql: str
    relation: str
    keys: int
    figures: tuple[Figure, ...]
    rows: int
    minimum: int
    told: tuple[Told, ...]
    #: The columns that the database must keep unique while it counts, or one customer could change another's figures.
    unique: tuple[Unique, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the noisy relation's columns, keys first."""
        keys = tuple(f"bailee_k{at}" for at in range(1, self.keys + 1))
        return (*keys, *(f"bailee_f{at}" for at in range(1, len(self.figures) + 1)))

    def sensitivity(self, figure: int) -> int:
        """How much one customer can change all groups' values of a figure together."""
        return self.figures[figure].sensitivity(self.rows, grouped=self.keys > 0)
