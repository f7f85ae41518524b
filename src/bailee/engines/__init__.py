"""Where data lives: what every engine offers, in words that no driver knows.

Nothing here imports a driver, so the shapes cost nothing to use; `bailee.engines.duckdb` holds the first engine.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

    from bailee.engines.owned import Found, Name, Ownership

__all__ = ["Allowed", "Column", "Engine", "Finding", "Limits", "Mapped", "Place", "Result", "Table", "View"]

_MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What one question may take: seconds of wall clock, rows and bytes of its answer, memory, spill, threads.

    `memory_bytes` is the engine's own budget; the process that runs the question may use that and a fixed gibibyte
    beside it for its code and the answer on its way out. `threads` None means one for each processor.
    """

    seconds: float = 30.0
    rows: int = 1_000_000
    answer_bytes: int = 512 * _MEBIBYTE
    memory_bytes: int = 2048 * _MEBIBYTE
    spill_bytes: int = 8192 * _MEBIBYTE
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class View:
    """One governed relation: the name that the governed SQL uses and the SELECT that it stands for."""

    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the company's database with the engine's own name for its type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Table:
    """A base table of the company's database; views are never trusted and so never listed."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    #: The columns of which the database itself, by a constraint, lets no two rows have the same value.
    unique: frozenset[str] = frozenset()


class Unique(NamedTuple):
    """A column of which the database itself lets no two rows have the same value, as it spells it."""

    schema: str
    table: str
    column: str


class Place(NamedTuple):
    """A standing column, and the column that names a row's customer, as the database spells them."""

    schema: str
    table: str
    column: str
    subject: str


@dataclass(frozen=True, slots=True)
class Allowed:
    """An allow table after a change: its rows, and how many given keys its type cannot hold exactly.

    `span` is the lowest and highest key of its mask, a bit for each key between them, or None where it has none:
    then keys are no whole numbers, or lie too far apart.
    """

    rows: int
    dropped: int
    span: tuple[int, int] | None = None


@dataclass(frozen=True)
class Result:
    """A question's rows with what they were answered under.

    `ipc` is an Arrow IPC stream; `sequences` maps each allow table that was asked for to its sequence in the
    question's own snapshot; `seconds` is the engine's time.
    """

    ipc: memoryview = field(repr=False)
    rows: int
    seconds: float
    sequences: Mapping[str, int]

    @property
    def sequence(self) -> int:
        """The lowest sequence among the allow tables, which the whole answer is at least as fresh as; 0 without any."""
        return min(self.sequences.values(), default=0)

    @cached_property
    def table(self) -> pa.Table:
        """The rows as a `pyarrow.Table`, read when first asked for and without a copy."""
        import pyarrow as pa
        import pyarrow.ipc as ipc

        with ipc.open_stream(pa.py_buffer(self.ipc)) as stream:
            return stream.read_all()


@dataclass(frozen=True, slots=True)
class Finding:
    """One right that is `missing`, so that an engine cannot work, or too `wide`, so that the promise rests on less."""

    kind: Literal["missing", "wide"]
    found: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.found}; {self.remedy}"


#: The columns that a data map names of each table, by schema and table.
Mapped = Mapping[tuple[str, str], Collection[str]]


class Engine(Protocol):
    """What the gate needs of a data engine; every method raises `EngineError` or one of its kinds."""

    @property
    def dialect(self) -> str:
        """The SQL that it speaks: `duckdb`, `postgres` or `spark`."""

    @property
    def generation(self) -> int:
        """Counts starts of the engine's process; allow and clean tables live for one generation."""

    def start(self) -> None:
        """Begin starting, without waiting for it."""

    def catalog(self) -> tuple[Table, ...]:
        """The base tables of the company's database."""

    def allow(
        self,
        name: str,
        key_type: str,
        add: Iterable[str],
        *,
        sequence: int,
        remove: Iterable[str] = (),
        base: int | None = None,
        secret: bytes | None = None,
    ) -> Allowed:
        """Replace an allow table, or change one that stands at the sequence `base`.

        The keys of a table that servers share are gone through more than once where all are given.
        """

    def clean(self, name: str, version: str, sql: str) -> None:
        """Compute a clean set once for each version and generation."""

    def ask(
        self,
        views: Sequence[View],
        sql: str,
        *,
        allow: Mapping[str, int],
        masks: Mapping[str, tuple[int, int]] | None = None,
        columns: Mapping[Place, str] | None = None,
        unique: Collection[Unique] = (),
        limits: Limits | None = None,
    ) -> Result:
        """Run governed SQL over governed relations; `masks` has the span of each mask that the views use.

        `columns` has the mark that each standing column must have in the question's snapshot, where an engine can tell.
        Each of `unique` must be so in that snapshot; otherwise it is `Stale`, and `generation` has moved.
        """

    def examine(self, mapped: Mapped, columns: Collection[Place] = ()) -> tuple[Finding, ...]:
        """What is missing or too wide of the rights to read what a data map names, and to keep standing `columns`."""

    def owned(self, ownership: Ownership, keys: Sequence[str]) -> dict[Name, Found]:
        """Count people's rows by table, tables without any left out; `ownership` is in the engine's own spelling."""

    def serialize(self, sql: str) -> str:
        """The engine's own parse of `sql`, as JSON."""

    def released(self) -> AbstractContextManager[None]:
        """Let go of the database while a block runs, so that it can be written; requests wait."""

    def cancel(self) -> bool:
        """Stop what is running; whether anything was."""

    def close(self) -> None:
        """Stop for good."""
