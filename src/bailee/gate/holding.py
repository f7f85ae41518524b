"""What the company's databases hold about one person, for their own request: table by table, each look recorded.

Rows leave as answers to questions do, through the same fence. A row that names somebody else too is no part of it, for
it is theirs as well: such rows are counted, and whoever answers the request looks at them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bailee.decide import Ruling
from bailee.errors import WorkspaceError
from bailee.gate.answer import Answer
from bailee.policy.model import Policy
from bailee.rewrite import Person
from bailee.vocabulary import Actor, Use

if TYPE_CHECKING:
    from bailee.gate.questions import Fresh, Questions


@dataclass(frozen=True, slots=True)
class HeldTable:
    """A table about people: the engine that has it (None is the main one), its name in the map, as a question says it.

    `several` says that its rows may name more than one person.
    """

    engine: str | None
    name: str
    sql: str
    several: bool


class Holding:
    """What is held about `customer`; whoever looks is `actor`. `door` gives the questions of an engine by name."""

    def __init__(
        self,
        customer: str,
        ruling: Ruling,
        engines: tuple[str | None, ...],
        door: Callable[[str | None], Questions],
        clock: Callable[[], datetime],
        fresh: Fresh,
    ) -> None:
        self.customer, self.ruling = customer, ruling
        self._engines, self._door, self._clock, self._fresh = engines, door, clock, fresh

    def tables(self) -> Iterator[HeldTable]:
        """Every table about people of every engine; EngineError where one cannot be reached."""
        for engine in self._engines:
            for name, sql, several in self._door(engine).tables():
                yield HeldTable(engine, name, sql, several)

    def rows(self, table: HeldTable) -> Answer:
        """The person's rows of a table, recorded; raises as `Gate.ask` does."""
        return self._ask(f"SELECT * FROM {table.sql}", table, Person(self.customer))

    def shared(self, table: HeldTable) -> int:
        """How many rows of a table name the person and somebody else too; recorded where there can be any."""
        if not table.several:
            return 0
        answer = self._ask(f"SELECT count(*) AS n FROM {table.sql}", table, Person(self.customer, shared=True))
        return int(answer.arrow().column(0)[0].as_py())

    def _ask(self, question: str, table: HeldTable, person: Person) -> Answer:
        return self._door(table.engine).ask(question, self.ruling, self._clock(), self._fresh, person)


def use(policy: Policy, purpose: str | None, actor: Actor) -> Use:
    """The use that answers a person's own request; WorkspaceError where the policy has no purpose for it, or many."""
    own = [key for key, each in policy.purposes.items() if each.own_request]
    if purpose is None and len(own) != 1:
        found = f"it has {', '.join(f'`{key}`' for key in own)}: name one" if own else "add one"
        raise WorkspaceError(
            f"showing people their own data needs a purpose with `own_request: true` in `policy.yaml`, and {found}"
        )
    return Use(purpose or own[0], actor, own=True)
