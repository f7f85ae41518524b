"""Signed notes and checkpoints: the published examples, and every way in which a note is refused."""

from __future__ import annotations

import ast
import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee.errors import NotVerified, RecordError
from bailee.ledger import checkpoint, note, verify_note
from bailee.ledger.verify_note import Checkpoint

#: The example of Go's golang.org/x/mod/sumdb/note.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNED = f"{TEXT}\n{PETER_LINE}".encode()

#: What sum.golang.org served on 2024-09-23, and its key.
SUMDB = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
SUMDB_CHECKPOINT = (
    "go.sum database tree\n30055305\nmXfgRcJ0bG0j3CPdKwgGWtUzBUbX67saZGRmFuJGGsM=\n\n"
    "— sum.golang.org Az3grpgEild5qw7+5dtV13Kf1C2Xurm8q4fhdxvcsDHnqNTaxL2AFjBY+2TyGKevucFcAAlWFJJYle3EJlDCrQ+y3A8=\n"
).encode()

SHOP = note.Signer("shop.example/1", bytes(range(32)))
OTHER = note.Signer("witness.example", bytes(32))


def test_the_published_key_signs_the_published_note() -> None:
    """L20, L21: name, id and key of Go's example, and its signature to the byte."""
    signer = note.read_key(PETER_PRIVATE)
    assert (PETER, PETER_PRIVATE, SIGNED) == (signer.vkey, signer.private, note.sign(TEXT, signer))
    assert PETER_PRIVATE not in repr(signer) + str(signer)
    assert signer.seed.hex() not in repr(signer)


def test_the_published_notes_open() -> None:
    """L20, L22: by either key, by both, and whatever the order of their lines."""
    peter, enoch = note.read_vkey(PETER), note.read_vkey(ENOCH)
    both = SIGNED + ENOCH_LINE.encode()
    assert (TEXT, (peter,)) == note.open(both, [peter])
    assert (TEXT, (enoch,)) == note.open(both, [enoch])
    assert (TEXT, (peter, enoch)) == note.open(both, [enoch, peter])


def test_a_published_checkpoint_opens() -> None:
    """L23: what the Go checksum database signed; its origin is not its key's name, which is another log's to us."""
    key = note.read_vkey(SUMDB)
    found = checkpoint.read(note.open(SUMDB_CHECKPOINT, [key]).text)
    root = base64.b64decode("mXfgRcJ0bG0j3CPdKwgGWtUzBUbX67saZGRmFuJGGsM=")
    assert Checkpoint("go.sum database tree", 30055305, root) == found
    with pytest.raises(NotVerified, match=r"origin `go\.sum database tree`, but was signed by `sum\.golang\.org`"):
        checkpoint.open_checkpoint(SUMDB_CHECKPOINT, [key])


def test_lines_of_others_are_ignored_and_may_be_added() -> None:
    """L22: sixteen lines of strangers, of whatever algorithm, of our name or our id but not both, change nothing."""
    signed = checkpoint.sign(7, bytes(32), SHOP)
    unknown = [base64.b64encode(bytes([i]) * (5 + 300 * i)).decode() for i in range(1, 15)]
    lines = [f"— stranger.example/{i} {packed}\n" for i, packed in enumerate(unknown)]
    ours = base64.b64encode(SHOP.verifier.id + b"x" * 64).decode()
    lines += [f"— {SHOP.name} {unknown[0]}\n", f"— stranger.example {ours}\n"]
    many = note.add(signed + "".join(lines).encode(), OTHER)
    assert (17, 18) == (len(lines) + 1, len(verify_note.split_note(many)[1]))
    found, key = checkpoint.open_checkpoint(many, [SHOP.verifier])
    assert (7, SHOP.verifier) == (found.size, key)
    assert 2 == len(note.open(many, [SHOP.verifier, OTHER.verifier]).by)
    assert many == note.add(many, OTHER, SHOP)


def test_a_known_key_that_fails_is_an_error() -> None:
    """L22: one good line does not excuse a bad one of a known key; no line of a known key is no signature."""
    peter, enoch = note.read_vkey(PETER), note.read_vkey(ENOCH)
    bad = SIGNED + ENOCH_LINE.replace("rwz+eBzm", "rwz+eBzn").encode()
    assert (peter,) == note.open(bad, [peter]).by
    with pytest.raises(NotVerified, match=r"signature of `EnochRoot\+af0cfe78` does not hold"):
        note.open(bad, [peter, enoch])
    with pytest.raises(NotVerified, match=r"none of the 1 known keys signed it, but `PeterNeumann\+c74f20a3` did"):
        note.open(SIGNED, [enoch])
    twin = peter._replace(key=bytes(32))
    with pytest.raises(NotVerified, match="two known keys have the name and id"):
        note.open(SIGNED, [peter, twin])


@given(st.integers(0, len(SIGNED) - 1), st.integers(1, 255))
def test_no_byte_of_a_note_can_change(at: int, flip: int) -> None:
    """L22: whichever byte is flipped, text or signature, the note is refused."""
    changed = bytearray(SIGNED)
    changed[at] ^= flip
    with pytest.raises(NotVerified):
        note.open(bytes(changed), [note.read_vkey(PETER)])


