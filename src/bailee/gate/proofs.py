"""Proofs for a customer: of every use, choice and disclosure that concerned them, one file each, that verify offline.

A proof of a use about everybody shows whether they were in scope: their own standing then, on its way to the root in
the leaf. It shows nobody else: what opens an entry is given out only where its record is about them alone.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bailee import decide
from bailee.errors import NotVerified
from bailee.gate import asked, askers, concerns
from bailee.gate.askers import Asker
from bailee.gate.backwards import Backwards, policy_before
from bailee.gate.concerns import Concern, Progress
from bailee.gate.promise import recorded_policy
from bailee.gate.record import ANSWERED
from bailee.ledger import checkpoint, log, proof
from bailee.ledger.bits import Shown
from bailee.ledger.leaves import SOME, read
from bailee.ledger.note import Signer
from bailee.people import customers, imported_rows, keyring, standing_proofs
from bailee.people.standing_proofs import StandingProof
from bailee.policy.model import Policy

if TYPE_CHECKING:
    from sqlalchemy import Connection

_KEPT, _READ = 1024, 4096
_USES = ("use", "points_opened", "points_closed")
#: Why the proof of an entry that a restore carried forward may show less than that of another.
SEVERAL = "whose record names others too, so that it is opened to nobody"
LOST = "whose standing was lost when a backup from before was restored"


@dataclass(frozen=True, slots=True)
class Proven:
    """One entry that concerned a customer, in words, with its proof file (C2SP tlog-proof).

    `in_scope` says whether their data could be used by it; None where an entry says nothing of that. `said` is what
    happened: the decision on a use, whether a checker was asked about them, or what they chose. An imported file is one
    entry for all its rows, so each row of theirs is told by itself: `file` is the root over the rows and `row` the
    row's position. `unshown` says why the proof does not show the row, or the customer's standing at an entry.
    `asker` is who asked for a use, None where that is not on record.
    """

    position: int
    at: str
    kind: str
    said: str
    purpose: str | None
    effect: str | None
    recipient: str | None
    in_scope: bool | None
    proof: bytes = field(repr=False)
    file: str | None = None
    row: int | None = None
    unshown: str | None = None
    asker: Asker | None = None


class Prover:
    """Makes the proofs of one customer over one snapshot of the database.

    `number` is the customer's, which is their position in every tree; `head` is what the proofs lead to, signed by the
    key `vkey` of the log `origin`.
    """

    def __init__(self, connection: Connection, customer: str, signer: Signer) -> None:
        """FactRejected where there is no such customer."""
        self._connection, self.customer = connection, customer
        self.number = customers.number_of(connection, customer)
        self.head = log.head(connection)
        self.origin, self.vkey = signer.name, signer.vkey
        self._checkpoint = checkpoint.sign(self.head.size, self.head.root, signer)
        self._standing: OrderedDict[str, StandingProof] = OrderedDict()
        self._rows = imported_rows.Rows(connection, self.number)
        self._carried: list[range] | None = None
        self._read: dict[str, Policy | None] = {}

    def concerns(self, entry: int | None, progress: Progress | None) -> list[Concern]:
        """What concerns the customer, or the one entry; NotVerified where that does not concern them."""
        if entry is None:
            return concerns.of_customer(self._connection, self.number, self._rows, progress)
        found = concerns.of_entry(self._connection, self.number, self._rows, entry)
        if not found:
            raise NotVerified(f"entry `{entry}` does not concern customer `{self.customer}`")
        return found

    def choice(self, sequence: int) -> Proven:
        """The proof of one of the customer's choices; NotVerified where the ledger has none."""
        found = concerns.of_choice(self._connection, self.number, self._rows, sequence)
        if found is None:
            raise NotVerified(f"no entry of the ledger is about the choice with the sequence `{sequence}`")
        return self.prove(found)

    def uses_back(self, before: int | None, later: Iterable[int] = ()) -> Backwards:
        """Uses that concern the customer, the newest first, from an entry on that was come to, or from the end."""
        return Backwards(self._connection, self.number, before, later)

    def policy_at(self, position: int) -> Policy | None:
        """The policy that was in force at an entry; None before the first, or where it is not on record."""
        digest = policy_before(self._connection, position)
        return None if digest is None else self._policy(digest)

    def _policy(self, digest: str) -> Policy | None:
        if digest not in self._read:
            self._read[digest] = recorded_policy(self._connection, digest)
        return self._read[digest]

    def scope(self, concern: Concern) -> tuple[str, bool | None]:
        """What was said of a use that concerns the customer, and whether their data was in scope, as `prove` tells."""
        leaf: dict[str, Any] = read(log.leaf(self._connection, concern.position))
        if leaf.get("decision", ANSWERED) != ANSWERED:
            return str(leaf["decision"]), None
        standing = self._standing_unless_lost(leaf, concern.position)
        _, about = self._asked(leaf, concern.position)
        return _said(leaf, {}, asked_about=about), _in_scope(leaf, standing, asked_about=about)

    def _asked(self, leaf: Mapping[str, Any], position: int) -> tuple[Shown | None, bool]:
        """The customer's bit of the set of a closed minute or a disclosure, and whether it may have been about them."""
        if leaf["kind"] not in ("points_closed", "disclosure"):
            return None, True
        record = log.record(self._connection, position, safe=keyring.of(self._connection))
        bit = None if record is None else asked.shown(record, self.number)
        # Of a set that was lost, nobody can say who was not.
        return bit, record is None or (bit is not None and bit.bit)

    def prove(self, concern: Concern) -> Proven:
        """The proof of an entry; NotVerified where what is stored does not lead to the leaf."""
        position = concern.position
        raw = log.leaf(self._connection, position)
        leaf: dict[str, Any] = read(raw)
        opened = log.opening(self._connection, position, safe=keyring.of(self._connection)) if concern.alone else None
        if concern.row is not None:
            return self._imported(concern.row, position, raw, leaf)
        standing = self._standing_unless_lost(leaf, position)
        bit, about = self._asked(leaf, position)
        extra = proof.extra(  # noqa: S610  (no query)
            raw,
            opening=opened,
            standing=None if standing is None else _part(standing),
            disclosed=None if bit is None else {"position": self.number, **bit._asdict(), "bit": int(bit.bit)},
        )
        told: dict[str, Any] = {} if opened is None else read(opened.record)
        return Proven(
            position,
            leaf["at"],
            leaf["kind"],
            _said(leaf, told, asked_about=about),
            leaf.get("purpose") or told.get("purpose"),
            leaf.get("effect"),
            leaf.get("recipient") or told.get("recipient"),
            _in_scope(leaf, standing, asked_about=about),
            self._written(position, extra),
            unshown=_unshown(leaf, standing, opened),
            asker=self._asker(leaf, position, told or None),
        )

    def _asker(self, leaf: Mapping[str, Any], position: int, opened: Mapping[str, Any] | None) -> Asker | None:
        """Who asked: of a minute, whoever had it opened. `opened` is the record, where the proof shows it."""
        if leaf["kind"] not in _USES:
            return None
        record = opened
        if record is None:
            place = int(leaf["opened"]) if leaf["kind"] == "points_closed" else position
            record = log.record(self._connection, place, safe=keyring.of(self._connection))
        return askers.of(record, self._policy(leaf["policy"]), proved=opened is not None)

    def _imported(self, place: imported_rows.Place, position: int, raw: bytes, leaf: Mapping[str, Any]) -> Proven:
        """The proof of a row of an imported file, or of its file's entry alone where the row cannot be shown."""
        found = self._rows.show(place)
        part: dict[str, object] | None = None
        told: dict[str, Any] = {}
        if isinstance(found, imported_rows.Shown):
            told = read(found.record)
            part = {"position": place.position, "random": found.random, "record": found.record.decode()}
            part["path"] = found.path
        elif found.kind is not None:
            told = found.kind._asdict()
        return Proven(
            position,
            leaf["at"],
            leaf["kind"],
            str(told.get("act", "")),
            told.get("purpose"),
            None,
            told.get("recipient"),
            None,
            self._written(position, proof.extra(raw, row=part)),  # noqa: S610  (no query)
            leaf["root"],
            place.position,
            None if isinstance(found, imported_rows.Shown) else found.why,
        )

    def _written(self, position: int, extra: bytes) -> bytes:
        path = log.prove_inclusion(self._connection, position, self.head.size).path
        return proof.write(position, path, self._checkpoint, extra)

    def _standing_unless_lost(self, leaf: Mapping[str, Any], position: int) -> StandingProof | None:
        """As `_standing_at`, but None where a restore carried the entry forward, and its tree was not in the backup."""
        try:
            return self._standing_at(leaf)
        except NotVerified:
            if any(position in some for some in self._carried_over()):
                return None
            raise

    def _carried_over(self) -> list[range]:
        """The entries that restores carried forward, whose facts are lost; looked for once."""
        if self._carried is None:
            self._carried = []
            for start in range(0, self.head.size, _READ):
                stop = min(start + _READ, self.head.size)
                for position, raw in enumerate(log.leaves_at(self._connection, start, stop), start):
                    if b'"restored"' in raw and (leaf := read(raw))["kind"] == "restored":
                        self._carried.append(range(int(str(leaf["size"])), position))
        return self._carried

    def _standing_at(self, leaf: Mapping[str, Any]) -> StandingProof | None:
        """The customer's standing at the root that a leaf shows, if it shows one; worked out once for each root."""
        root, sequence = leaf.get("standing_root"), leaf.get("standing_sequence")
        if root is None or sequence is None:
            return None
        found = self._standing.pop(root, None)
        if found is None:
            policy = recorded_policy(self._connection, leaf["policy"])
            if policy is None:
                raise NotVerified(f"the policy `{leaf['policy']}` is not on record; restore a backup")
            compiled = decide.compile(policy, leaf["policy"])
            found = standing_proofs.prove(self._connection, self.number, sequence, compiled)
            if found.root.hex() != root:
                raise NotVerified(f"the standing tree at sequence `{sequence}` is not the one that the ledger shows")
        self._standing[root] = found
        if len(self._standing) > _KEPT:
            self._standing.popitem(last=False)
        return found


