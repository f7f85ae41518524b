"""Who was erased, kept beside the keys: after a crash in the middle, and on a disk that has no room."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bailee.errors import WorkspaceError
from bailee.people import tombstones
from bailee.people.tombstones import Tombstone

AT = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
FIRST, SECOND, THIRD = (Tombstone(number, AT, AT, True) for number in (1, 2, 3))


@pytest.mark.parametrize("left", range(1, 60, 7))
def test_a_line_that_a_crash_cut_off_is_written_again(tmp_path: Path, left: int) -> None:
    """What a crash left of a line is passed over, and does not stand in the way of what is added later."""
    file = tmp_path / "keys" / "erased"
    tombstones.add(file, [FIRST, SECOND])
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(lines[0] + lines[1][:left])
    assert [FIRST] == tombstones.read(file)
    assert 2 == tombstones.add(file, [FIRST, SECOND, THIRD])
    assert [FIRST, SECOND, THIRD] == tombstones.read(file)
    assert 0o600 == file.stat().st_mode & 0o777


def test_a_disk_without_room_is_said_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a line cannot be put on the disk, that is said, and the lines before it stay."""
    file = tmp_path / "erased"
    tombstones.add(file, [FIRST])

    def full(held: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(WorkspaceError, match="cannot be written or read: no space"):
            tombstones.add(file, [SECOND])
    assert FIRST == tombstones.read(file)[0]
    tombstones.add(file, [SECOND, THIRD])
    assert {FIRST, SECOND, THIRD} == set(tombstones.read(file))
