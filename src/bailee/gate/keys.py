"""The key by which the ledger signs: made once, announced in the ledger, handed over to the next one in a rotation.

The store says which key is current, so that all processes agree; the private key comes from a file of the workspace or
from elsewhere. A retired key is destroyed, and its public half stays, so that whatever it signed can still be checked.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.errors import RecordError, WorkspaceError
from bailee.gate.settings import LONGEST_ORIGIN, Settings
from bailee.people import documents, faults, key_sources, secret_files
from bailee.people.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bailee.gate.record import Recorder
    from bailee.ledger.note import Signer
    from bailee.ledger.values import Head

SIGNING, VERIFIERS = "signing.key", "verifiers"

#: The setting of the store with the ledger's verifier keys after their entries' positions, the current one first.
ANNOUNCED = "signing_keys"
#: The settings with the checkpoints by which one key handed over to the next, by the verifier key of the older.
_HANDOVER = "handover "


@dataclass(frozen=True, slots=True)
class Signing:
    """The key that signs now, all verifier keys (the current one first), and the checkpoints that handed over."""

    current: Signer
    vkeys: tuple[str, ...]
    handovers: tuple[bytes, ...] = ()

    def sign(self, head: Head) -> bytes:
        """Return the signed checkpoint of a head (C2SP tlog-checkpoint)."""
        from bailee.ledger import checkpoint

        return checkpoint.sign(head.size, head.root, self.current)


class SigningKeys:
    """The signing keys of a workspace. Every method raises WorkspaceError, which never quotes a key."""

    def __init__(self, folder: Path, settings: Settings, company: str) -> None:
        self.folder, self._settings, self._company = folder, settings, company
        self._source, self._previous = settings.keys.signing, settings.keys.signing_previous
        self._path = folder / SIGNING

    def announced(self, connection: Connection) -> tuple[str, ...]:
        """The verifier keys that the ledger announced, the current one first; none before the first."""
        return tuple(self.entries(connection))

    def entries(self, connection: Connection) -> dict[str, int]:
        """The verifier keys with the positions of the entries that announced them, the current one first."""
        lines = (documents.setting(connection, ANNOUNCED) or "").splitlines()
        return {vkey: int(position) for position, vkey in (line.split(" ", 1) for line in lines)}

    def known(self, connection: Connection) -> bool:
        """Whether the ledger has announced a signing key."""
        return bool(documents.setting(connection, ANNOUNCED))

    def announce(self, connection: Connection, recorder: Recorder, at: datetime) -> None:
        """Record the first signing key in the caller's write transaction, where none was; a file is made with one."""
        if self.known(connection):
            return
        signer = self._first()
        self._record(connection, recorder, signer, None, at)

    def signing(self, connection: Connection) -> Signing:
        """What signs and what checks signatures, as of the caller's transaction."""
        vkeys = self.announced(connection)
        notes = (documents.setting(connection, _HANDOVER + vkey) for vkey in vkeys[1:])
        signers = {signer.vkey: signer for signer in self._held()} if vkeys else {}
        if not vkeys or vkeys[0] not in signers:
            raise WorkspaceError(
                f"the ledger signs by `{vkeys[0] if vkeys else 'no key yet'}`, whose private key "
                f"{self._spoken} does not hold; put it back from a backup"
            )
        return Signing(signers[vkeys[0]], vkeys, tuple(note.encode() for note in notes if note))

    def rotate(self, database: Database, recorder: Recorder, at: datetime) -> Signing:
        """Hand over to a new key, or finish what an earlier run began; the old private key of a file is destroyed.

        Another source than a file must give the new key already, and `signing_previous` the old one.
        """
        with faults.translated(str(self._path)):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with secret_files.locked(self.folder):
                return self._rotate(database, recorder, at)

    def _rotate(self, database: Database, recorder: Recorder, at: datetime) -> Signing:
        from bailee.ledger.note import SEED_BYTES, Signer

        with database.read() as connection:
            before = self.announced(connection)
        held = self._held()
        if self._source == key_sources.FILE and [signer.vkey for signer in held] == list(before[:1]):
            held = [Signer(held[0].name, secrets.token_bytes(SEED_BYTES)), *held]
            self._write(held)
        with database.write() as connection:
            self._hand_over(connection, recorder, held, at)
            found = self.signing(connection)
        self.publish(found.vkeys)
        if self._source == key_sources.FILE:
            self._write([found.current])  # last of all: while the older one is there, the next run goes on
        return found

    def _hand_over(self, connection: Connection, recorder: Recorder, held: list[Signer], at: datetime) -> None:
        """Announce the first of the held keys, and let it and the key before sign the ledger that says so."""
        from bailee.ledger import checkpoint, log

        before = self.announced(connection)
        new, old = held[0], next((signer for signer in held if [signer.vkey] == list(before[:1])), None)
        if old is new:
            if self._source != key_sources.FILE:
                raise WorkspaceError(
                    f"the ledger signs by the key that {self._spoken} gives already; let it give a new key, name where "
                    "the old one is as `signing_previous` in `bailee.toml`, and run this again"
                )
            return  # an earlier run came as far as this
        if old is None or new.name != old.name:
            raise WorkspaceError(
                f"the ledger signs by `{before[0] if before else 'no key yet'}`, and only that key can hand over to "
                "another one of its name; put it back, or name where it is as `signing_previous` in `bailee.toml`"
            )
        self._record(connection, recorder, new, old, at)
        head = log.head(connection)
        note = checkpoint.sign(head.size, head.root, new, old)
        documents.set_setting(connection, _HANDOVER + old.vkey, note.decode())

    def _record(
        self, connection: Connection, recorder: Recorder, new: Signer, old: Signer | None, at: datetime
    ) -> None:
        public = {"key": new.verifier.key.hex(), "previous": old.verifier.key.hex() if old else None}
        position = recorder.within(connection, "signing_key", public, None, at)
        entries = {new.vkey: position, **self.entries(connection)}
        documents.set_setting(connection, ANNOUNCED, "\n".join(f"{at} {vkey}" for vkey, at in entries.items()))

    def publish(self, vkeys: tuple[str, ...]) -> None:
        """Keep the verifier keys beside the private one, for whoever copies them."""
        content = "".join(f"{vkey}\n" for vkey in vkeys).encode()
        path = self.folder / VERIFIERS
        with faults.translated(str(path)):
            if not path.exists() or path.read_bytes() != content:
                secret_files.replace(path, content)

    def _first(self) -> Signer:
        """The first signing key; made, where the source is a file that is missing."""
        from bailee.ledger.note import SEED_BYTES, Signer

        if self._source == key_sources.FILE and not self._path.exists():
            origin = self._settings.origin or f"{slug(self._company)}/{secrets.token_hex(4)}"
            made = Signer(origin, secrets.token_bytes(SEED_BYTES))
            with faults.translated(str(self._path)):
                secret_files.make(self._path, f"{made.private}\n".encode())
        return self._held()[0]

    def _held(self) -> list[Signer]:
        """The private keys that the sources give, the wanted one first."""
        from bailee.ledger.note import read_key

        held = []
        for source in (self._source, self._previous):
            if source is None:
                continue
            spoken = key_sources.spoken(source, self._path)
            try:
                lines = key_sources.secret(source, self._path).decode("ascii").splitlines()
                held += [read_key(line) for line in lines if line.strip()]
            except (UnicodeDecodeError, RecordError):
                raise WorkspaceError(f"{spoken} gives no private note key; restore it from a backup") from None
        origin = self._settings.origin
        if not held:
            raise WorkspaceError(f"{self._spoken} gives no private note key; restore it from a backup")
        if origin is not None and held[0].name != origin:
            raise WorkspaceError(
                f"`bailee.toml` names the ledger `{origin}`, and its signing key has the name `{held[0].name}`, which "
                "a ledger keeps for ever; write that name, or none"
            )
        return held

    @property
    def _spoken(self) -> str:
        return key_sources.spoken(self._source, self._path)

    def _write(self, signers: list[Signer]) -> None:
        secret_files.replace(self._path, "".join(f"{signer.private}\n" for signer in signers).encode())


def slug(company: str) -> str:
    """A company's name as a part of the ledger's: small ASCII letters, digits and dashes."""
    plain = unicodedata.normalize("NFKD", company).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[: LONGEST_ORIGIN - 9].strip("-") or "ledger"
