"""The governed relations of one question, put together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from bailee.engines import View
from bailee.rewrite.column import Columned
from bailee.rewrite.draft import CUTOFF_DATE, CUTOFF_TIMESTAMP, CUTOFF_TZ, INNER_PAD, Allow, Clean, Draft
from bailee.rewrite.governed import Apart, Governed, Used
from bailee.rewrite.mask import Masked
from bailee.rewrite.names import Names
from bailee.rewrite.plan import Plan
from bailee.rewrite.relations import govern
from bailee.rewrite.sight import Sight
from bailee.rewrite.store import Stored
from bailee.vocabulary import Treatment


@dataclass(frozen=True, slots=True)
class Relations:
    """The views of a question with all that they need."""

    views: tuple[View, ...]
    clean: tuple[Clean, ...]
    allow: tuple[Allow, ...]
    columns: tuple[Used, ...]
    drafts: tuple[Draft, ...]
    masked: dict[str, Masked]
    columned: dict[str, Columned]

    @property
    def timed(self) -> bool:
        """Whether some view has to be told the cut-off."""
        return any(token in view.sql for view in self.views for token in (CUTOFF_DATE, CUTOFF_TIMESTAMP, CUTOFF_TZ))

    @property
    def keyed(self) -> bool:
        """Whether some view has to be told the key of pseudonyms."""
        return any(INNER_PAD in view.sql for view in self.views)


def about_groups(
    made: Relations,
    names: Names,
    question: str,
    view: View,
    sql: str,
    *,
    noise: Plan | None = None,
    apart: Apart | None = None,
) -> Governed:
    """A question about groups: it reads one more view alone, in which the groups are formed of those relations."""
    return Governed(
        question=question,
        dialect=names.dialect,
        views=(*made.views, view),
        sql=sql,
        clean=made.clean,
        allow=made.allow,
        aggregate=True,
        tables=tuple(stored.table.name for stored in names.tables),
        columns=made.columns,
        keyed=made.keyed,
        timed=made.timed,
        masked=made.masked,
        columned=made.columned,
        noise=noise,
        apart=apart,
    )


def relations(
    names: Names, sight: Sight, needed: Collection[str] | None, early: Mapping[str, Sequence[str]]
) -> Relations:
    """One governed relation for each stored table that the question names, with the columns needed (None: all).

    `early` has conditions that a table's rows meet besides; see `rewrite.early`.
    """
    views, drafts, used = [], [], []
    clean: dict[str, Clean] = {}
    allow: dict[str, Allow] = {}
    masked: dict[str, Masked] = {}
    columned: dict[str, Columned] = {}
    for stored in names.tables:
        draft, sql, shown = govern(stored, sight, needed, early.get(stored.table.name, ()))
        views.append(View(names.relation(stored), sql))
        drafts.append(draft)
        if draft.masked is not None:
            masked[names.relation(stored)] = draft.masked
        if draft.columned is not None:
            columned[names.relation(stored)] = draft.columned
        clean |= draft.clean
        for name, table in draft.allow.items():
            before = allow.get(name, table)
            allow[name] = replace(table, pseudonyms=table.pseudonyms or before.pseudonyms)
        used += [Used(stored.table.name, seen.name, _as_shown(sight, seen.treatment, seen.subject)) for seen in shown]
    return Relations(
        tuple(views), tuple(clean.values()), tuple(allow.values()), tuple(used), tuple(drafts), masked, columned
    )


def _as_shown(sight: Sight, treatment: Treatment, subject: bool) -> Treatment:
    """In an aggregate question a key is only joined and counted, so it appears in groups at most."""
    return Treatment.AGGREGATE if sight.aggregate and subject else treatment


def personal(tables: Collection[Stored]) -> bool:
    """Whether any of the tables is about people."""
    return any(stored.table.personal for stored in tables)
