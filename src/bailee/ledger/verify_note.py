"""Opens signed notes and checkpoints; shares no code with the side that signs them.

Formats: C2SP signed-note (Ed25519) and C2SP tlog-checkpoint. Raises `NotVerified`, which names the key or the line.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bailee.errors import NotVerified

#: The note format's mark of a plain Ed25519 key.
ED25519 = b"\x01"
#: More lines are not looked at: the format asks for 16, and others' cosignatures need some more.
MOST_SIGNATURES = 100
#: The longest note, in bytes: room for that many post-quantum signatures.
LONGEST_NOTE = 1 << 20
#: The greatest size of a log, as everywhere in the ledger.
LARGEST = 2**53 - 1
_KEY_BYTES = 32
_DASH = "\N{EM DASH} "
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f]")


class Verifier(NamedTuple):
    """A public key by which notes are checked: its name, its id of 4 bytes, and the key's 32 bytes."""

    name: str
    id: bytes
    key: bytes

    @property
    def vkey(self) -> str:
        """The key as a line of text: name, id and key, joined by `+`."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(ED25519 + self.key).decode()}"

    def accepts(self, text: bytes, signature: bytes) -> bool:
        """Say whether the key made this signature of the text (RFC 8032)."""
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, text)
        except (InvalidSignature, ValueError):
            return False
        return True


class Signature(NamedTuple):
    """One signature line of a note, whosever it is."""

    name: str
    id: bytes
    signature: bytes


class Note(NamedTuple):
    """A note whose signatures were checked: its text, and the known keys that signed it, in order of their lines."""

    text: str
    by: tuple[Verifier, ...]


class Checkpoint(NamedTuple):
    """What a log signs: its origin, how many entries it has, their root, and lines that others added."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


def verifier(name: str, key: bytes) -> Verifier:
    """Return the verifier of a named Ed25519 public key of 32 bytes; NotVerified for a name that notes cannot hold."""
    if not is_name(name):
        raise NotVerified("the name of a key must have no spaces, no `+` and no control characters, and not be empty")
    if len(key) != _KEY_BYTES:
        raise NotVerified(f"the key of `{name}` has {len(key)} bytes, expected {_KEY_BYTES}")
    return Verifier(name, hashlib.sha256(name.encode() + b"\n" + ED25519 + key).digest()[:4], key)


def is_name(name: str) -> bool:
    """Say whether a key may have this name."""
    return bool(name) and not any(c == "+" or c.isspace() or c < " " for c in name)


def read_vkey(text: str) -> Verifier:
    """Return the verifier that a line `name+id+key` describes; NotVerified where it is none."""
    parts = text.strip().split("+", 2)
    if len(parts) != 3:
        raise NotVerified(f"`{_cut(text)}` is no verifier key, expected NAME+ID+KEY, as the log's `keys` file has it")
    name, shown, packed = parts
    key = decoded(packed)
    if key is None or not key.startswith(ED25519):
        raise NotVerified(f"the key of `{_cut(name)}` is not an Ed25519 key (base64 of 0x01 and 32 bytes)")
    found = verifier(name, key[1:])
    if found.id.hex() != shown:
        raise NotVerified(f"the key of `{_cut(name)}` has the id `{found.id.hex()}`, but says `{_cut(shown)}`")
    return found


