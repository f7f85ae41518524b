"""Every use of one person's data and everything else that concerned them, in order, each with its proof."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bailee.gate.askers import Asker
    from bailee.gate.gate import Gate
    from bailee.gate.proofs import Proven, Prover

Progress = Callable[[int, int], object]

#: The columns of a timeline as a file.
NAMES = (
    *("entry", "at", "kind", "said", "purpose", "effect", "recipient", "in_scope", "unshown", "proof"),
    *("asked_by", "asked_by_declared", "asked_by_proved", "own_request"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened: `in_scope` says whether the person's data could be used; None where nothing was used.

    `asked_by` are titles of roles, null where it is not on record who asked, and empty where they had none.
    `proof` is a file (C2SP tlog-proof) that anybody can check; `name` is what it is called.
    """

    proven: Proven

    @property
    def name(self) -> str:
        """The name of the proof's file."""
        row = "" if self.proven.row is None else f"-row-{self.proven.row:08}"
        return f"entry-{self.proven.position:08}{row}.tlog-proof"

    @property
    def row(self) -> tuple[object, ...]:
        """The line as a row of `NAMES`."""
        each = self.proven
        said = (each.at, each.kind, each.said, each.purpose, each.effect, each.recipient, each.in_scope, each.unshown)
        return (each.position, *said, f"uses/{self.name}", *_asked(each.asker))


def lines(prover: Prover, progress: Progress | None = None) -> Iterator[Line]:
    """All that concerned the prover's customer, the oldest first, proved one at a time."""
    for concern in prover.concerns(None, progress):
        yield Line(prover.prove(concern))


def timeline(gate: Gate, customer: object, progress: Progress | None = None) -> Iterator[Line]:
    """All that concerned a customer, by key, the oldest first; FactRejected where there is none."""
    with gate.proofs(customer) as prover:
        yield from lines(prover, progress)


def _asked(asker: Asker | None) -> tuple[object, ...]:
    if asker is None:
        return (None, None, None, None)
    return (", ".join(asker.roles), asker.declared, asker.proved, asker.own)
