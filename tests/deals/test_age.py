"""Sealed files, opened by another's program of the same format (rage, by pyrage), and every way to damage one."""

from __future__ import annotations

import io

import pytest

from bailee.deals import age
from bailee.deals.age import CHUNK, Sealer
from bailee.errors import BaileeError

pyrage = pytest.importorskip("pyrage")
SIZES = [0, 1, 100, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 17]


def sealed(plain: bytes, to: str, pieces: int = 1) -> bytes:
    out = io.BytesIO()
    sealer = Sealer(out, age.recipient(to))
    step = max(1, -(-len(plain) // pieces))
    for at in range(0, len(plain), step):
        sealer.write(plain[at : at + step])
    sealer.close()
    return out.getvalue()


@pytest.mark.parametrize("size", SIZES)
def test_rage_opens_what_was_sealed(size: int) -> None:
    """R20: of every length around a chunk's end, in one piece or many, another's program gives back every byte."""
    own = pyrage.x25519.Identity.generate()
    plain = bytes(n * 7 & 255 for n in range(size))
    for pieces in (1, 9):
        assert plain == pyrage.decrypt(sealed(plain, str(own.to_public()), pieces), [own])


def test_nobody_else_opens_it() -> None:
    """R20: another key opens nothing."""
    own, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed(b"secret", str(own.to_public())), [other])


def test_a_changed_dropped_or_moved_byte_is_seen() -> None:
    """R20: no byte of header or chunks can be changed, and no chunk be cut off, without the file being refused."""
    own = pyrage.x25519.Identity.generate()
    whole = sealed(bytes(2 * CHUNK + 5), str(own.to_public()))
    header = whole.index(b"\n---")
    for at in (0, 30, header - 2, header + 8, header + 70, len(whole) - 3):
        with pytest.raises((pyrage.DecryptError, ValueError)):
            pyrage.decrypt(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :], [own])
    body = whole.index(b"\n", header + 1) + 1 + 16
    chunk = CHUNK + 16
    swapped = whole[:body] + whole[body + chunk : body + 2 * chunk] + whole[body : body + chunk]
    for cut in (whole[: body + chunk], whole[: body + 2 * chunk], swapped + whole[body + 2 * chunk :]):
        with pytest.raises((pyrage.DecryptError, ValueError, OSError)):
            pyrage.decrypt(cut, [own])


def test_two_files_of_the_same_have_nothing_in_common() -> None:
    """R20: file key, share and nonce are drawn anew each time."""
    to = str(pyrage.x25519.Identity.generate().to_public())
    one, two = sealed(b"same", to), sealed(b"same", to)
    assert one.splitlines()[1:] != two.splitlines()[1:]
    assert one[-20:] != two[-20:]


def test_what_is_no_recipient() -> None:
    """R21: a wrong letter, a secret key, another kind of key and a word are each refused with what was expected."""
    own = pyrage.x25519.Identity.generate()
    good = str(own.to_public())
    wrong = {
        good[:-1] + ("q" if good[-1] != "q" else "p"): "a letter is wrong",
        good[:20]: "a letter is wrong",
        good.replace("age1", "age2"): "does not begin",
        good[:9].upper() + good[9:]: "mixes large and small",
        "ssh-ed25519 AAAA": "does not begin|mixes",
        "": "does not begin",
        str(own): "secret key",
    }
    for text, told in wrong.items():
        with pytest.raises(BaileeError, match=told) as error:
            age.recipient(text)
        assert str(own) not in str(error.value)
    assert age.recipient(good.upper()) == age.recipient(f" {good}\n")


def test_a_key_that_everybody_can_open_is_refused() -> None:
    """R21: the all-zero point, with which every secret agrees on nothing, seals no file (RFC 7748, section 6.1)."""
    with pytest.raises(BaileeError, match="anybody can open"):
        Sealer(io.BytesIO(), bytes(32))