def read_vkeys(data: bytes) -> list[Verifier]:
    """Return the verifiers that a file describes, one a line; NotVerified names the line that is none."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise NotVerified("the list of keys is not text, expected a line NAME+ID+KEY for each") from None
    return [read_vkey(line) for line in text.splitlines() if line.strip()]


def split_note(note: bytes) -> tuple[str, list[Signature]]:
    """Return the text of a note and its signature lines, none of them checked; NotVerified where it is malformed."""
    if len(note) > LONGEST_NOTE:
        raise NotVerified(f"the note has {len(note)} bytes, at most {LONGEST_NOTE} are read")
    try:
        whole = note.decode()
    except UnicodeDecodeError as error:
        raise NotVerified(f"the note is not UTF-8 text: byte {error.start}") from None
    if _CONTROLS.search(whole):
        raise NotVerified("the note holds a control character; it was changed, or is no note")
    before, gap, after = whole.rpartition("\n\n")
    if not gap or not before:
        raise NotVerified("the note has no empty line between its text and its signatures")
    if not after.endswith("\n"):
        raise NotVerified("the note does not end with a signature line and a newline; it was cut off")
    lines = after[:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise NotVerified(f"the note has {len(lines)} signature lines, at most {MOST_SIGNATURES} are read")
    return before + "\n", [_signature(number, line) for number, line in enumerate(lines, 1)]


def _signature(number: int, line: str) -> Signature:
    parts = line.removeprefix(_DASH).split(" ")
    packed = decoded(parts[1]) if len(parts) == 2 and line.startswith(_DASH) and is_name(parts[0]) else None
    if packed is None or len(packed) < 5:
        raise NotVerified(f"signature line {number} of the note is malformed, expected `{_DASH}NAME SIGNATURE`")
    return Signature(parts[0], packed[:4], packed[4:])


def open_note(note: bytes, known: Iterable[Verifier]) -> Note:
    """Return a note's text and which of the known keys signed it; lines of other keys are ignored.

    Raises NotVerified where the note is malformed, where the line of a known key fails, and where no known key signed.
    Source: C2SP signed-note.
    """
    text, lines = split_note(note)
    keys = _by_id(known)
    by: dict[Verifier, None] = {}
    for line in lines:
        key = keys.get((line.name, line.id))
        if key is None:
            continue
        if not key.accepts(text.encode(), line.signature):
            raise NotVerified(f"the signature of `{key.name}+{key.id.hex()}` does not hold: the text was changed")
        by[key] = None
    if not by:
        signers = ", ".join(sorted({f"`{_cut(line.name)}+{line.id.hex()}`" for line in lines})[:5])
        raise NotVerified(f"none of the {len(keys)} known keys signed it, but {signers} did")
    return Note(text, tuple(by))


def _by_id(known: Iterable[Verifier]) -> dict[tuple[str, bytes], Verifier]:
    keys: dict[tuple[str, bytes], Verifier] = {}
    for key in known:
        if keys.setdefault((key.name, key.id), key) != key:
            raise NotVerified(f"two known keys have the name and id `{key.name}+{key.id.hex()}`; leave one away")
    return keys


def read_checkpoint(text: str) -> Checkpoint:
    """Return what the text of a checkpoint says; NotVerified where it is malformed. Source: C2SP tlog-checkpoint."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
        raise NotVerified("the checkpoint is malformed, expected lines with origin, size and root")
    origin, shown, packed, *extensions = lines[:-1]
    size, root = whole_number(shown), decoded(packed)
    if size is None:
        raise NotVerified(f"the size `{_cut(shown)}` of the checkpoint is not a whole number up to 2**53 - 1")
    if root is None or len(root) != _KEY_BYTES:
        raise NotVerified("the root of the checkpoint is not 32 bytes in base64")
    return Checkpoint(origin, size, root, tuple(extensions))


def open_checkpoint(note: bytes, known: Sequence[Verifier]) -> tuple[Checkpoint, Verifier]:
    """Return a checkpoint and the first key of its log that signed it; the origin must be that key's name.

    Raises NotVerified as `open_note` and `read_checkpoint` do, and where the key is that of another log.
    """
    opened = open_note(note, known)
    found = read_checkpoint(opened.text)
    for key in opened.by:
        if key.name == found.origin:
            return found, key
    names = ", ".join(f"`{key.name}`" for key in opened.by)
    raise NotVerified(f"the checkpoint has the origin `{_cut(found.origin)}`, but was signed by {names}: another log's")


def whole_number(text: str) -> int | None:
    """Return the number that plain decimal digits spell, without leading zeros; None for any other text."""
    if not (text.isascii() and text.isdigit()) or len(text) > 16 or (text[0] == "0" and text != "0"):
        return None
    found = int(text)
    return found if found <= LARGEST else None


def decoded(text: str) -> bytes | None:
    """Return what a base64 text spells; None where it is no base64, or spells it in an unusual way (RFC 4648, 4)."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if base64.b64encode(found).decode() == text else None


def _cut(text: str) -> str:
    shown = "".join(c if c.isprintable() else "?" for c in text[:80])
    return shown if len(text) <= 80 else f"{shown}..."
