"""What a ruling lets a question see of each table: the treatment of every column, and which reveals are forbidden."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bailee import decide
from bailee.decide.ruling import Ruling
from bailee.policy.model import Purpose
from bailee.rewrite.dialects import fold
from bailee.rewrite.reasons import refused
from bailee.rewrite.store import Store, Stored
from bailee.vocabulary import Principle, Reason, Treatment

_PLAIN = (Treatment.CLEAR, Treatment.COARSE, Treatment.PSEUDONYM)


@dataclass(frozen=True, slots=True)
class Seen:
    """How one column may appear in this question; `own` is its treatment before subject keys are made alike."""

    name: str
    treatment: Treatment
    own: Treatment
    reason: Reason | None
    subject: bool

    def shows(self, aggregate: bool) -> bool:
        """Whether it has a place in the governed relation."""
        return self.treatment in _PLAIN or (aggregate and self.treatment is Treatment.AGGREGATE)


@dataclass(frozen=True, slots=True)
class Person:
    """The one person whom a question is about, by key: rows that name anybody else are no part of it.

    With `shared` it is about those rows alone that name them and somebody else too, to be counted.
    """

    key: str
    shared: bool = False


@dataclass
class Sight:
    """A ruling as it falls on the tables of one question."""

    ruling: Ruling
    store: Store
    tables: Sequence[Stored]
    aggregate: bool = False
    person: Person | None = None
    _seen: dict[str, dict[str, Seen]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.subjects = decide.subjects(self.ruling, [s.table for s in self.tables if s.table.personal])

    @property
    def purpose(self) -> Purpose:
        if self.ruling.purpose is None:
            raise ValueError("a refused ruling shows nothing")
        return self.ruling.purpose

    def columns(self, stored: Stored) -> dict[str, Seen]:
        """Every column of the database's table by the key of its name, in the database's order."""
        key = stored.table.name
        if key not in self._seen:
            self._seen[key] = {name: self._column(stored, name) for name in stored.types}
        return self._seen[key]

    def _column(self, stored: Stored, folded: str) -> Seen:
        table, spelling = stored.table, stored.spelling[folded]
        if folded not in stored.mapped:
            kept = table.standing is not None and folded == stored.dialect.stored(table.standing)
            told = "Bailee keeps it, and it is shown to nobody" if kept else "it is not in the data map"
            why = Reason("not_mapped", told, Principle.ACCOUNTABILITY)
            return Seen(spelling, Treatment.WITHHELD, Treatment.WITHHELD, why, False)
        name = stored.mapped[folded]
        ruled = decide.column(self.ruling, table, name)
        own, reason = ruled.treatment, ruled.reason
        coarsen = table.columns[name].coarsen
        subject = table.personal and folded in map(stored.dialect.stored, table.subjects)
        kind, line = stored.types[folded], reason.line if reason else None
        if own is Treatment.COARSE and (coarsen is None or stored.dialect.coarse(coarsen, "", kind) is None):
            own = Treatment.WITHHELD
            found = f"it may only be shown coarse, and `{coarsen}` does not suit {kind}"
            reason = Reason("not_coarse", found, Principle.MINIMISATION, line)
        elif own is Treatment.PSEUDONYM and not subject and not stored.dialect.pseudonymous.fullmatch(kind):
            own = Treatment.WITHHELD
            found = f"it may only be shown as a pseudonym, and {kind} is not the same text on every engine"
            reason = Reason("not_pseudonym", found, Principle.MINIMISATION, line)
        return Seen(spelling, self.subjects if subject else own, own, reason, subject)

    def visible(self, stored: Stored) -> list[str]:
        """The folded names of the columns in the governed relation, in the database's order."""
        return [name for name, seen in self.columns(stored).items() if seen.shows(self.aggregate)]

    def plain(self, stored: Stored) -> bool:
        """Whether some column besides subject keys may be seen outside groups."""
        return any(seen.own in _PLAIN and not seen.subject for seen in self.columns(stored).values())

    def grouped(self, stored: Stored) -> bool:
        """Whether some column may be seen in groups only."""
        return any(seen.own is Treatment.AGGREGATE for seen in self.columns(stored).values())

    def empty(self, stored: Stored) -> bool:
        """Whether the purpose may see nothing of the table; that it could list whose rows are there is not enough."""
        columns = self.columns(stored).values()
        said = [seen for seen in columns if not seen.subject] or list(columns)
        return all(seen.own is Treatment.WITHHELD for seen in said)

    def forbidden(self, category: str) -> bool:
        """Whether a row that reveals this category is hidden."""
        if category in self.ruling.unspoken:
            return True
        treatment = decide.category(self.ruling, category).treatment
        return treatment is not Treatment.CLEAR and not (self.aggregate and treatment is Treatment.AGGREGATE)

    def known(self) -> list[str]:
        """The names of the tables of which the purpose may see something."""
        return [name for name in self.store.names() if not self.empty(self.store.of(name))]


def unknown_table(sight: Sight, found: str, place: str) -> Exception:
    """The refusal of a name that is no table, with the nearest that the purpose may see."""
    return refused(
        "table_unknown", found=found, place=place, purpose=sight.purpose.key, known=_nearest(found, sight.known())
    )


def _nearest(found: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    names = list(known)
    close = get_close_matches(fold(found), names, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{close[0]}`?"
    return "it may see " + ", ".join(f"`{name}`" for name in names[:12]) if names else "it may see none"
