"""What row-level security can show of a purpose: for each table the columns and the condition, or why it cannot.

A policy of the database's own is a condition on one row. It changes no value, so only what is clear can be shown; and a
sub-query in it is run for each row, so only what the row itself says can be asked. Everything else is left out by name.
The conditions are those of the governed relation with a standing column, so that a door shows the gate's rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bailee.decide.ruling import Ruling
from bailee.engines import Place
from bailee.policy.units import Duration
from bailee.rewrite import draft as drafts
from bailee.rewrite.column import test
from bailee.rewrite.draft import Draft
from bailee.rewrite.rules import RULES
from bailee.rewrite.sight import Seen, Sight
from bailee.rewrite.store import Store, Stored
from bailee.vocabulary import Treatment

_OTHERWISE = {
    Treatment.COARSE: "it may only be shown coarse, and a policy of the database changes no value",
    Treatment.PSEUDONYM: "it may only be shown as a pseudonym, and a policy of the database changes no value",
    Treatment.AGGREGATE: "it may only be seen in groups, and a policy of the database counts nobody",
}
_CUTOFFS = (drafts.CUTOFF_DATE, drafts.CUTOFF_TIMESTAMP, drafts.CUTOFF_TZ)
_NOW = "(statement_timestamp() AT TIME ZONE 'UTC')"


@dataclass(frozen=True, slots=True)
class Doorway:
    """One table as a role may see it: columns, and a condition on rows; of a table about nobody there is none."""

    table: str
    schema: str
    name: str
    columns: tuple[str, ...]
    place: Place | None = None
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is not shown, and why; a whole table where `column` is None."""

    table: str
    column: str | None
    why: str

    def __str__(self) -> str:
        what = self.table if self.column is None else f"{self.table}.{self.column}"
        return f"`{what}` is left out: {self.why}"


def doorways(
    ruling: Ruling, store: Store, bit: Callable[[Place, int], str]
) -> tuple[tuple[Doorway, ...], tuple[LeftOut, ...]]:
    """Every table of the data map, either way; `bit` gives SQL for the bit of an open column, NULL while it is shut.

    The subjects of all tables have one treatment, as in a question that names them all.
    """
    tables = [store.of(name) for name in store.names()]
    sight = Sight(ruling, store, tables)
    made: list[Doorway] = []
    left: list[LeftOut] = []
    for stored in tables:
        found = _doorway(stored, sight, bit)
        if isinstance(found, str):
            left.append(LeftOut(stored.table.name, None, found))
            continue
        made.append(found)
        left += _columns_left(stored, sight)
    return tuple(made), tuple(left)


def _doorway(stored: Stored, sight: Sight, bit: Callable[[Place, int], str]) -> Doorway | str:
    if sight.empty(stored):
        return f"`{sight.purpose.key}` may see nothing of it"
    columns = tuple(seen.name for seen in sight.columns(stored).values() if seen.treatment is Treatment.CLEAR)
    if not columns:
        return "none of its columns may be shown clear"
    if not stored.table.personal:
        return Doorway(stored.table.name, stored.schema, stored.name, columns)
    if stored.table.via is not None:
        return "its rows are those of customers whom another table names (`via`), which takes a join"
    if stored.table.standing is None:
        return "the data map names no `standing` column for it, and a policy with a join is many times slower"
    draft = Draft(stored, sight)
    for rule in RULES:
        rule(draft)
    if draft.columnable is None:
        return "its standing column is not in the database, or has no bit for this purpose; run `bailee engines test`"
    joins, where, place, condition = draft.columnable
    if draft.joins[joins:]:
        return "its rows refer to others that may reveal what is not to be shown (`references`), which takes a join"
    slot = sight.ruling.slot or 0
    shut = bit(place, 1 << slot)
    column = f"t.{stored.dialect.quote(place.column)}"
    conditions = [condition.replace(test(column, slot), f"({column} & {shut}) <> 0"), *draft.where[where:]]
    if draft.subject is not None and condition != test(column, slot):
        conditions.insert(0, f"{shut} IS NOT NULL")  # rows of guests too are shown through an open door only
    said = _of_itself(stored, _unindexed(" AND ".join(conditions)))
    keep = sight.purpose.keep
    said = said if keep.from_last_activity else _now(said, keep.duration)
    return Doorway(stored.table.name, stored.schema, stored.name, columns, place, said)


def _columns_left(stored: Stored, sight: Sight) -> Iterator[LeftOut]:
    for seen in sight.columns(stored).values():
        if seen.treatment is not Treatment.CLEAR:
            yield LeftOut(stored.table.name, seen.name, _why(seen))


def _why(seen: Seen) -> str:
    return _OTHERWISE.get(seen.treatment) or (seen.reason.sentence if seen.reason is not None else "it is withheld")


def _unindexed(condition: str) -> str:
    """A cut-off is no way to find rows, for it cuts few; but of a value that it does not know yet the planner takes a
    third of all rows to be beyond it, and then an index over them. It has none for the truth of a comparison.

    All of a condition in one keeps its order too: a row whose customer does not stand is compared with no cut-off."""
    return f"coalesce({condition}, false)" if any(token in condition for token in _CUTOFFS) else condition


def _of_itself(stored: Stored, sql: str) -> str:
    """A condition with the table's own name in place of `t`; a policy knows no other."""
    parts: list[str] = []
    at, before = 0, ""
    while at < len(sql):
        token = None if sql[at] == "\0" else stored.dialect.tokens.match(sql, at)
        end = at + 1 if token is None or token.end() == at else token.end()
        word = sql[at:end]
        own = word == "t" and sql[end : end + 1] == "." and before != "."
        parts.append(stored.dialect.quote(stored.name) if own else word)
        at, before = end, word
    return "".join(parts)


def _now(sql: str, keep: Duration) -> str:
    """The cut-off as of each statement, worked out once for it; as `Duration.minus`, by the calendar of UTC."""
    span = f"make_interval(months => {keep.months}, days => {keep.days}, mins => {keep.minutes})"
    naive = f"{_NOW} - {span}"
    filled = {
        drafts.CUTOFF_DATE: f"(SELECT CAST({naive} AS date))",
        drafts.CUTOFF_TIMESTAMP: f"(SELECT {naive})",
        drafts.CUTOFF_TZ: f"(SELECT ({naive}) AT TIME ZONE 'UTC')",
    }
    for token, value in filled.items():
        sql = sql.replace(token, value)
    return sql
