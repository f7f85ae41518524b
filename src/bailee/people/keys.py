"""The workspace's secret, from which each purpose and recipient has its own key for pseudonyms."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from bailee.errors import WorkspaceError
from bailee.people import faults

SECRET_BYTES = 32
NAME = "pseudonym.key"


class PseudonymKeys:
    """Keys for pseudonyms: whoever does not hold the workspace's secret cannot link two of them, nor undo one."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def key_for(self, purpose: str, recipient: str | None = None) -> bytes:
        """Return the 32-byte key of a purpose and recipient (None: the company itself)."""
        # Lengths first, so that no two pairs share a text.
        parts = [purpose] if recipient is None else [purpose, recipient]
        named = "".join(f"{len(part.encode())}:{part}," for part in ("pseudonym", *parts))
        return hmac.digest(self._secret, named.encode(), "sha256")


def open_keys(folder: Path) -> PseudonymKeys:
    """Return the keys of a workspace's `keys` folder, making the secret once if it has none.

    WorkspaceError where it cannot be read or written, or is not 32 bytes: pseudonyms would change unseen.
    """
    path = folder / NAME
    with faults.translated(path):
        if not path.exists():
            _make(path)
        secret = path.read_bytes()
    if len(secret) != SECRET_BYTES:
        raise WorkspaceError(f"`{path}` has {len(secret)} bytes, expected {SECRET_BYTES}; restore it from a backup")
    return PseudonymKeys(secret)


def _make(path: Path) -> None:
    """Write the secret whole or not at all; of two processes that make it at once, the first wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(file, secrets.token_bytes(SECRET_BYTES))
        os.fsync(file)
        os.link(aside, path)
    except FileExistsError:
        pass
    finally:
        os.close(file)
        aside.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
