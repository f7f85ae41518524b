"""Only rows whose customers stand: every subject is in the purpose's allow table (`spec/decision.md`, rows)."""

from __future__ import annotations

from bailee.rewrite.draft import Draft
from bailee.rewrite.rules.parents import owner_of, parents
from bailee.vocabulary import Basis


def stand(draft: Draft) -> None:
    """Join the allow table for each subject of the row, which its own columns or its one parent name.

    With one subject and no guests it is an inner join on a unique key; with several, each that is not NULL must be
    there. A row without any subject is a guest's: shown only if the map includes guests and the basis is not a choice.
    """
    stored = draft.stored
    if stored.table.via is None:
        holder = stored
        subjects = [(stored.column(name), stored.key_type(name)) for name in stored.table.subjects]
    else:
        holder = owner_of(draft.sight.store, stored)
        draft.owner = draft.cleaned(parents(draft.sight.store, stored), stored.column(stored.table.via.column))
        subjects = [(f"{draft.owner}.s{at}", holder.key_type(name)) for at, name in enumerate(holder.table.subjects, 1)]
    guests = holder.table.guests and draft.sight.purpose.basis in (Basis.CONTRACT, Basis.LEGAL_OBLIGATION)
    aliases = _join(draft, subjects, guests)
    if holder is stored:
        draft.pseudonyms = {
            stored.dialect.stored(name): f"{alias}.pseudonym"
            for name, alias in zip(stored.table.subjects, aliases, strict=True)
        }
    draft.subject = subjects[0][0] if len(subjects) == 1 else None
    if holder is stored and draft.subject is not None:
        draft.stands(draft.subject, guests=guests)


def _join(draft: Draft, subjects: list[tuple[str, str]], guests: bool) -> list[str]:
    if not subjects:
        draft.where += [] if guests else ["false"]
        return []
    if len(subjects) == 1 and not guests:
        return [draft.allowed(*subjects[0], optional=False)]
    aliases = [draft.allowed(*subject, optional=True) for subject in subjects]
    for (expression, _), alias in zip(subjects, aliases, strict=True):
        draft.where.append(f"({expression} IS NULL OR {alias}.subject IS NOT NULL)")
    if not guests:
        draft.where.append("(" + " OR ".join(f"{expression} IS NOT NULL" for expression, _ in subjects) + ")")
    return aliases
