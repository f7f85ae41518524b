"""Only rows whose customers stand: every subject is in the purpose's allow table (`spec/decision.md`, rows)."""

from __future__ import annotations

from bailee.engines.owned import WORDS
from bailee.rewrite.draft import Draft
from bailee.rewrite.rules.parents import owner_of, parents
from bailee.rewrite.sight import Person
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
    person = draft.sight.person
    aliases = _join(draft, subjects, guests) if person is None else _only(draft, subjects, person)
    if holder is stored:
        draft.pseudonyms = {
            stored.dialect.stored(name): f"{alias}.pseudonym"
            for name, alias in zip(stored.table.subjects, aliases, strict=True)
        }
    draft.subject = subjects[0][0] if len(subjects) == 1 else None
    if holder is stored and draft.subject is not None and person is None:
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


def _only(draft: Draft, subjects: list[tuple[str, str]], person: Person) -> list[str]:
    """Of rows that name one person, those that name nobody else, or with `shared` those that do."""
    aliases = [draft.allowed(*subject, optional=True) for subject in subjects]
    words = WORDS[draft.stored.dialect.name]
    # As text, and of the allow table: it holds a key only where it is exactly the text of a value of its type.
    theirs = [
        f"coalesce(CAST({alias}.subject AS {words.text}) = {words.literal(person.key)}, false)" for alias in aliases
    ]
    draft.where.append(f"({' OR '.join(theirs)})" if theirs else "false")
    named = [expression for expression, _ in subjects]
    other = [f"({each} IS NOT NULL AND NOT {is_theirs})" for each, is_theirs in zip(named, theirs, strict=True)]
    if other:
        somebody = f"({' OR '.join(other)})"
        draft.where.append(somebody if person.shared else f"NOT {somebody}")
    return aliases