MALFORMED = {
    "no final newline": (SIGNED[:-1], "was cut off"),
    "no signature": (TEXT.encode() + b"\n", "was cut off"),
    "no gap": (TEXT.encode() + PETER_LINE.encode(), "no empty line"),
    "no text": (b"\n\n" + PETER_LINE.encode(), "no empty line"),
    "control character": (SIGNED.replace(b"think", b"th\tnk"), "control character"),
    "carriage return": (SIGNED.replace(b",\n", b",\r\n"), "control character"),
    "not UTF-8": (SIGNED.replace(b"think", b"th\xffnk"), "not UTF-8 text: byte 9"),
    "another dash": (SIGNED.replace("—".encode(), b"--"), "signature line 1 of the note is malformed"),
    "two spaces": (SIGNED.replace(b"PeterNeumann ", b"PeterNeumann  "), "signature line 1"),
    "no base64": (SIGNED.replace(b"x08go", b"x08g."), "signature line 1"),
    "loose base64": (SIGNED.replace(b"BwJnAM=\n", b"BwJnAN=\n"), "signature line 1"),
    "too short": (TEXT.encode() + "\n— PeterNeumann x08gow==\n".encode(), "signature line 1"),
    "name with plus": (SIGNED.replace(b" PeterN", b" Peter+N"), "signature line 1"),
    "name with a wide space": (SIGNED.replace(b" PeterN", " Peter\N{EM SPACE}N".encode()), "signature line 1"),
    "too many lines": (SIGNED + 100 * ENOCH_LINE.encode(), "101 signature lines, at most 100"),
    "too long": (SIGNED + b"x" * verify_note.LONGEST_NOTE, "at most 1048576 are read"),
    "empty": (b"", "no empty line"),
}


@pytest.mark.parametrize("how", MALFORMED)
def test_malformed_notes_are_refused_by_name(how: str) -> None:
    """L20: a note that is not written as the format says is not opened, whoever signed it."""
    data, message = MALFORMED[how]
    with pytest.raises(NotVerified, match=message):
        note.open(data, [note.read_vkey(PETER)])


def test_keys_that_are_none_are_refused() -> None:
    """L21: a key whose id is not its own, of another kind, or no key at all; a private key is never repeated."""
    wrong = {
        PETER.replace("c74f20a3", "c74f20a4"): "has the id `c74f20a3`, but says `c74f20a4`",
        PETER.replace("+ARpc", "+Arpc"): "not an Ed25519 key",
        PETER.replace("10TW", ""): "not an Ed25519 key|bytes, expected 32",
        PETER_PRIVATE: "not an Ed25519 key",
        "PeterNeumann": "no verifier key",
        "": "no verifier key",
    }
    for text, message in wrong.items():
        with pytest.raises(NotVerified, match=message):
            note.read_vkey(text)
    damaged = (
        PETER,
        PETER_PRIVATE[:-4],
        PETER_PRIVATE.replace("c74f", "c74e"),
        PETER_PRIVATE.replace("+AYEK", "+AYEL"),
    )
    for text in damaged:
        with pytest.raises(RecordError) as told:
            note.read_key(text)
        assert "AYE" not in str(told.value)
    for name in ("", "a b", "a+b", "a\nb", "a\N{NO-BREAK SPACE}b"):
        with pytest.raises(RecordError, match="cannot name a signing key"):
            note.Signer(name, bytes(32))


def test_only_what_can_be_opened_is_signed() -> None:
    """L20: text without a final newline, with a control character, or empty, is refused before it is signed."""
    for text in ("no newline", "tab\t\n", ""):
        with pytest.raises(RecordError):
            note.sign(text, SHOP)
    with pytest.raises(RecordError, match="needs a signing key"):
        note.sign("text\n")


CHECKPOINTS = {
    "leading zero": "a\n07\n{root}\n",
    "sign": "a\n+7\n{root}\n",
    "space": "a\n7 \n{root}\n",
    "other digits": "a\n٧\n{root}\n",
    "too large": "a\n9007199254740992\n{root}\n",
    "short root": "a\n7\nAAAA\n",
    "loose root": "a\n7\n" + "A" * 42 + "B=\n",
    "no root": "a\n7\n",
    "no origin": "\n7\n{root}\n",
    "empty extension": "a\n7\n{root}\n\nx\n",
}


@pytest.mark.parametrize("how", CHECKPOINTS)
def test_malformed_checkpoints_are_refused(how: str) -> None:
    """L23: origin, size and root are read strictly, so that no two texts say one thing."""
    text = CHECKPOINTS[how].format(root=base64.b64encode(bytes(32)).decode())
    with pytest.raises(NotVerified, match="checkpoint"):
        checkpoint.read(text)


@given(st.integers(0, 2**53 - 1), st.binary(min_size=32, max_size=32), st.lists(st.sampled_from(["x", "a b"])))
def test_a_checkpoint_is_read_as_it_was_written(size: int, root: bytes, extensions: list[str]) -> None:
    """L23: every size and root survives, and so do the lines that others added."""
    found = Checkpoint("shop", size, root, tuple(extensions))
    assert found == checkpoint.read(checkpoint.text(found))


def test_opening_shares_nothing_with_signing() -> None:
    """L14: the verifier of notes imports the tree of errors and a public key's check, no more."""
    module = ast.parse(Path(verify_note.__file__).read_text(encoding="utf-8"))
    froms = {node.module for node in ast.walk(module) if isinstance(node, ast.ImportFrom)}
    assert {"bailee.errors"} == {name for name in froms if name and name.startswith("bailee")}
    assert "PrivateKey" not in Path(verify_note.__file__).read_text(encoding="utf-8")
