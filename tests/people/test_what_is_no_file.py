"""What is named as a file and is none, or cannot be written where it belongs, is refused by its own name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from bailee.errors import ImportRejected, WorkspaceError
from bailee.people import secret_files
from bailee.people.customer_imports import import_customers
from bailee.people.database import Database
from bailee.people.given_imports import import_given
from bailee.people.imports import import_choices
from tests.people.records import NOW, policy


@pytest.mark.parametrize("kind", ["customers", "choices", "given"])
def test_a_pipe_is_refused_and_not_waited_for(database: Database, tmp_path: Path, kind: str) -> None:
    """An import from a pipe would wait for its other end for ever, and could not be read a second time."""
    path = tmp_path / "rows.csv"
    os.mkfifo(path)
    imports = {
        "customers": lambda: import_customers(database, path, NOW, by="ann"),
        "choices": lambda: import_choices(database, policy(), path, NOW, by="ann"),
        "given": lambda: import_given(database, "sha256:n", path, NOW, by="ann"),
    }
    with pytest.raises(ImportRejected, match="is no file, expected a CSV or Parquet file"):
        imports[kind]()


def test_a_key_that_cannot_be_kept_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that is read-only for this user, the folder is named, and not the file that is written first."""
    real = os.open

    def refused(path: Any, flags: int, *more: Any) -> int:
        if flags & os.O_CREAT:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, flags, *more)

    monkeypatch.setattr(os, "open", refused)
    for write in (secret_files.make, secret_files.replace):
        with pytest.raises(WorkspaceError, match=f"the folder `{tmp_path}` cannot be written to .* `signing.key`"):
            write(tmp_path / "signing.key", b"secret")
