"""A rewritten question: what may run, over which relations, and what has to be bound when it does."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bailee.engines import Place, View
from bailee.rewrite import draft
from bailee.rewrite.column import Columned
from bailee.rewrite.dialects import DUCKDB, Dialect
from bailee.rewrite.draft import Allow, Clean
from bailee.rewrite.mask import Masked
from bailee.rewrite.plan import Plan
from bailee.rewrite.splice import Edit, origin
from bailee.vocabulary import Reason, Treatment

_BLOCK = 64  # of SHA-256, in bytes (RFC 2104)


@dataclass(frozen=True, slots=True)
class Used:
    """One column that a governed relation shows, and how."""

    table: str
    column: str
    treatment: Treatment


@dataclass(frozen=True, slots=True)
class Withheld:
    """One column that `*` skipped, and why."""

    table: str
    column: str
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Apart:
    """The answer to a question that is asked customer by customer.

    Its columns are first the `keys`, each in the words that it was asked by; then others of which groups are told
    apart; then the customer's own key; last what the customer adds to each of `figures`. `shown` are the places of the
    columns that the question itself shows, in its order; `source` is what all of it was read from. Words are those of
    the question in one spelling, so that two questions in the same words are of the same figures.
    """

    source: str
    keys: tuple[str, ...]
    shown: tuple[int, ...]
    figures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Governed:
    """A question that may run once it is bound.

    `views` are the bodies of the secure views, in the order to be made; `sql` is the question over them; `clean` are
    the sets to be computed first, once; `allow` the allow tables that must be fresh. `customers` are the keys that the
    question limits itself to, or None for everybody who stands. `keyed` says that `bind` needs the pseudonyms' key.
    """

    question: str
    views: tuple[View, ...]
    sql: str
    clean: tuple[Clean, ...] = ()
    allow: tuple[Allow, ...] = ()
    aggregate: bool = False
    tables: tuple[str, ...] = ()
    columns: tuple[Used, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    customers: tuple[str, ...] | None = None
    personal: bool = True
    keyed: bool = False
    timed: bool = False
    edits: tuple[Edit, ...] = ()
    #: Other bodies for views, by their names, for when their allow tables have masks.
    masked: Mapping[str, Masked] = field(default_factory=dict)
    #: Other bodies for views, by their names, for when their tables' standing columns are as new as the question.
    columned: Mapping[str, Columned] = field(default_factory=dict)
    dialect: Dialect = DUCKDB
    #: How figures get their noise, before which nothing of them leaves the gate; `sql` runs on the noisy ones.
    noise: Plan | None = None
    #: What the columns of the answer are where it is not of figures, but of what each customer adds to them.
    apart: Apart | None = None

    def bind(
        self,
        cutoff: datetime | None = None,
        secret: bytes | None = None,
        spans: Mapping[str, tuple[int, int]] | None = None,
        columns: Collection[Place] = (),
    ) -> tuple[View, ...]:
        """The views with the retention cut-off and the key of pseudonyms filled in.

        `cutoff` is an aware instant: rows not after it are hidden. `spans` has the lowest and highest key of each allow
        table that has a mask, `columns` the standing columns that are fresh. ValueError if a cut-off or key that is
        needed is missing.
        """
        if (self.timed and cutoff is None) or (self.keyed and secret is None):
            raise ValueError("a question bound without the cut-off or key that it needs would show too much")
        if cutoff is not None and cutoff.tzinfo is None:
            raise ValueError("the cut-off is an aware instant")
        filled = {**_instants(cutoff, self.dialect), **_pads(secret)}
        return tuple(View(view.name, _fill(self._body(view, spans or {}, columns), filled)) for view in self.views)

    def joined(self, columns: Collection[Place]) -> tuple[Allow, ...]:
        """The allow tables that are still needed where these standing columns are fresh."""
        views = [view.sql for view in self.views if not self._in_column(view, columns)]
        return tuple(allow for allow in self.allow if any(allow.name in sql for sql in views))

    def shown(self, cutoff: datetime | None = None, columns: Collection[Place] = ()) -> tuple[View, ...]:
        """The views for a reader: with the cut-off where it is known, and never with the key of pseudonyms."""
        filled = {
            **_instants(cutoff, self.dialect),
            draft.INNER_PAD: "<key of pseudonyms>",
            draft.OUTER_PAD: "<key of pseudonyms>",
        }
        return tuple(View(view.name, _fill(self._body(view, {}, columns), filled)) for view in self.views)

    def _in_column(self, view: View, columns: Collection[Place]) -> bool:
        return view.name in self.columned and self.columned[view.name].place in columns

    def _body(self, view: View, spans: Mapping[str, tuple[int, int]], columns: Collection[Place]) -> str:
        if self._in_column(view, columns):
            return self.columned[view.name].sql
        masked = self.masked.get(view.name)
        span = spans.get(masked.allow) if masked is not None else None
        return view.sql if masked is None or span is None else masked.bind(span)

    def place(self, position: int) -> int:
        """The character of the question, from 0, for one of `sql`, as an engine's error gives it."""
        return origin(self.edits, position)


def _fill(sql: str, values: dict[str, str]) -> str:
    for token, value in values.items():
        sql = sql.replace(token, value)
    return sql


def _instants(cutoff: datetime | None, dialect: Dialect) -> dict[str, str]:
    if cutoff is None:
        return {}
    at = cutoff.astimezone(UTC).replace(tzinfo=None)
    # A date's midnight is after the cut-off exactly when the date is after the cut-off's own.
    return {
        draft.CUTOFF_DATE: dialect.cutoffs["DATE"](at),
        draft.CUTOFF_TIMESTAMP: dialect.cutoffs["TIMESTAMP"](at),
        draft.CUTOFF_TZ: dialect.cutoffs["TIMESTAMP WITH TIME ZONE"](at),
    }


def _pads(secret: bytes | None) -> dict[str, str]:
    if secret is None:
        return {}
    if len(secret) > _BLOCK:
        raise ValueError("the key of pseudonyms is at most 64 bytes")
    padded = secret.ljust(_BLOCK, b"\0")
    return {
        draft.INNER_PAD: bytes(byte ^ 0x36 for byte in padded).hex(),
        draft.OUTER_PAD: bytes(byte ^ 0x5C for byte in padded).hex(),
    }
