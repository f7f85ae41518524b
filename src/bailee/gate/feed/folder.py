"""The folder of a feed: each file is there whole or not at all, one writer at a time, and what is old goes."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from bailee.errors import NotVerified, WorkspaceError
from bailee.gate.feed import layout
from bailee.gate.feed.layout import Head
from bailee.gate.feed.sealed import Sealing

_README = "README.txt"
_ABOUT = """\
This folder is a feed of customers' standing: for whom a company's data may be used now, for some purposes.

All files are sealed. Processes that have the feed's key read them with `bailee.follow`, from here or through any web
server that gives this folder out. Nobody is to write or change anything here but `bailee points export`.
"""
_OURS = re.compile(r"(?:head|README\.txt|(?:snapshot|changes)-\d+)(?:\.new)?")
_ASIDE = ".new"
#: For so many seconds a file stays that the newest head no longer counts, for whoever is reading it.
GRACE = 60.0


class Folder:
    """Held by one process; an OSError leaves as WorkspaceError."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self.folder, self._clock = folder, clock
        self._held = -1
        self._head: bytes | None = None
        #: Since when each file is not counted any more.
        self._old: dict[str, float] = {}

    def __enter__(self) -> Folder:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._held = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise self.told(error) from None
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            others = sorted(entry.name for entry in self.folder.iterdir() if not _OURS.fullmatch(entry.name))
            if others:
                raise WorkspaceError(
                    f"`{self.folder}` holds `{others[0]}`, which is no part of a feed; name another folder"
                )
        except BaseException as error:
            os.close(self._held)
            if isinstance(error, BlockingIOError):
                raise WorkspaceError(f"another process exports points into `{self.folder}`; stop it first") from None
            if isinstance(error, OSError):
                raise self.told(error) from None
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._held)

    def before(self, sealing: Sealing) -> Head | None:
        """The head of an earlier run, if there is one; WorkspaceError where it is of another feed."""
        try:
            self._head = (self.folder / layout.HEAD).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self.told(error) from None
        try:
            return Head.of(sealing.open(layout.HEAD, self._head))
        except NotVerified:
            raise WorkspaceError(
                f"`{self.folder}` holds the feed of another workspace or key; name another folder, or empty it"
            ) from None

    def put(self, name: str, data: bytes, *, sync: bool = False) -> None:
        """Write a file beside its place and rename it; with `sync`, once it is on the disk."""
        try:
            aside = self.folder / f"{name}{_ASIDE}"
            with aside.open("wb") as file:
                file.write(data)
                if sync:
                    file.flush()
                    os.fsync(file.fileno())
            aside.replace(self.folder / name)
        except OSError as error:
            raise self.told(error) from None

    def put_head(self, data: bytes) -> None:
        """Write the file that counts all others; WorkspaceError where somebody else wrote it since."""
        try:
            found = (self.folder / layout.HEAD).read_bytes()
        except FileNotFoundError:
            found = None
        except OSError as error:
            raise self.told(error) from None
        if found != self._head:
            raise WorkspaceError(
                f"another process, maybe on another machine, exports points into `{self.folder}`; let only one"
            )
        # A torn head would keep the next run out; whatever else is torn, that one writes anew.
        self.put(layout.HEAD, data, sync=True)
        self._head = data

    def explain(self) -> None:
        """Say to whoever looks what this folder is."""
        self.put(_README, _ABOUT.encode())

    def tidy(self, counted: set[str]) -> None:
        """Remove what no head has counted for a while: names of the erased are in it."""
        now, kept = self._clock(), {layout.HEAD, _README, *counted}
        try:
            names = {entry.name for entry in self.folder.iterdir()} - kept
            self._old = {name: self._old.get(name, now) for name in names}
            for name, since in self._old.items():
                if now - since >= GRACE and _OURS.fullmatch(name):
                    (self.folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise self.told(error) from None

    def told(self, error: OSError) -> WorkspaceError:
        return WorkspaceError(f"`{self.folder}` could not be written: {(error.strerror or 'unknown error').lower()}")
