"""How a column may appear under a ruling, and why not clear (`spec/decision.md` D3)."""

from __future__ import annotations

from collections.abc import Sequence

from bailee.decide.ruling import ColumnRuling, Ruling
from bailee.policy import taxonomy
from bailee.policy.model import Table
from bailee.policy.reasons import ruling_reason
from bailee.policy.special import SPECIAL
from bailee.vocabulary import Reason, Treatment

CLEAR = ColumnRuling(Treatment.CLEAR)


def category(ruling: Ruling, key: str) -> ColumnRuling:
    """How one category may appear: what standards withhold, else the longest prefix in `reads`, else withheld.

    A recipient's `at_most` makes it stricter. Everything is withheld from a use that was refused.
    """
    if not ruling.permitted:
        return ColumnRuling(Treatment.WITHHELD, ruling.reasons[0])
    for caught, reason in ruling.withheld.items():
        if taxonomy.covers(caught, key) or taxonomy.covers(key, caught):
            return ColumnRuling(Treatment.WITHHELD, reason)
    read = _read(ruling, key)
    if read is None or read is Treatment.WITHHELD:
        unnamed = read is None and any(prefix in ruling.reads for prefix in _prefixes(key))
        return ColumnRuling(Treatment.WITHHELD, _reason(ruling, "special_unnamed" if unnamed else "not_read", key))
    if ruling.at_most > read:
        to = ", ".join(sorted(ruling.recipients))
        return ColumnRuling(ruling.at_most, _reason(ruling, "capped", key, ruling.at_most, known=to))
    return CLEAR if read is Treatment.CLEAR else ColumnRuling(read, _reason(ruling, "narrowed", key, read))


def column(ruling: Ruling, table: Table, name: str) -> ColumnRuling:
    """How a column of the data map may appear: the strictest of its categories; KeyError if the table lacks it."""
    declared = table.columns[name]
    for only in (table.only_for, declared.only_for):
        if only is not None and ruling.use.purpose not in only:
            known = ", ".join(f"`{purpose}`" for purpose in sorted(only)) or "nobody"
            return ColumnRuling(Treatment.WITHHELD, ruling_reason("volunteered", ruling.line, known=known))
    if not table.personal:
        return CLEAR
    if not declared.categories:
        return ColumnRuling(Treatment.WITHHELD, ruling_reason("no_category", None))
    said = {key: category(ruling, key) for key in declared.categories}
    worst = max(said, key=lambda key: said[key].treatment)
    if said[worst].treatment is Treatment.COARSE and declared.coarsen is None:
        return ColumnRuling(Treatment.WITHHELD, _reason(ruling, "not_coarse", worst))
    return said[worst]


def subjects(ruling: Ruling, tables: Sequence[Table]) -> Treatment:
    """How all the subject columns of a question appear: clear if each may be, else each is a pseudonym."""
    clear = all(column(ruling, t, name).treatment is Treatment.CLEAR for t in tables for name in t.subjects)
    return Treatment.CLEAR if clear else Treatment.PSEUDONYM


def _prefixes(key: str) -> list[str]:
    """The key and every category that it lies under, the longest first."""
    segments = key.split(".")
    return [".".join(segments[:count]) for count in range(len(segments), 0, -1)]


def _read(ruling: Ruling, key: str) -> Treatment | None:
    """The treatment of the longest prefix that `reads` names; below a special category, none above it counts."""
    prefixes = _prefixes(key)
    roots = [place for place, prefix in enumerate(prefixes) if prefix in SPECIAL or prefix in ruling.special]
    upto = min(roots) + 1 if roots else len(prefixes)
    return next((ruling.reads[prefix] for prefix in prefixes[:upto] if prefix in ruling.reads), None)


def _reason(ruling: Ruling, code: str, key: str, treatment: Treatment | None = None, **words: str) -> Reason:
    name = treatment.name.lower() if treatment is not None else ""
    named = next((prefix for prefix in _prefixes(key) if prefix in ruling.reads), "")
    return ruling_reason(
        code,
        ruling.read_lines.get(named, ruling.line),
        None,
        purpose=ruling.use.purpose,
        category=f"`{key}`",
        treatment=name,
        **words,
    )
