"""Where a key comes from: a file of the workspace, an environment variable, or a command that prints it.

Key-encryption keys are base64 of 32 bytes, one a line, the current one first. What a source said is never repeated.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bailee.errors import WorkspaceError
from bailee.people import faults, secret_files
from bailee.people.keyring import Keyring
from bailee.people.sealing import KEY_BYTES

ENCRYPTION = "encryption.key"
FILE, ENVIRONMENT, COMMAND = "file", "env:", "command:"

#: A key service that is asked over a network answers within this, or not at all.
COMMAND_SECONDS = 30.0
_LONGEST = 65_536


class Source(NamedTuple):
    """Where key-encryption keys are: the workspace's `keys` folder, what gives the current ones, and the earlier."""

    folder: Path
    encryption: str = FILE
    previous: str | None = None

    @property
    def path(self) -> Path:
        """The file, for whoever has one."""
        return self.folder / ENCRYPTION


def is_source(text: str) -> bool:
    """Whether a text names a source: `file`, `env:NAME` or `command: ...`."""
    if text == FILE:
        return True
    if text.startswith(ENVIRONMENT):
        return text.removeprefix(ENVIRONMENT).strip().isidentifier()
    if not text.startswith(COMMAND):
        return False
    try:
        return bool(shlex.split(text.removeprefix(COMMAND)))
    except ValueError:
        return False


def open_keyring(folder: Path, source: str = FILE, *, previous: str | None = None, make: bool = False) -> Keyring:
    """The keyring of a workspace's `keys` folder or of another source; `previous` gives keys that still open.

    With `make`, a file that is missing is made with a fresh key. WorkspaceError where a source gives no proper keys.
    """
    path = folder / ENCRYPTION
    if source == FILE and make and not path.exists():
        with faults.translated(path):
            secret_files.make(path, written([secrets.token_bytes(KEY_BYTES)]))

    def read() -> list[bytes]:
        older = [] if previous is None else read_keks(previous, path)
        return list(dict.fromkeys([*read_keks(source, path), *older]))

    return Keyring(read(), spoken(source, path), read)


def read_keks(source: str, path: Path) -> list[bytes]:
    """The key-encryption keys that a source gives, the current one first."""
    where = spoken(source, path)
    lines = secret(source, path).split()
    keks = list(dict.fromkeys(_kek(line, number, where) for number, line in enumerate(lines, 1)))
    if not keks:
        raise WorkspaceError(f"{where} holds no encryption key, expected base64 of {KEY_BYTES} bytes a line")
    return keks


def spoken(source: str, path: Path) -> str:
    """What messages call a source; of a command only its program, because its words may hold a secret."""
    if source == FILE:
        return f"`{path}`"
    if source.startswith(ENVIRONMENT):
        return f"`{source}`"
    return f"the command `{shlex.split(source.removeprefix(COMMAND))[0]}`"


def written(keks: Sequence[bytes]) -> bytes:
    """The content of a file of key-encryption keys."""
    return b"".join(base64.b64encode(kek) + b"\n" for kek in keks)


def secret(source: str, path: Path, what: str = "key") -> bytes:
    """What a source holds; WorkspaceError says why it cannot be had, and never what it said."""
    if source == FILE:
        return secret_files.read(path)
    if source.startswith(ENVIRONMENT):
        variable = source.removeprefix(ENVIRONMENT).strip()
        held = os.environb.get(variable.encode())
        if not held:
            raise WorkspaceError(
                f"the environment variable `{variable}` is not set, and `bailee.toml` says that it holds a {what}"
            )
        return held
    return _printed(shlex.split(source.removeprefix(COMMAND)), what)


def _printed(words: Sequence[str], what: str) -> bytes:
    """What a command prints, run without a shell."""
    program = words[0]
    try:
        done = subprocess.run(  # noqa: S603  # the company's own settings name it
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise WorkspaceError(
            f"the command `{program}` of `bailee.toml` gave no {what} within {COMMAND_SECONDS:.0f} s; run it by hand"
        ) from None
    except OSError as error:
        why = (error.strerror or "unknown error").lower()
        raise WorkspaceError(f"the command `{program}` of `bailee.toml` cannot be run: {why}") from None
    if done.returncode:
        how = f"exit status {done.returncode}" if done.returncode > 0 else f"signal {-done.returncode}"
        raise WorkspaceError(f"the command `{program}` of `bailee.toml` gave no {what}: {how}; run it by hand")
    if len(done.stdout) > _LONGEST:
        raise WorkspaceError(f"the command `{program}` of `bailee.toml` printed more than a {what}; run it by hand")
    return done.stdout


def _kek(line: bytes, number: int, where: str) -> bytes:
    try:
        kek = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        raise WorkspaceError(f"line {number} of {where} is not base64 of {KEY_BYTES} bytes; restore it") from None
    if len(kek) != KEY_BYTES:
        raise WorkspaceError(f"line {number} of {where} has {len(kek)} bytes, expected {KEY_BYTES}; restore it")
    return kek
