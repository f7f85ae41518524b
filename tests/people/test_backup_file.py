"""A backup's container: what it gives back, and what it says of every way to harm it."""

from __future__ import annotations

import hashlib
import hmac
import io
import tracemalloc
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from bailee.errors import NotVerified, WorkspaceError
from bailee.people.backup_file import CHUNK, HEADER_BYTES, SealedReader, SealedWriter
from bailee.people.keyring import Keyring

KEK = bytes(range(32))
SEALED = CHUNK + 16


def sealed(path: Path, plain: bytes, kek: bytes = KEK, piece: int = 700_001) -> bytes:
    with path.open("wb") as file:
        writer = SealedWriter(file, Keyring([kek]))
        for start in range(0, len(plain), piece):
            writer.write(plain[start : start + piece])
        writer.finish()
    return path.read_bytes()


def opened(path: Path, kek: bytes = KEK) -> bytes:
    with path.open("rb") as file:
        return io.BufferedReader(SealedReader(file, path.name, Keyring([kek]))).read()


def independently(data: bytes, kek: bytes = KEK) -> bytes:
    """The same by the words of the paper and of RFC 5869, with a derivation of our own."""
    header, body = data[:HEADER_BYTES], data[HEADER_BYTES:]
    pseudorandom = hmac.digest(header[-32:], kek, "sha256")
    key = hmac.digest(pseudorandom, b"bailee backup file, chunks\x01", "sha256")
    chunks = [body[start : start + SEALED] for start in range(0, len(body), SEALED)]
    return b"".join(
        AESGCM(key).decrypt(at.to_bytes(11, "big") + bytes([at == len(chunks) - 1]), chunk, header)
        for at, chunk in enumerate(chunks)
    )


def harmed(tmp_path: Path, data: bytes) -> str:
    """What is said when a harmed file is read."""
    (tmp_path / "harmed").write_bytes(data)
    with pytest.raises((NotVerified, WorkspaceError)) as error:
        opened(tmp_path / "harmed")
    return str(error.value)


@pytest.fixture
def three(tmp_path: Path) -> tuple[bytes, bytes]:
    """What was written, of three chunks and a bit, and its file."""
    plain = hashlib.shake_256(b"three").digest(3 * CHUNK + 5)
    return plain, sealed(tmp_path / "three", plain)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 7])
