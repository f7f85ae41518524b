"""What is inside a backup: a tar file of the workspace's files in a known order, and last a list of their digests."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from bailee.errors import NotVerified, WorkspaceError
from bailee.gate.settings import FILE, MAP, POLICY
from bailee.ledger.leaves import time_text
from bailee.ledger.values import Head
from bailee.people.backup_file import SealedReader, SealedWriter
from bailee.people.keyring import Keyring

STATE, MANIFEST = "state.db", "manifest.json"
#: What a backup may hold, in its order, and whether it must.
MEMBERS: Mapping[str, bool] = {
    POLICY: True,
    MAP: True,
    FILE: False,
    "keys/pseudonym.key": False,
    "keys/signing.key": False,
    "keys/verifiers": False,
    STATE: True,
    MANIFEST: True,
}
_FORMAT = 1
_PIECE = 1 << 20

#: Told how many bytes of the file were read and how many there are.
Progress = Callable[[int, int], None]


def write(
    out: BinaryIO, keyring: Keyring, files: Mapping[str, Path | bytes], at: datetime, head: Head
) -> dict[str, str]:
    """Write a backup of some members, given as files or bytes, and return the digest of each."""
    sealed = SealedWriter(out, keyring)
    digests: dict[str, str] = {}
    with tarfile.open(fileobj=cast(IO[bytes], sealed), mode="w|", format=tarfile.PAX_FORMAT, bufsize=_PIECE) as tar:
        for name in MEMBERS:
            if name == MANIFEST:
                digests[name] = _add(tar, name, _manifest(digests, at, head))
            elif name in files:
                digests[name] = _add(tar, name, files[name])
    sealed.finish()
    return digests


def verify(file: BinaryIO, name: str, keyring: Keyring, digests: Mapping[str, str], tell: Progress | None) -> None:
    """Read a backup that was just written as it is read when it is needed, and compare it with what went in."""
    found = {member: _pour(content, None) for member, content in _members(file, name, keyring, tell)}
    if found != dict(digests):
        raise NotVerified(f"the backup `{name}` does not hold what was written into it; look after the disk")


def unpack(file: BinaryIO, name: str, keyring: Keyring, into: Path, tell: Progress | None = None) -> dict[str, Any]:
    """Unpack a backup into a folder and return its manifest, whose digests its files have; NotVerified otherwise."""
    digests: dict[str, str] = {}
    for member, content in _members(file, name, keyring, tell):
        path = into / member
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            digests[member] = _pour(content, out)
            out.flush()
            os.fsync(out.fileno())
    missing = [member for member, must in MEMBERS.items() if must and member not in digests]
    if missing:
        raise NotVerified(f"the backup `{name}` lacks `{missing[0]}`; take another")
    said: dict[str, Any] = json.loads((into / MANIFEST).read_bytes())
    if said.get("bailee_backup") != _FORMAT:
        raise WorkspaceError(f"the backup `{name}` is laid out otherwise than this Bailee knows; install a newer one")
    if said["files"] != {member: digest for member, digest in digests.items() if member != MANIFEST}:
        raise NotVerified(f"the files of the backup `{name}` are not those of its manifest; take another")
    return said


def _manifest(digests: Mapping[str, str], at: datetime, head: Head) -> bytes:
    document = {
        "bailee_backup": _FORMAT,
        "made_at": time_text(at),
        "ledger": {"size": head.size, "root": head.root.hex()},
        "files": dict(digests),
    }
    return json.dumps(document, indent=1).encode()


def _add(tar: tarfile.TarFile, name: str, content: Path | bytes) -> str:
    """Add one member and return its digest."""
    with ExitStack() as held:
        file = io.BytesIO(content) if isinstance(content, bytes) else held.enter_context(content.open("rb"))
        member = tarfile.TarInfo(name)
        member.size, member.mode = file.seek(0, io.SEEK_END), 0o600
        file.seek(0)
        hashed = _Hashed(file)
        tar.addfile(member, cast(IO[bytes], hashed))
        return hashed.sha256.hexdigest()


class _Hashed:
    """A file that is hashed while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.sha256 = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.sha256.update(data)
        return data


def _members(file: BinaryIO, name: str, keyring: Keyring, tell: Progress | None) -> Iterator[tuple[str, IO[bytes]]]:
    """The members of a backup, each to be read before the next; NotVerified for what no backup holds."""
    total = os.fstat(file.fileno()).st_size
    stream = io.BufferedReader(SealedReader(file, name, keyring), _PIECE)
    try:
        with tarfile.open(fileobj=stream, mode="r|", bufsize=_PIECE) as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isreg() and member.name in MEMBERS else None
                if content is None:
                    raise NotVerified(f"the backup `{name}` holds `{member.name}`, which none of ours does")
                yield member.name, content
                if tell is not None:
                    tell(file.tell(), total)
        while stream.read(_PIECE):
            pass  # what is after the tar's end was sealed too, and the end of that must be there
    except tarfile.TarError:
        raise NotVerified(f"the backup `{name}` holds no tar file; take another") from None


def _pour(content: IO[bytes], out: IO[bytes] | None) -> str:
    sha256 = hashlib.sha256()
    while data := content.read(_PIECE):
        sha256.update(data)
        if out is not None:
            out.write(data)
    return sha256.hexdigest()
