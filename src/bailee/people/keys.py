"""The workspace's secret, from which each purpose and recipient has its own key for pseudonyms."""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

from bailee.errors import WorkspaceError
from bailee.people import faults, secret_files

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
            secret_files.make(path, secrets.token_bytes(SECRET_BYTES))
        secret = path.read_bytes()
    if len(secret) != SECRET_BYTES:
        raise WorkspaceError(f"`{path}` has {len(secret)} bytes, expected {SECRET_BYTES}; restore it from a backup")
    return PseudonymKeys(secret)
