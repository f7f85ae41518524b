"""How each governed relation of an answer was held against standing: by a column, a mask or a join; and why so."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from bailee.engines import Place
from bailee.gate.standing_columns import UNFILLED, Fresh
from bailee.rewrite import Governed

COLUMN, MASK, JOIN = "column", "mask", "join"


@dataclass(frozen=True, slots=True)
class Way:
    """One governed relation and its table: `by` column, mask or join, and `why`; `column` is the one that was used."""

    relation: str
    table: str
    by: str
    why: str
    column: Place | None = None


def ways(
    governed: Governed, fresh: Fresh, spans: Mapping[str, tuple[int, int]], declared: Collection[str]
) -> tuple[Way, ...]:
    """How each relation about people was held against standing; `declared` are the tables with a standing column."""
    return tuple(_ways(governed, fresh, spans, declared))


def _ways(
    governed: Governed, fresh: Fresh, spans: Mapping[str, tuple[int, int]], declared: Collection[str]
) -> Iterator[Way]:
    # A question about groups has one more view, over those of its tables.
    for view, table in zip(governed.views, governed.tables, strict=False):
        columned, masked = governed.columned.get(view.name), governed.masked.get(view.name)
        if columned is not None and columned.place in fresh.places:
            yield Way(view.name, table, COLUMN, fresh.why, columned.place)
            continue
        if not any(allow.name in view.sql for allow in governed.allow):
            continue  # about nobody, or nobody's
        if table not in declared:
            why = "the data map names no `standing` column for it"
        elif not fresh.places:
            why = fresh.why
        else:
            why = UNFILLED if columned is not None else "its standing column says less than this question asks"
        by_mask = masked is not None and masked.allow in spans
        yield Way(view.name, table, MASK if by_mask else JOIN, why)
