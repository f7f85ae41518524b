"""Signing keys that follow one another: whoever has the first finds the last, and nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from bailee.errors import NotVerified
from bailee.ledger import checkpoint, log, note
from bailee.ledger.verify_tree import Kept, verify_tree
from tests.ledger.trees import (
    FIRST,
    ORIGIN,
    SECOND,
    STRANGER,
    THIRD,
    Files,
    files_of,
    grow,
    named,
    new_log,
    plain,
    signed_by,
    write,
)


def changed_twice(folder: Path) -> tuple[Files, list[bytes]]:
    """A log of 10 entries, then the second key, 300 more, then the third key, and 5 more; and its handovers."""
    connection, handovers = new_log(), []
    grow(connection, [named(FIRST, None), *map(plain, range(9))])
    for old, new, more in ((FIRST, SECOND, 300), (SECOND, THIRD, 5)):
        handovers.append(signed_by(new, old)(grow(connection, [named(new, old)])))
        grow(connection, map(plain, range(more)))
    # Whatever their order: the second key signed both, and its last is what counts.
    write(connection, folder, FIRST, SECOND, THIRD, handovers=handovers[::-1])
    return files_of(folder), handovers


def test_a_pinned_key_leads_to_those_that_followed(tmp_path: Path) -> None:
    """L28: by the entries that name them, each covered by a checkpoint that the key before signed."""
    files, _ = changed_twice(tmp_path)
    assert {"handover/" + key.verifier.id.hex() for key in (FIRST, SECOND)} == {f for f in files if "handover" in f}
    for pinned, trust, through in ((FIRST, "followed", (10, 311)), (SECOND, "followed", (311,)), (THIRD, "pinned", ())):
        found = verify_tree(files.__getitem__, [pinned.verifier])
        assert (317, THIRD.verifier, trust, through) == (found.size, *found[3:])
    assert "own" == verify_tree(files.__getitem__).trust


def test_more_keys_than_any_log_has_are_refused(tmp_path: Path) -> None:
    """L28: a hostile log cannot make its reader ask and remember without end."""
    files, _ = changed_twice(tmp_path)
    with pytest.raises(NotVerified, match="`keys` lists 1001 keys, at most 1000"):
        verify_tree({**files, "keys": f"{THIRD.vkey}\n".encode() * 1001}.__getitem__, [FIRST.verifier])
    keys = [note.Signer(ORIGIN, bytes([1, number]) + bytes(30)) for number in range(20)]
    long = "".join(f"{key.vkey}\n" for key in keys).encode()
    checkpoints = {f"handover/{key.verifier.id.hex()}": _padded(signed_by(key)(log.Head(1, bytes(32)))) for key in keys}
    with pytest.raises(NotVerified, match="longer than 16777216 bytes together"):
        verify_tree({**files, **checkpoints, "keys": long}.__getitem__, [FIRST.verifier])


def _padded(signed: bytes) -> bytes:
    """A note as long as notes may be, by a line of a stranger's."""
    room = ((1 << 20) - len(signed) - 10) // 4 * 4
    return signed + "— x ".encode() + b"A" * room + b"\n"


def test_a_key_that_nobody_handed_over_to_is_refused(tmp_path: Path) -> None:
    """L28: an entry alone leads nowhere: anybody can make a log that names a key of theirs."""
    files, handovers = changed_twice(tmp_path / "true")
    del files[f"handover/{SECOND.verifier.id.hex()}"]
    with pytest.raises(
        NotVerified, match="entry `311` names a new key, but no checkpoint that the older key signed covers"
    ):
        verify_tree(files.__getitem__, [FIRST.verifier])
    kept = Kept(*checkpoint.open_checkpoint(handovers[1], [SECOND.verifier])[0][1:3], handovers[1])
    assert (10, 311) == verify_tree(files.__getitem__, [FIRST.verifier], kept).through
    forged = new_log()
    grow(forged, [named(FIRST, None), named(THIRD, FIRST), plain(1)])
    early = signed_by(THIRD, FIRST)(log.Head(*checkpoint.read(note.open(handovers[0], [FIRST.verifier]).text)[1:3]))
    write(forged, tmp_path / "forged", FIRST, THIRD, handovers=[early])
    with pytest.raises(
        NotVerified, match=r"entries before `11` is not what `shop.example/1\+.*` signed when it handed"
    ):
        verify_tree(files_of(tmp_path / "forged").__getitem__, [FIRST.verifier])


def test_a_handover_by_others_is_none(tmp_path: Path) -> None:
    """L28: a handover that is malformed, of another key, or whose signature fails, is named or leads nowhere."""
    files, handovers = changed_twice(tmp_path)
    path = f"handover/{FIRST.verifier.id.hex()}"
    by_other = checkpoint.sign(11, bytes(32), note.Signer(FIRST.name, STRANGER.seed))
    for forged, message in (
        (by_other, "entry `10` names a new key"),
        (b"", f"`{path}`: the note has no empty line"),
        (handovers[0].replace(b"\n11\n", b"\n12\n"), "signature of `shop"),
    ):
        with pytest.raises(NotVerified, match=message):
            verify_tree({**files, path: forged}.__getitem__, [FIRST.verifier])
    with pytest.raises(NotVerified, match="none of the keys that you gave leads to it"):
        verify_tree(files.__getitem__, [note.Signer(FIRST.name, STRANGER.seed).verifier])


def test_an_entry_before_the_older_key_ended_counts_once(tmp_path: Path) -> None:
    """L28: a log that begins with a key that it never handed over to is signed by nobody who is known."""
    connection = new_log()
    head = grow(connection, [named(THIRD, SECOND), named(SECOND, FIRST), plain(1)])
    write(connection, tmp_path, FIRST, SECOND, THIRD, handovers=[signed_by(SECOND, FIRST)(head)])
    with pytest.raises(NotVerified, match="none of the keys that you gave leads to it"):
        verify_tree(files_of(tmp_path).__getitem__, [FIRST.verifier])