def _unshown(leaf: Mapping[str, Any], standing: StandingProof | None, opened: object) -> str | None:
    """What the proof of an entry does not show, and why."""
    if standing is None:
        return None if leaf.get("standing_root") is None else LOST
    return SEVERAL if leaf.get("about") == SOME and opened is None else None


def _part(found: StandingProof) -> dict[str, object]:
    """The part of a proof about standing."""
    return {"position": found.position, "nonce": found.nonce, "value": found.value, "path": found.path}


def _said(leaf: Mapping[str, Any], told: Mapping[str, Any], *, asked_about: bool) -> str:
    match leaf["kind"]:
        case "use":
            return str(leaf["decision"])
        case "points_opened":
            return "never closed"
        case "points_closed":
            return "asked about" if asked_about else "not asked about"
        case "disclosure":
            return "disclosed" if asked_about else "not disclosed"
        case "choice":
            return str(told.get("act", ""))
        case "customer" | "deletion":
            return str(leaf["change"])
        case "request":
            return f"{leaf['right']} {leaf['change']}"
    return ""


def _in_scope(leaf: Mapping[str, Any], standing: StandingProof | None, *, asked_about: bool) -> bool | None:
    """Whether the customer's data could be used; nothing was released by what was refused or failed."""
    if standing is None or leaf.get("decision", ANSWERED) != ANSWERED:
        return None
    purpose, recipient = leaf["purpose"], leaf["recipient"]
    wanted = purpose if recipient is None else f"{purpose}/{recipient}"
    value = {"holds": [], "until": None} if standing.value is None else json.loads(standing.value)
    # Times of one form compare as texts do.
    had_run_out = value["until"] is not None and value["until"] <= (leaf.get("as_of") or leaf["minute"])
    return wanted in value["holds"] and asked_about and not had_run_out