def test_what_goes_in_comes_out(tmp_path: Path, size: int) -> None:
    """Whatever the length, also on a chunk's edge; and a reader of the paper reads the same."""
    plain = hashlib.shake_256(b"plain").digest(size)
    data = sealed(tmp_path / "file", plain)
    assert plain == opened(tmp_path / "file") == independently(data)
    assert len(data) == HEADER_BYTES + size + 16 * max(1, -(-size // CHUNK))


def test_the_header_shows_a_version_a_name_of_the_key_and_a_fresh_salt(tmp_path: Path) -> None:
    """Two backups of the same bytes share nothing but the mark and the key's name."""
    one, two = (sealed(tmp_path / name, b"same") for name in ("one", "two"))
    named = hashlib.sha256(KEK).hexdigest()[:8].encode()
    assert {b"bailee backup 01\n" + named} == {each[: HEADER_BYTES - 32] for each in (one, two)}
    assert one[HEADER_BYTES - 32 :] != two[HEADER_BYTES - 32 :]
    assert b"same" not in one


@given(at=st.integers(0, HEADER_BYTES + 100 + 15), bit=st.integers(0, 7))
def test_no_bit_can_be_flipped(tmp_path_factory: pytest.TempPathFactory, at: int, bit: int) -> None:
    """Wherever a bit is changed, the header included, nothing is given."""
    folder = tmp_path_factory.mktemp("flipped")
    data = bytearray(sealed(folder / "file", b"x" * 100))
    data[at] ^= 1 << bit
    assert harmed(folder, bytes(data))


def test_what_was_cut_off_is_told(tmp_path: Path, three: tuple[bytes, bytes]) -> None:
    """At a chunk's edge, within one, within the header, and where nothing is left."""
    _, data = three
    edge = HEADER_BYTES + 2 * SEALED
    assert "is cut off after chunk 1; take another" in harmed(tmp_path, data[:edge])
    assert "was changed or cut off in chunk 1" in harmed(tmp_path, data[: edge - 9])
    assert "was changed or cut off in chunk 3" in harmed(tmp_path, data[:-1])
    assert "cut off or changed in its first 57 bytes" in harmed(tmp_path, data[:30])
    assert "was changed or cut off in chunk 0" in harmed(tmp_path, data[:HEADER_BYTES])
    assert "`harmed` is empty" in harmed(tmp_path, b"")


def test_what_was_moved_or_added_is_told(tmp_path: Path, three: tuple[bytes, bytes]) -> None:
    """Chunks in another order, one twice, one left out, and bytes after the end."""
    _, data = three
    head, body = data[:HEADER_BYTES], data[HEADER_BYTES:]
    a, b, c, d = (body[start : start + SEALED] for start in range(0, len(body), SEALED))
    assert "has chunk 2 where chunk 1 belongs" in harmed(tmp_path, head + a + c + b + d)
    assert "has chunk 0 where chunk 1 belongs" in harmed(tmp_path, head + a + a + b + c + d)
    assert "has chunk 2 where chunk 1 belongs" in harmed(tmp_path, head + a + c + d)
    assert "has chunk 3 where chunk 0 belongs" in harmed(tmp_path, head + d)
    whole = sealed(tmp_path / "whole", b"x" * CHUNK)
    assert "goes on after its end, which is chunk 0" in harmed(tmp_path, whole + b"more")
    assert "was changed in chunk 2" in harmed(tmp_path, head + a + b + bytes(SEALED) + d)


def test_chunks_of_another_backup_do_not_fit(tmp_path: Path, three: tuple[bytes, bytes]) -> None:
    """Under one key-encryption key too, because each file has a salt of its own."""
    plain, data = three
    other = sealed(tmp_path / "other", plain)
    mixed = data[: HEADER_BYTES + SEALED] + other[HEADER_BYTES + SEALED :]
    assert "was changed in chunk 1" in harmed(tmp_path, mixed)


def test_another_key_is_named(tmp_path: Path) -> None:
    """Which key it was sealed under, and which are at hand; keys that only open are tried too."""
    sealed(tmp_path / "file", b"x")
    mine, theirs = Keyring([KEK]).current, Keyring([bytes(32)]).current
    with pytest.raises(WorkspaceError, match=f"under the encryption key `{mine}`, and .* holds `{theirs}`; give the"):
        opened(tmp_path / "file", bytes(32))
    with (tmp_path / "file").open("rb") as file:
        assert b"x" == SealedReader(file, "file", Keyring([bytes(32), KEK])).read()


def test_what_is_no_backup_is_told(tmp_path: Path) -> None:
    """Another file, and a backup of a version to come."""
    assert "is not a backup that `bailee backup` made" in harmed(tmp_path, b"SQLite format 3\0" + bytes(100))
    data = sealed(tmp_path / "file", b"x")
    assert "of version 2 and this Bailee knows up to 1" in harmed(tmp_path, data.replace(b"backup 01", b"backup 02", 1))


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """A file of 64 MiB is written and read in a few chunks' memory."""
    piece = bytes(CHUNK)
    tracemalloc.start()
    with (tmp_path / "large").open("wb") as file:
        writer = SealedWriter(file, Keyring([KEK]))
        for _ in range(64):
            writer.write(piece)
        writer.finish()
    with (tmp_path / "large").open("rb") as file:
        reader, many = io.BufferedReader(SealedReader(file, "large", Keyring([KEK]))), 0
        while got := reader.read(300_000):
            many += len(got)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 64 * CHUNK == many
    assert peak < 12 * CHUNK
