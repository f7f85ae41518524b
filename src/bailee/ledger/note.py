"""Signed notes: keys by which a log signs, and the signing. Format: C2SP signed-note with Ed25519.

Opening a note is `verify_note`'s, which knows nothing of this module.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bailee.errors import NotVerified, RecordError
from bailee.ledger import verify_note
from bailee.ledger.verify_note import Note, Signature, Verifier, read_vkey
from bailee.ledger.verify_note import open_note as open

__all__ = ["SEED_BYTES", "Note", "Signature", "Signer", "Verifier", "add", "open", "read_key", "read_vkey", "sign"]

SEED_BYTES = 32
_PRIVATE = "PRIVATE+KEY+"


@dataclass(frozen=True, slots=True)
class Signer:
    """A named Ed25519 key that signs notes; never shown, not even in a traceback."""

    name: str
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not (verify_note.is_name(self.name) and self.name.isprintable()):
            raise RecordError(f"`{self.name}` cannot name a signing key: no spaces, no `+`, no control characters")
        if len(self.seed) != SEED_BYTES:
            raise RecordError(f"a signing key has {SEED_BYTES} bytes, found {len(self.seed)}")

    @property
    def verifier(self) -> Verifier:
        """The public key."""
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return verify_note.verifier(self.name, public.public_bytes_raw())

    @property
    def vkey(self) -> str:
        """The public key as a line of text, to be given to everybody."""
        return self.verifier.vkey

    @property
    def private(self) -> str:
        """The private key as a line of text, to be given to nobody."""
        packed = base64.b64encode(verify_note.ED25519 + self.seed).decode()
        return f"{_PRIVATE}{self.name}+{self.verifier.id.hex()}+{packed}"

    def detached(self, data: bytes) -> bytes:
        """Return this key's bare signature of some bytes (RFC 8032), for what is no note."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(data)

    def line(self, text: str) -> str:
        """Return this key's signature line for a note's text."""
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())
        packed = base64.b64encode(self.verifier.id + signature).decode()
        return f"\N{EM DASH} {self.name} {packed}\n"


def read_key(text: str) -> Signer:
    """Return the signer that a private key's line describes; RecordError, which quotes nothing, where it is none."""
    line = text.strip()
    parts = line.removeprefix(_PRIVATE).split("+", 2)
    packed = verify_note.decoded(parts[2]) if line.startswith(_PRIVATE) and len(parts) == 3 else None
    if packed is None or len(packed) != 1 + SEED_BYTES or not packed.startswith(verify_note.ED25519):
        raise RecordError("this is no private note key, expected PRIVATE+KEY+NAME+ID+KEY with an Ed25519 key")
    signer = Signer(parts[0], packed[1:])
    if signer.verifier.id.hex() != parts[1]:
        raise RecordError(f"the private key of `{signer.name}` was damaged: its id is not that of its key")
    return signer


def sign(text: str, *signers: Signer) -> bytes:
    """Return a note with this text and a signature line of each signer; RecordError for text that no note can hold."""
    if not signers:
        raise RecordError("a note needs a signing key")
    if not text.endswith("\n") or any(c < " " and c != "\n" for c in text):
        raise RecordError("the text of a note must end with a newline and hold no control characters")
    note = f"{text}\n{''.join(signer.line(text) for signer in signers)}".encode()
    _must_read(note, text)
    return note


def add(note: bytes, *signers: Signer) -> bytes:
    """Return a note with further signature lines, those that it has kept; NotVerified where it is malformed."""
    text, lines = verify_note.split_note(note)
    there = {(line.name, line.id) for line in lines}
    fresh = [signer for signer in signers if (signer.name, signer.verifier.id) not in there]
    grown = note + "".join(signer.line(text) for signer in fresh).encode()
    _must_read(grown, text)
    return grown


def _must_read(note: bytes, text: str) -> None:
    try:
        read, _ = verify_note.split_note(note)
    except NotVerified as error:
        raise RecordError(f"nobody could open this note: {error}") from None
    if read != text:
        raise RecordError("the text of a note must not be empty")
