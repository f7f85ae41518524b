"""A folder of files that are given out as they are: each is there whole or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from types import TracebackType

from bailee.errors import WorkspaceError
from bailee.ledger.tiles import WIDTH, Tile

#: What an export may find in its folder; anything else is somebody's.
_OURS = {"checkpoint", "tile", "keys", "handover", "README.txt"}
_ASIDE = ".new"


class Static:
    """The folder of one log, held by one writer at a time; an OSError leaves as WorkspaceError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._held = -1
        self._made: set[Path] = set()

    def __enter__(self) -> Static:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._held = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise self._told(error) from None
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            others = sorted({entry.name.removesuffix(_ASIDE) for entry in self.folder.iterdir()} - _OURS)
            if others:
                raise WorkspaceError(
                    f"`{self.folder}` holds `{others[0]}`, which is no part of a log; name another folder"
                )
        except BaseException as error:
            os.close(self._held)
            if isinstance(error, BlockingIOError):
                raise WorkspaceError(f"another export writes into `{self.folder}`; wait for it") from None
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._held)
        if isinstance(error, OSError):
            raise self._told(error) from None

    def get(self, path: str) -> bytes | None:
        """Return a file's bytes, or None where there is none."""
        try:
            return (self.folder / path).read_bytes()
        except FileNotFoundError:
            return None

    def put(self, path: str, data: bytes, *, sync: bool = False) -> None:
        """Write a file beside its place and rename it; with `sync`, once it is on the disk."""
        final = self.folder / path
        if final.parent not in self._made:
            final.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(final.parent)
        aside = f"{final}{_ASIDE}"
        with open(aside, "wb") as file:  # noqa: PTH123 - twice as fast as Path.open, for each of many files
            file.write(data)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        os.replace(aside, final)  # noqa: PTH105 - as above

    def put_tile(self, tile: Tile, data: bytes) -> None:
        """Write a tile or bundle; a full one takes the place of the partial ones before it."""
        self.put(tile.path, data)
        if tile.width == WIDTH:
            shutil.rmtree(f"{self.folder / tile.path}.p", ignore_errors=True)

    def seal(self, path: str, data: bytes) -> None:
        """Write the file that counts all others, once they are on the disk."""
        # One call for however many thousand files: each by itself would wait for the disk each time.
        os.sync()
        self.put(path, data, sync=True)
        os.fsync(self._held)

    def _told(self, error: OSError) -> WorkspaceError:
        return WorkspaceError(f"`{self.folder}` could not be written: {(error.strerror or 'unknown error').lower()}")
