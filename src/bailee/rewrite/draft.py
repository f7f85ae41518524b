"""A governed relation as it is being written: what it reads, joins and asks of a row."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from bailee.engines import Place
from bailee.rewrite.column import SLOTS, Columned, test
from bailee.rewrite.mask import Masked, maskable
from bailee.rewrite.sight import Sight
from bailee.rewrite.store import Stored

#: Tokens that `Governed.bind` replaces; no quoted name or literal can hold a NUL.
CUTOFF_DATE, CUTOFF_TIMESTAMP, CUTOFF_TZ = "\0cutoff date\0", "\0cutoff timestamp\0", "\0cutoff tz\0"
INNER_PAD, OUTER_PAD = "\0inner pad\0", "\0outer pad\0"


@dataclass(frozen=True, slots=True)
class Clean:
    """A set that the engine computes once and keeps: its first column is a unique key."""

    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class Allow:
    """An allow table that a question joins: the slot of standing, the type of key, with pseudonyms or without."""

    name: str
    key_type: str
    slot: int
    pseudonyms: bool = False


@dataclass
class Draft:
    """One governed relation; `t` is the base table, and the rules add to the lists."""

    stored: Stored
    sight: Sight
    joins: list[str] = field(default_factory=list)
    where: list[str] = field(default_factory=list)
    clean: dict[str, Clean] = field(default_factory=dict)
    allow: dict[str, Allow] = field(default_factory=dict)
    #: The pseudonym that an allow table has ready for a subject column, by its folded name.
    pseudonyms: dict[str, str] = field(default_factory=dict)
    #: Whether pseudonyms are wanted of the allow tables.
    wants_pseudonyms: bool = False
    #: The one subject of a row, as SQL; None where a row may have several or none.
    subject: str | None = None
    #: Alias of the joined set of unique parents, once it is there.
    owner: str | None = None
    #: The join with an allow table that a mask could stand for: its place among the joins, its table, the condition.
    maskable: tuple[int, str, str] | None = None
    #: The relation with that mask, once it is written.
    masked: Masked | None = None
    #: What stands for all that `stand` joined and asked, where the table has a standing column: how many joins and
    #: conditions, the column, the condition.
    columnable: tuple[int, int, Place, str] | None = None
    #: The relation with that column, once it is written.
    columned: Columned | None = None

    def allowed(self, expression: str, key_type: str, *, optional: bool) -> str:
        """Join the purpose's allow table on an expression; the alias. `optional` keeps rows that find nothing."""
        name = allow_name(self.sight, key_type)
        slot = self.sight.ruling.slot
        if slot is None:
            raise ValueError("a ruling without a slot has no allow table")
        self.allow[name] = Allow(name, key_type, slot, self.wants_pseudonyms)
        alias = f"a{len(self.joins) + 1}"
        shown = "JOIN" if self.wants_pseudonyms else self.stored.dialect.found
        kind = "LEFT JOIN" if optional else shown
        mask = self.stored.dialect.mask
        if mask is not None and not optional and not self.wants_pseudonyms and maskable(key_type):
            self.maskable = (len(self.joins), name, mask(name, expression))
        self.joins.append(f"{kind} {self.stored.dialect.own.format(name)} AS {alias} ON {alias}.subject = {expression}")
        return alias

    def cleaned(self, sql: str, expression: str) -> str:
        """Join a clean set on an expression; the alias. A row that finds nothing is hidden."""
        made = clean(sql)
        self.clean[made.name] = made
        alias = f"c{len(self.joins) + 1}"
        self.joins.append(f"JOIN {self.stored.dialect.own.format(made.name)} AS {alias} ON {alias}.key = {expression}")
        return alias

    def sql(self, columns: list[str]) -> str:
        """The body of the view."""
        return self._body(columns, self.joins, self.where)

    def with_mask(self, columns: list[str]) -> Masked | None:
        """The body of the view with a mask in place of the join with the allow table, if there may be one."""
        if self.maskable is None:
            return None
        at, name, bit = self.maskable
        return Masked(name, self._body(columns, self.joins[:at] + self.joins[at + 1 :], [*self.where, bit]))

    def stands(self, subject: str, *, guests: bool) -> None:
        """Note that the standing column of the table says all that the rule has written so far, if there is one.

        Pseudonyms come from the allow table, and a slot beyond the last bit has none.
        """
        stored, slot = self.stored, self.sight.ruling.slot
        name = stored.table.standing
        column = None if name is None else stored.dialect.stored(name)
        if column is None or slot is None or slot >= SLOTS or self.wants_pseudonyms:
            return
        if stored.types.get(column) == "BIGINT":
            (key,) = map(stored.dialect.stored, stored.table.subjects)
            place = Place(stored.schema, stored.name, stored.spelling[column], stored.spelling[key])
            bit = test(f"t.{stored.dialect.quote(place.column)}", slot)
            condition = f"({subject} IS NULL OR {bit})" if guests else bit
            self.columnable = len(self.joins), len(self.where), place, condition

    def with_column(self, columns: list[str]) -> Columned | None:
        """The body of the view with a test of the standing column in place of the allow table, if there may be one."""
        if self.columnable is None:
            return None
        joins, where, place, condition = self.columnable
        return Columned(place, self._body(columns, self.joins[joins:], [*self.where[where:], condition]))

    def _body(self, columns: list[str], joins: list[str], where: list[str]) -> str:
        parts = [f"SELECT {', '.join(columns)}", f"FROM {self.stored.sql} AS t", *joins]
        if where:
            parts.append("WHERE " + " AND ".join(where))
        return " ".join(parts)


def clean(sql: str) -> Clean:
    """The clean set that a query makes, named by its text."""
    return Clean(f"clean_{hashlib.sha256(sql.encode()).hexdigest()[:24]}", sql)


def allow_name(sight: Sight, key_type: str) -> str:
    """The allow table of a ruling's slot for one type of key; another policy has another."""
    kind = re.sub("[^0-9a-z]+", "_", key_type.lower()).strip("_")
    policy = re.sub("[^0-9a-z]", "", sight.ruling.policy.rpartition(":")[2].lower())[:12]
    return f"allow_{policy}_{sight.ruling.slot}_{kind}"
