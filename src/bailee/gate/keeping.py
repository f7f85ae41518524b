"""A workspace's keys as its keepers see them: which there are, since when, what they seal, and how they are rotated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bailee.errors import WorkspaceError
from bailee.gate.keys import Signing, SigningKeys
from bailee.gate.record import Recorder
from bailee.gate.settings import Settings
from bailee.ledger import log
from bailee.ledger.leaves import read
from bailee.people import documents, rotation
from bailee.people.database import Database
from bailee.people.instants import instant, micros
from bailee.people.key_sources import COMMAND, ENCRYPTION
from bailee.people.rotation import Rotated

#: The settings that say when a rotation began to seal by a key, by the key's name.
_SINCE = "encryption_since "


@dataclass(frozen=True, slots=True)
class EncryptionKey:
    """A key-encryption key: since when it seals, if a rotation made it, and how many keys it seals.

    `here` is false for one that the source does not give: what it seals cannot be opened.
    """

    name: str
    current: bool
    here: bool
    since: datetime | None
    sealed: int


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A verifier key of the ledger, and the entry that announced it."""

    vkey: str
    current: bool
    since: datetime
    entry: int


@dataclass(frozen=True, slots=True)
class KeyList:
    """All keys, the current ones first, and what gives those: `file`, `env:NAME` or `command`."""

    encryption_source: str
    encryption: tuple[EncryptionKey, ...]
    signing_source: str
    signing: tuple[SigningKey, ...]


class Keeping:
    """Lists and rotates the keys of a workspace."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        signing: SigningKeys,
        recorder: Recorder,
        clock: Callable[[], datetime],
    ) -> None:
        self._database, self._settings, self._signing = database, settings, signing
        self._recorder, self._clock = recorder, clock

    def signing(self) -> Signing:
        """What signs the ledger now, and what checks its signatures."""
        with self._database.read() as connection:
            return self._signing.signing(connection)

    def list(self) -> KeyList:
        """Every key that there is or was."""
        keyring = self._database.keyring
        if keyring is None:
            raise WorkspaceError("the workspace was opened without its encryption key; name where it is")
        with self._database.read() as connection:
            sealed = rotation.wrapped_under(connection)
            current = rotation.sealing_now(connection) or keyring.current
            names = dict.fromkeys([current, *keyring.names, *sealed])
            since = {name: documents.setting(connection, _SINCE + name) for name in names}
            entries = self._signing.entries(connection)
            times = {vkey: _time(read(log.leaf(connection, position))) for vkey, position in entries.items()}
        return KeyList(
            _shown(self._settings.keys.encryption),
            tuple(
                EncryptionKey(
                    name,
                    name == current,
                    name in keyring.names,
                    None if (at := since[name]) is None else instant(int(at)),
                    sealed.get(name, 0),
                )
                for name in names
            ),
            _shown(self._settings.keys.signing),
            tuple(
                SigningKey(vkey, place == 0, times[vkey], position)
                for place, (vkey, position) in enumerate(entries.items())
            ),
        )

    def rotate_encryption(self, progress: Callable[[int, int], object] | None = None) -> Rotated:
        """Seal every customer's key by a new key-encryption key; what was interrupted is finished."""
        source, path = self._settings.keys.encryption, self._signing.folder / ENCRYPTION
        done = rotation.rotate(self._database, path, source, progress)
        with self._database.write() as connection:
            documents.set_setting(connection, _SINCE + done.kek, str(micros(self._clock())))
        return done

    def rotate_signing(self) -> Signing:
        """Let the ledger sign by a new key, which the old one hands over to; what was interrupted is finished."""
        return self._signing.rotate(self._database, self._recorder, self._clock())


def _shown(source: str) -> str:
    """A source, of a command no words: they may hold a secret."""
    return COMMAND.rstrip(":") if source.startswith(COMMAND) else source


def _time(fields: dict[str, object]) -> datetime:
    return datetime.fromisoformat(str(fields["at"]))
