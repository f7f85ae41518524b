"""Everything Bailee raises.

BaileeError                 anything a person can be told
├── InputError              a file a person wrote is wrong; carries every problem with its place
│   ├── PolicyError         policy.yaml
│   ├── MapError            datamap.yaml
│   ├── SettingsError       bailee.toml
│   ├── DealError           deal.yaml
│   └── ImportRejected      a file of choices or customers
├── FactRejected            a choice, notice or fact about a customer cannot be taken; nothing was kept
├── WorkspaceError          the folder is missing, taken, read-only, damaged or from a newer version
│   └── Uncertain           whether it was recorded is not known yet: look before you repeat
├── Refused                 the promise does not allow it; carries the reasons
├── EngineError             the data engine could not answer; class and position only, never a value
│   ├── TimeExceeded
│   ├── MemoryExceeded
│   ├── RowsExceeded
│   ├── Cancelled
│   ├── Stale               the engine's allow tables are not at the sequence asked for; send them again
│   └── EngineUnavailable
├── RecordError             the ledger could not record; nothing was released
│   └── Superseded          a published version of the policy came into force meanwhile; the gate asks again under it
├── DeidError               values cannot be made safer as asked, or what was made does not hold what was promised
└── NotVerified             a proof, tree or signature does not hold

Messages are lower case without a final stop: what was found, what was expected, what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bailee.vocabulary import Reason


class BaileeError(Exception):
    """Anything that Bailee can tell a person; `str(error)` is the whole message."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file: where it is, what was found, what was expected; lines and columns count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class InputError(BaileeError):
    """A file that a person wrote cannot be used; `problems` lists all that was found, in file order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(sorted(problems, key=lambda p: (p.file, p.line, p.column)))
        super().__init__("\n".join(map(str, self.problems)))


class PolicyError(InputError):
    """`policy.yaml` cannot be used."""


class MapError(InputError):
    """`datamap.yaml` cannot be used."""


class SettingsError(InputError):
    """`bailee.toml` cannot be used."""


class DealError(InputError):
    """`deal.yaml` cannot be used."""


class ImportRejected(InputError):
    """A file of choices or customers has lines that cannot be taken; nothing of it was kept."""


class FactRejected(BaileeError):
    """A choice, notice or fact about a customer cannot be taken; nothing of it was kept."""


class WorkspaceError(BaileeError):
    """The workspace is missing, taken, read-only, damaged, or from a newer version."""


class Uncertain(WorkspaceError):
    """Whether it was recorded is not known yet: the store was lost during a commit; look before you repeat."""


class Refused(BaileeError):
    """The promise does not allow this; `reasons` say why, most important first."""

    def __init__(self, reasons: Iterable[Reason]) -> None:
        self.reasons: tuple[Reason, ...] = tuple(reasons)
        #: Index of the ledger leaf that recorded this refusal; set by the gate.
        self.receipt: int | None = None
        super().__init__("\n".join(reason.sentence for reason in self.reasons))


class EngineError(BaileeError):
    """The data engine could not answer; class and position only, never a value.

    `kind` is the engine's class of error (`conversion error`), `position` the place in the SQL that was run, in
    characters from 0, or None where the engine did not say.
    """

    #: Index of the ledger leaf that recorded the failed question; set by the gate.
    receipt: int | None = None

    def __init__(self, message: str, *, kind: str | None = None, position: int | None = None) -> None:
        self.kind = kind
        self.position = position
        super().__init__(message)


class TimeExceeded(EngineError):
    """The question ran longer than the time limit and was stopped."""


class MemoryExceeded(EngineError):
    """The question needed more memory than the limit and was stopped."""


class RowsExceeded(EngineError):
    """The answer has more rows than the limit; nothing was released."""


class Cancelled(EngineError):
    """The reader cancelled the question."""


class Stale(EngineError):
    """The engine's allow tables are not at the sequence asked for, as after a restart; send them again and retry."""


class EngineUnavailable(EngineError):
    """The data engine could not be started or its database could not be opened."""


class RecordError(BaileeError):
    """The ledger could not record, so nothing was released."""


class Superseded(RecordError):
    """Another version of the policy came into force before it could be recorded, so nothing was released; ask again."""

    def __init__(self) -> None:
        super().__init__("another version of the policy came into force meanwhile, so nothing was released; ask again")


class DeidError(BaileeError):
    """Values cannot be made safer as asked, or what was made does not hold what was promised; nothing may leave."""


class NotVerified(BaileeError):
    """A proof, tree or signature does not hold; the message names the entry."""
