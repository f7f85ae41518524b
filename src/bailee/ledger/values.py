"""The frozen values that go into and come out of the log."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: Gives the numbers of those customers that are known, by the company's keys for them.
Numbers = Callable[[Sequence[str]], Mapping[str, int]]


class Safe(Protocol):
    """What seals private records under the keys of the customers they are about, or under the company's own."""

    def seal(self, connection: Connection, numbers: Sequence[int], plain: bytes, context: bytes) -> bytes:
        """Seal bytes so that the keys of all these customers, and the same context, are needed to open them."""

    def seal_many(self, connection: Connection, each: Sequence[tuple[tuple[int, ...], bytes, bytes]]) -> list[bytes]:
        """Seal for each (numbers, plain, context), as `seal` does, looking for each key once."""

    def open(self, connection: Connection, numbers: Sequence[int], sealed: bytes, context: bytes) -> bytes | None:
        """Open what `seal` gave; None where a key is gone, NotVerified where the bytes were changed."""


class Draft(NamedTuple):
    """An entry to append: `random` is 32 fresh random bytes for its private record, unused where there is none.

    `subjects` are the numbers of the customers that the record is about: whoever is erased takes it along. A record
    that is not `kept` is committed to, and only the caller has it. What is `aside` belongs to the record and is shown
    to nobody to whom it is opened: the names of those who work for the company.
    """

    kind: str
    public: Mapping[str, object]
    private: Mapping[str, object] | None
    at: datetime
    random: bytes
    subjects: tuple[int, ...] = ()
    kept: bool = True
    aside: Mapping[str, object] | None = None


class Head(NamedTuple):
    """How many entries there are and the root over them (RFC 9162, 2.1.1)."""

    size: int
    root: bytes


class Entry(NamedTuple):
    """An entry as stored: its leaf's bytes and their hash."""

    position: int
    leaf: bytes
    hash: bytes

    @property
    def fields(self) -> dict[str, object]:
        """What the leaf shows."""
        fields: dict[str, object] = json.loads(self.leaf)
        return fields


class Opening(NamedTuple):
    """What opens a leaf's commitment: HMAC-SHA256 of the record's bytes under the random."""

    random: bytes
    record: bytes


class Inclusion(NamedTuple):
    """That an entry is in the log of `size` entries: hashes from leaf to root (RFC 9162, 2.1.3)."""

    position: int
    size: int
    path: tuple[bytes, ...]


class Consistency(NamedTuple):
    """That the log of `new_size` entries begins with that of `old_size` (RFC 9162, 2.1.4)."""

    old_size: int
    new_size: int
    path: tuple[bytes, ...]
