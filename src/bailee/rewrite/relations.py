"""Governed relations: for each base table, the SELECT of what the question may see of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bailee.rewrite.dialects import Dialect
from bailee.rewrite.draft import INNER_PAD, OUTER_PAD, Draft
from bailee.rewrite.rules import RULES
from bailee.rewrite.sight import Seen, Sight
from bailee.rewrite.store import Stored
from bailee.vocabulary import Treatment

#: The name of the customer's own key in relations that only groups are made of.
SUBJECT = "bailee_subject"


def govern(
    stored: Stored, sight: Sight, needed: Collection[str] | None, early: Sequence[str] = ()
) -> tuple[Draft, str, list[Seen]]:
    """The draft of a relation, its SQL, and the columns that it shows: those `needed`, or all (None).

    In an aggregate question keys stay as they are, because they can only join and be counted. `early` are conditions of
    the question itself.
    """
    quote, columns = stored.dialect.quote, sight.columns(stored)
    visible = sight.visible(stored)
    chosen = [name for name in visible if needed is None or name in needed] or visible[:1]
    draft = Draft(stored, sight)
    pseudonymous = [n for n in chosen if columns[n].treatment is Treatment.PSEUDONYM and columns[n].subject]
    draft.wants_pseudonyms = bool(pseudonymous) and not sight.aggregate
    if stored.table.personal:
        for rule in RULES:
            rule(draft)
    draft.where += early
    shown = [_value(draft, name, columns[name]) + f" AS {quote(columns[name].name)}" for name in chosen]
    if sight.aggregate and draft.subject is not None:
        shown.append(f"{draft.subject} AS {SUBJECT}")
    shown = shown or ["true AS bailee_row"]
    draft.masked, draft.columned = draft.with_mask(shown), draft.with_column(shown)
    return draft, draft.sql(shown), [columns[name] for name in chosen]


def _value(draft: Draft, name: str, seen: Seen) -> str:
    """One column as the question may see it."""
    column, type_name = draft.stored.column(name), draft.stored.types[name]
    if seen.treatment is Treatment.COARSE:
        coarsen = draft.stored.table.columns[draft.stored.mapped[name]].coarsen
        coarse = None if coarsen is None else draft.stored.dialect.coarse(coarsen, column, type_name)
        if coarse is None:
            raise ValueError("a column without a way to coarsen is withheld")
        return coarse
    if seen.treatment is Treatment.PSEUDONYM and not (seen.subject and draft.sight.aggregate):
        return draft.pseudonyms.get(name) or pseudonym(draft.stored.dialect, column)
    if "ENUM(" in type_name:
        # An ENUM carries every word of its list, those of hidden rows too.
        return f"CAST({column} AS {draft.stored.dialect.text_type})"
    return column


def pseudonym(dialect: Dialect, column: str) -> str:
    """HMAC-SHA256 (RFC 2104) of the value's text under the purpose's and recipient's key: 32 hex characters."""
    return dialect.pseudonym.format(value=column, inner=INNER_PAD, outer=OUTER_PAD)
