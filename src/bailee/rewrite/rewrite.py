"""The rewrite itself: from the asker's text and a ruling to a governed question, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from bailee.decide.ruling import Ruling
from bailee.engines import Table as BaseTable
from bailee.errors import Refused
from bailee.policy.model import DataMap
from bailee.rewrite import aggregate, closed_world, columns, customers, early
from bailee.rewrite.assemble import personal, relations
from bailee.rewrite.columns import Found
from bailee.rewrite.dialects import DUCKDB, Dialect
from bailee.rewrite.governed import Governed, Withheld
from bailee.rewrite.names import Names, UnknownTable, resolve
from bailee.rewrite.reasons import place, refused
from bailee.rewrite.sight import Person, Sight, unknown_table
from bailee.rewrite.splice import splice
from bailee.rewrite.store import Store
from bailee.rewrite.tokens import Token
from bailee.rewrite.verify import Serialize, verify
from bailee.vocabulary import Treatment

if TYPE_CHECKING:
    from sqlglot import exp


def rewrite(
    question: str,
    ruling: Ruling,
    datamap: DataMap,
    catalog: Iterable[BaseTable],
    serialize: Serialize,
    dialect: Dialect = DUCKDB,
) -> Governed:
    """The question with every table replaced by what the ruling lets it see; raises `Refused` with reasons.

    `catalog` is the engine's list of base tables and `serialize` its own parse of SQL, as a dict whose shape the
    dialect knows (DuckDB's `json_serialize_sql`, say).
    """
    return rewrite_over(question, ruling, Store(datamap, catalog, dialect), serialize)


def rewrite_over(
    question: str, ruling: Ruling, store: Store, serialize: Serialize, person: Person | None = None
) -> Governed:
    """The same over a store that is already laid out; the answer to a person's own request is about `person` alone."""
    if not ruling.permitted or ruling.purpose is None:
        raise Refused(ruling.reasons)
    if ruling.use.own != (person is not None):
        raise ValueError("a person's own request is about one person, and nothing else is")
    tokens, tree = closed_world.read(question, store.dialect)
    names = _names(question, tokens, tree, ruling, store)
    sight = Sight(ruling, store, names.tables, person=person)
    _check_tables(question, names, sight)
    found = list(columns.resolved(names, sight, tree))
    columns.check(question, names, sight, tokens, found, tree)
    why = _only_in_groups(names, sight, found, columns.hidden(names, sight, tokens, tree, Treatment.AGGREGATE))
    if why is not None and person is not None:
        raise ValueError("nobody is shown themselves in groups")
    if why is not None:
        grouped = Sight(ruling, store, names.tables, aggregate=True)
        return aggregate.rewrite(question, tokens, tree, names, grouped, why, found, serialize)
    return _plain(question, tokens, tree, names, sight, found, serialize)


def _plain(
    question: str,
    tokens: Sequence[Token],
    tree: exp.Expr,
    names: Names,
    sight: Sight,
    found: Sequence[Found],
    serialize: Serialize,
) -> Governed:
    """A question whose rows may be shown."""
    needed = None if columns.wide(names, tree) else {token.name for token in tokens}
    sql, edits = splice(question, names.edits)
    verify(names.dialect, sql, serialize, names.references)
    made = relations(names, sight, needed, early.conditions(names, tree, found))
    return Governed(
        question=question,
        dialect=names.dialect,
        views=made.views,
        sql=sql,
        clean=made.clean,
        allow=made.allow,
        tables=tuple(stored.table.name for stored in names.tables),
        columns=made.columns,
        withheld=_skipped(names, sight) if needed is None else (),
        customers=(sight.person.key,) if sight.person else customers.constants(names, sight, tree, list(found)),
        personal=personal(names.tables),
        keyed=made.keyed,
        timed=made.timed,
        edits=edits,
        # Neither says of a row whom it names beside.
        masked={} if sight.person else made.masked,
        columned={} if sight.person else made.columned,
    )


def _names(question: str, tokens: Sequence[Token], tree: exp.Expr, ruling: Ruling, store: Store) -> Names:
    try:
        return resolve(question, tokens, tree, store)
    except UnknownTable as unknown:
        raise unknown_table(Sight(ruling, store, ()), unknown.found, place(question, unknown.start)) from None


def _check_tables(question: str, names: Names, sight: Sight) -> None:
    """Refuse a table of which the purpose may see nothing."""
    for use in sorted(names.uses, key=lambda use: use.start):
        if sight.empty(use.stored):
            # That the subject is a pseudonym is no reason: nothing of what is said about it may be seen.
            seen_of = sorted(sight.columns(use.stored).values(), key=lambda seen: seen.subject)
            reasons = [seen.reason for seen in seen_of if seen.reason is not None]
            line = reasons[0].line if reasons else None
            why = f": {reasons[0].sentence}" if reasons else ""
            at = place(question, use.start)
            raise refused(
                "table_withheld", line, table=use.stored.table.name, place=at, purpose=sight.purpose.key, why=why
            )


def _only_in_groups(names: Names, sight: Sight, found: Sequence[Found], hidden: str | None) -> str | None:
    """Why the question may only be answered about groups, or None."""
    for each in found:
        if each.seen.treatment is Treatment.AGGREGATE:
            return f"`{each.seen.name}` of `{each.use.stored.table.name}` may only be seen in groups"
    if hidden is not None:
        return f"`{hidden}` may only be seen in groups"
    for stored in names.tables:
        if stored.table.personal and not sight.plain(stored) and sight.grouped(stored):
            return f"`{stored.table.name}` may only be seen in groups"
    return None


def _skipped(names: Names, sight: Sight) -> tuple[Withheld, ...]:
    return tuple(
        Withheld(stored.table.name, seen.name, seen.reason)
        for stored in names.tables
        for seen in sight.columns(stored).values()
        if not seen.shows(sight.aggregate)
    )
