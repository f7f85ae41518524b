"""Checks proof files offline: what was recorded, that it is in the log, and what it says of one customer.

Needs the file and the log's public keys alone, so that a proof outlives the company that gave it. Shares no code with
what writes proofs. Format: C2SP tlog-proof@v1, with the JSON of spec/ledger.md as its `extra`. Raises `NotVerified`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from bailee.errors import NotVerified
from bailee.ledger import verify_parts as parts
from bailee.ledger.verify import verify_inclusion
from bailee.ledger.verify_note import Checkpoint, Verifier, decoded, open_checkpoint, whole_number

HEADER = "c2sp.org/tlog-proof@v1"
#: The longest proof file, in bytes: a record may be long, and so may signatures.
LONGEST = 16 << 20
_HASH_BYTES = 32
_LONGEST_PATH = 64


class ProofFile(NamedTuple):
    """A proof file as read, nothing of it checked yet."""

    position: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None


class Proved(NamedTuple):
    """What a proof proves: that the log held this entry when it was signed, and what was opened beside it.

    `record`, `standing`, `disclosed` and `row` are None where the proof carries no such part. `names_whom` is False
    where the entry was about some customers only and the proof does not show which; `had_run_out` says that what the
    customer held was no longer so when the entry's use was judged.
    """

    checkpoint: Checkpoint
    key: Verifier
    position: int
    leaf: dict[str, Any]
    record: dict[str, Any] | None
    standing: parts.Standing | None
    disclosed: parts.Disclosed | None
    row: parts.Row | None
    names_whom: bool = True
    had_run_out: bool = False

    @property
    def in_scope(self) -> bool | None:
        """Whether the customer's data could be used by the entry: what they held covers its purpose and recipient, had
        not run out, and they were in the set that it closed. None where nothing was used, or it does not say; so
        too of a use about some customers whose record, which says whom, is not opened."""
        purpose, recipient = self.leaf.get("purpose"), self.leaf.get("recipient")
        if self.standing is None or purpose is None or self.leaf.get("decision", "answered") != "answered":
            return None
        held = (purpose if recipient is None else f"{purpose}/{recipient}") in self.standing.holds
        if self.had_run_out:
            return False
        if held and not self.names_whom:
            return None
        return held and (self.disclosed is None or self.disclosed.included)


def verify_proof(data: bytes, keys: Sequence[Verifier]) -> Proved:
    """Check a proof file against the log's public keys and return what it proves.

    Raises NotVerified where the file is malformed, carries no leaf, was signed by none of the keys, or a part of it
    does not lead to the root that the leaf shows. Source: RFC 9162, 2.1.3.2; C2SP tlog-proof.
    """
    proof = read_proof(data)
    if proof.extra is None:
        raise NotVerified("the proof carries no entry: its `extra` line is missing")
    checkpoint, key = open_checkpoint(proof.checkpoint, keys)
    carried = parts.read_parts(proof.extra)
    verify_inclusion(carried.leaf, proof.position, checkpoint.size, proof.path, checkpoint.root)
    leaf = parts.json_object(carried.leaf, f"entry `{proof.position}`")
    parts.must_be_one(carried)
    held = None if carried.standing is None else parts.standing(leaf, carried.standing)
    return Proved(
        checkpoint,
        key,
        proof.position,
        leaf,
        None if carried.opening is None else parts.opened(proof.position, leaf, carried.opening),
        held,
        None if carried.disclosed is None else parts.disclosed(leaf, carried.disclosed),
        None if carried.row is None else parts.row(leaf, carried.row),
        parts.names_whom(leaf, carried.opening),
        parts.had_run_out(leaf, held),
    )


def read_proof(data: bytes) -> ProofFile:
    """Return what a proof file holds; NotVerified where it is malformed."""
    if len(data) > LONGEST:
        raise NotVerified(f"the proof has {len(data)} bytes, at most {LONGEST} are read")
    before, gap, checkpoint = data.partition(b"\n\n")
    try:
        lines = before.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise NotVerified("the proof holds other than ASCII characters before its checkpoint") from None
    if lines[0] != HEADER or not gap or not checkpoint:
        raise NotVerified(f"this is no proof file, expected `{HEADER}` as its first line, and a checkpoint at its end")
    extra, rest = None, lines[1:]
    if rest and rest[0].startswith("extra "):
        extra = decoded(rest.pop(0).removeprefix("extra "))
        if extra is None:
            raise NotVerified("the `extra` line of the proof is not base64")
    position = whole_number(rest[0].removeprefix("index ")) if rest and rest[0].startswith("index ") else None
    if position is None:
        raise NotVerified("the proof has no line `index POSITION`")
    path = [decoded(line) for line in rest[1:]]
    if len(path) > _LONGEST_PATH or any(step is None or len(step) != _HASH_BYTES for step in path):
        raise NotVerified(f"the path of the proof is not at most {_LONGEST_PATH} lines of 32 bytes in base64")
    return ProofFile(position, tuple(step for step in path if step is not None), checkpoint, extra)
