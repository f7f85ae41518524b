"""Checkpoints: what a log signs of itself, and the signing. Format: C2SP tlog-checkpoint."""

from __future__ import annotations

import base64

from bailee.errors import RecordError
from bailee.ledger import note
from bailee.ledger.verify_note import LARGEST, Checkpoint, open_checkpoint
from bailee.ledger.verify_note import read_checkpoint as read

__all__ = ["Checkpoint", "open_checkpoint", "read", "sign", "text"]


def text(found: Checkpoint) -> str:
    """Return a checkpoint's text; RecordError where it is none that a reader would take."""
    lines = (found.origin, str(found.size), base64.b64encode(found.root).decode(), *found.extensions)
    if len(found.root) != 32 or not 0 <= found.size <= LARGEST or any("\n" in line or not line for line in lines):
        raise RecordError("a checkpoint needs an origin, a size, a root of 32 bytes and no empty line")
    return "".join(f"{line}\n" for line in lines)


def sign(size: int, root: bytes, signer: note.Signer, *others: note.Signer) -> bytes:
    """Return the signed checkpoint of the log that is named as its signer, with further signature lines of others."""
    return note.sign(text(Checkpoint(signer.name, size, root)), signer, *others)
