"""Files that are written whole or not at all, and readable by their owner alone: an answer is personal data."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from bailee.errors import BaileeError


def must_be_free(path: Path, *, force: bool) -> None:
    """Say before any work that the file could not be written; BaileeError."""
    if path.is_dir():
        raise BaileeError(f"`{path}` is a folder, expected the name of a file")
    if path.exists() and not path.is_file():
        raise BaileeError(f"`{path}` is a device or a pipe, which would be replaced: name a file, or leave --out away")
    if not path.parent.is_dir():
        raise BaileeError(f"there is no folder `{path.parent}` for `{path.name}`: make it first")
    if path.exists() and not force:
        raise BaileeError(f"`{path}` exists already and was left as it is: name another file, or use --force")
    if not os.access(path.parent, os.W_OK):
        raise BaileeError(f"the folder `{path.parent}` cannot be written to")


@contextmanager
def whole(path: Path, *, force: bool) -> Iterator[BinaryIO]:
    """A file to write to, which takes the name `path` only when all was written; BaileeError."""
    must_be_free(path, force=force)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            must_be_free(path, force=force)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise BaileeError(f"`{path}` could not be written: {(error.strerror or 'unknown error').lower()}") from None
