"""The workspace's secret and the keys made from it."""

from __future__ import annotations

import errno
import hashlib
import hmac
import os
import stat
import threading
from pathlib import Path

import pytest

from bailee.errors import WorkspaceError
from bailee.people import secret_files
from bailee.people.keys import PseudonymKeys, open_keys


def test_the_secret_is_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    """The first opening makes 32 random bytes that only the owner reads; later ones find them."""
    keys = open_keys(tmp_path / "keys")
    path = tmp_path / "keys" / "pseudonym.key"
    assert (32, 0o600, 0o700) == (
        len(path.read_bytes()),
        stat.S_IMODE(path.stat().st_mode),
        stat.S_IMODE(path.parent.stat().st_mode),
    )
    assert [path] == list(path.parent.iterdir())
    assert keys.key_for("offers", None) == open_keys(tmp_path / "keys").key_for("offers", None)
    assert keys.key_for("offers", None) != open_keys(tmp_path / "other").key_for("offers", None)


def test_a_key_is_an_hmac_that_anybody_with_the_secret_can_repeat() -> None:
    """Each purpose and recipient has its own key, worked out here in another way."""
    secret = bytes(range(32))
    expected = hmac.new(secret, b"9:pseudonym,6:offers,7:insurer,", hashlib.sha256).digest()
    assert expected == PseudonymKeys(secret).key_for("offers", "insurer")
    pairs = [("offers", None), ("offers", "insurer"), ("offers,7:insurer", None), ("insurer", "offers"), ("offers", "")]
    assert len(pairs) == len({PseudonymKeys(secret).key_for(*pair) for pair in pairs})


def test_two_that_make_the_secret_at_once_get_one(tmp_path: Path) -> None:
    """Whoever comes second takes what the first made."""
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(open_keys(tmp_path).key_for("p"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (8, 1) == (len(found), len(set(found)))


def test_a_secret_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    """Pseudonyms never change unseen: a secret of the wrong length is an error."""
    (tmp_path / "pseudonym.key").write_bytes(b"short")
    with pytest.raises(WorkspaceError, match="has 5 bytes, expected 32; restore it from a backup"):
        open_keys(tmp_path)


def test_a_disk_that_is_full_is_said_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that cannot be written is there whole or not at all, and nothing is left beside it."""
    path = tmp_path / "keys" / "some.key"
    secret_files.make(path, b"before")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for write in (secret_files.replace, secret_files.make):
        with pytest.raises(WorkspaceError, match=r"some\.key` cannot be written or read: no space left on device"):
            write(path, b"after")
    assert ([path], b"before") == (list(path.parent.iterdir()), path.read_bytes())
