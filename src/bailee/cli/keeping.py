"""`bailee keys`: which keys there are, and new ones in their place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bailee.cli.opening import opened
from bailee.cli.progress import bar
from bailee.cli.running import print_json, print_lines
from bailee.cli.terminal import counted, plain
from bailee.gate.as_json import instant

if TYPE_CHECKING:
    from bailee.gate.keeping import EncryptionKey, KeyList

ENCRYPTION, SIGNING = "encryption", "signing"


def listing(home: Path, *, as_json: bool) -> None:
    """Print every key that there is or was: names and public keys, never a secret."""
    with opened(home) as gate:
        found = gate.keys.list()
    if as_json:
        print_json(asdict(found))
    else:
        print_lines(map(plain, _lines(found)))


def _lines(found: KeyList) -> Iterator[str]:
    yield f"encryption, from {_source(found.encryption_source)}"
    for key in found.encryption:
        yield f"  {key.name}  {_encryption(key)}"
    yield f"signing, from {_source(found.signing_source)}"
    for signing in found.signing:
        word = "current" if signing.current else "retired"
        yield f"  {signing.vkey}"
        yield f"    {word}, since {instant(signing.since)[:10]}, ledger entry {signing.entry}"


def _encryption(key: EncryptionKey) -> str:
    word = "current" if key.current else "retired, and what it seals waits for `bailee keys rotate encryption`"
    if not key.current and not key.sealed:
        word = "not in use yet"
    if not key.here:
        word = "MISSING: what it seals cannot be opened; put it back from a backup"
    since = f", since {instant(key.since)[:10]}" if key.since else ""
    return f"{word}{since}, seals {counted(key.sealed, 'key', 'keys')} of customers and the company"


def _source(source: str) -> str:
    return f"a {source}" if source in ("file", "command") else f"`{source}`"


def rotate(home: Path, kind: str, *, as_json: bool) -> None:
    """Put a new key in the place of the current one."""
    if kind == ENCRYPTION:
        _rotate_encryption(home, as_json=as_json)
    elif kind == SIGNING:
        _rotate_signing(home, as_json=as_json)
    else:
        raise _unknown(kind)


def _rotate_encryption(home: Path, *, as_json: bool) -> None:
    with opened(home) as gate, bar("sealing every key anew", quiet=as_json) as progress:
        done = gate.keys.rotate_encryption(progress)
    if as_json:
        print_json(done._asdict())
        return
    begun = "finished what an earlier run began: " if done.finished else ""
    print_lines(
        [
            f"{begun}encryption key {done.kek} is current; {counted(done.changed, 'key')} sealed anew",
            "backups made before need the earlier key: make a new one with `bailee backup`",
        ]
    )


def _rotate_signing(home: Path, *, as_json: bool) -> None:
    with opened(home) as gate:
        done = gate.keys.rotate_signing()
    if as_json:
        print_json({"current": done.vkeys[0], "retired": done.vkeys[1:]})
        return
    print_lines(["the ledger signs by", f"  {done.vkeys[0]}", "earlier proofs are still checked by"])
    print_lines(f"  {vkey}" for vkey in done.vkeys[1:])


def make(kind: str, origin: str | None, *, as_json: bool) -> None:
    """Print a fresh key, to be kept where an `env:` or `command:` source finds it."""
    import secrets

    from bailee.ledger.note import SEED_BYTES, Signer
    from bailee.people.key_sources import written
    from bailee.people.sealing import KEY_BYTES

    if kind == ENCRYPTION:
        key = written([secrets.token_bytes(KEY_BYTES)]).decode().strip()
    elif kind == SIGNING:
        if origin is None:
            raise typer.BadParameter("expected the name that the ledger signs under", param_hint="--origin")
        key = Signer(origin, secrets.token_bytes(SEED_BYTES)).private
    else:
        raise _unknown(kind)
    if as_json:
        print_json({"kind": kind, "key": key})
    else:
        print_lines([key])


def _unknown(kind: str) -> typer.BadParameter:
    return typer.BadParameter(f"there is no key `{kind}`, expected `{ENCRYPTION}` or `{SIGNING}`", param_hint="KIND")
