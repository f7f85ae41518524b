"""Proof files: what they prove offline, and what is refused."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailee.errors import NotVerified, RecordError
from bailee.ledger import bits, checkpoint, log, proof
from bailee.ledger.verify_proof import verify_proof
from tests.ledger.trees import FIRST, START, STRANGER, grow, new_log, plain

RANDOM, RECORD = bytes(range(32)), {"actor": "ana", "question": "SELECT 1", "rows": 7}
NONCE = bytes(range(32, 64))


def climbed(leaf: bytes, position: int, path: list[bytes]) -> bytes:
    """The root of a tree of depth 32 that a leaf and its path lead to, by the definition."""
    for level, beside in enumerate(path):
        left, right = (beside, leaf) if position >> level & 1 else (leaf, beside)
        leaf = sha256(b"\x01" + left + right).digest()
    return leaf


def empties() -> list[bytes]:
    """The roots of empty trees of depth 0 to 31."""
    found = [bytes(32)]
    while len(found) < 32:
        found.append(sha256(b"\x01" + found[-1] * 2).digest())
    return found


VALUE = '{"holds":["newsletter","personal_offers"],"until":"2027-01-01T00:00:00Z"}'
PATH = [bytes([7]) * 32, *empties()[1:5], bytes([9]) * 32, *empties()[6:]]
STANDING_ROOT = climbed(sha256(b"\x00" + NONCE + VALUE.encode()).digest(), 1228, PATH)
MEMBERS = np.zeros(1300, bool)
MEMBERS[[3, 1228]] = True
SET = bits.commit(MEMBERS, bytes(32))


def use(
    root: str | None = STANDING_ROOT.hex(), recipient: str | None = None, decision: str = "answered", about: str = "all"
) -> log.Draft:
    """A use whose leaf shows a standing root."""
    digest = "sha256:" + "a" * 64
    public = {"purpose": "personal_offers", "effect": None, "recipient": recipient, "decision": decision}
    public |= {"policy": digest, "standing_root": root, "as_of": START, "about": about}
    return log.Draft("use", public, RECORD, START, RANDOM)


def closed() -> log.Draft:
    """A minute of points that was closed with the root of a set."""
    public = {"purpose": "personal_offers", "minute": START, "policy": "sha256:" + "a" * 64, "standing_sequence": 1}
    return log.Draft("points_closed", {**public, "opened": 0, "customers": SET.root.hex()}, None, START, b"")


def proved(draft: log.Draft, at: int = 5, size: int = 12, **parts: Any) -> bytes:
    """The proof file of an entry at a position of a log of this size."""
    connection = new_log()
    drafts = [*map(plain, range(at)), draft, *map(plain, range(at + 1, size))]
    head = grow(connection, drafts)
    path = log.prove_inclusion(connection, at).path
    leaf = log.leaf(connection, at)
    return proof.write(at, path, checkpoint.sign(head.size, head.root, FIRST), proof.extra(leaf, **parts))


STANDING = {"position": 1228, "nonce": NONCE, "value": VALUE, "path": PATH}
OPENING = (RANDOM, json.dumps(RECORD, separators=(",", ":"), sort_keys=True).encode())


def test_a_use_is_proved_with_its_record_and_standing() -> None:
    """L29, L30, L31: the entry, who asked what, and that the customer was in scope; nobody else's name is needed."""
    found = verify_proof(proved(use(), opening=OPENING, standing=STANDING), [FIRST.verifier])
    assert (5, 12, FIRST.verifier) == (found.position, found.checkpoint.size, found.key)
    assert ("use", RECORD) == (found.leaf["kind"], found.record)
    assert found.standing is not None
    assert (1228, ("newsletter", "personal_offers"), "2027-01-01T00:00:00Z") == tuple(found.standing)
    assert found.in_scope
    to_partner = verify_proof(proved(use(recipient="partner"), standing=STANDING), [FIRST.verifier])
    assert (False, None) == (to_partner.in_scope, to_partner.record)
    assert None is verify_proof(proved(use()), [FIRST.verifier]).in_scope
    refused = verify_proof(proved(use(decision="refused"), standing=STANDING), [FIRST.verifier])
    assert (None, 1228) == (refused.in_scope, refused.standing and refused.standing.position)


@pytest.mark.parametrize(
    ("until", "scope"),
    [
        ("2026-11-01T00:00:00.000000Z", False),
        ("2026-01-01T00:00:00.000000Z", False),
        ("2099-01-01T00:00:00.000000Z", True),
        (None, True),
    ],
)
def test_standing_that_had_run_out_covers_nothing(until: str | None, scope: bool) -> None:
    """L31: where `until` is not after the time as of which a use was judged, the customer was not in scope of it."""
    value = json.dumps({"holds": ["personal_offers"], "until": until}, separators=(",", ":"))
    root = climbed(sha256(b"\x00" + NONCE + value.encode()).digest(), 1228, PATH).hex()
    found = verify_proof(proved(use(root), standing={**STANDING, "value": value}), [FIRST.verifier])
    assert (scope, not scope) == (found.in_scope, found.had_run_out)


@pytest.mark.parametrize("until", ["soon", "2026-11-01", "2026-11-01T00:00:00", ""])
def test_until_that_is_no_time_proves_nothing(until: str) -> None:
    """L31: a standing that names no time until which it held is refused."""
    value = json.dumps({"holds": ["personal_offers"], "until": until}, separators=(",", ":"))
    root = climbed(sha256(b"\x00" + NONCE + value.encode()).digest(), 1228, PATH).hex()
    with pytest.raises(NotVerified, match="`until` of the standing must be a time"):
        verify_proof(proved(use(root), standing={**STANDING, "value": value}), [FIRST.verifier])


def test_a_use_about_some_says_nothing_of_whom_it_does_not_show() -> None:
    """L31: whoever held the purpose was in scope of a use about some only where its record is opened."""
    shut = verify_proof(proved(use(about="some"), standing=STANDING), [FIRST.verifier])
    assert (None, False) == (shut.in_scope, shut.names_whom)
    shown = verify_proof(proved(use(about="some"), opening=OPENING, standing=STANDING), [FIRST.verifier])
    assert (True, True) == (shown.in_scope, shown.names_whom)
    outside = verify_proof(proved(use(about="some", recipient="partner"), standing=STANDING), [FIRST.verifier])
    assert False is outside.in_scope


def test_empty_subtrees_may_be_left_out() -> None:
    """L31: null stands for the hash of an empty subtree, and a customer of whom nothing was known held nothing."""
    thin = [None if step == empty else step for step, empty in zip(PATH, empties(), strict=True)]
    assert 30 == thin.count(None)
    assert verify_proof(proved(use(), standing={**STANDING, "path": thin}), [FIRST.verifier]).in_scope
    root = climbed(bytes(32), 77, PATH)
    nobody = {"position": 77, "nonce": None, "value": None, "path": thin}
    found = verify_proof(proved(use(root.hex()), standing=nobody), [FIRST.verifier])
    assert ((77, (), None), False) == (found.standing, found.in_scope)


@pytest.mark.parametrize(("number", "included"), [(3, True), (1228, True), (4, False), (1299, False)])
def test_a_bit_of_a_set_is_proved(number: int, included: bool) -> None:
    """L32: whether one customer was among those that a minute of points reached."""
    shown = bits.show(MEMBERS, bytes(32), SET.nodes, number)
    part = {"position": number, "nonce": shown.nonce, "bit": int(shown.bit), "path": shown.path}
    found = verify_proof(proved(closed(), disclosed=part), [FIRST.verifier])
    assert (number, included) == found.disclosed
    with pytest.raises(NotVerified, match="part `set` does not lead to the `customers`"):
        verify_proof(proved(closed(), disclosed={**part, "bit": 1 - part["bit"]}), [FIRST.verifier])


def forged(data: bytes, change: Any) -> bytes:
    """A proof whose extra part was rewritten."""
    read = proof.read(data)
    document = json.loads(read.extra or b"")
    change(document)
    return proof.write(read.position, read.path, read.checkpoint, json.dumps(document).encode())


def part(name: str, **fields: Any) -> Any:
    """A forger of one part."""
    return lambda document: document[name].update(fields)


IN_SET = {"position": 1, "nonce": "00" * 16, "bit": 1, "path": [None] * 32}
FORGERIES = {
    "another leaf": (lambda d: d.update(leaf=d["leaf"].replace("answered", "refused")), "entry `5` is not in the log"),
    "another record": (part("opening", record='{"rows":8}'), "record is not the one that entry `5` committed to"),
    "another random": (part("opening", random="00" * 32), "record is not the one that entry `5` committed to"),
    "another value": (part("standing", value='{"holds":[],"until":null}'), "does not lead to the `standing_root`"),
    "another customer": (part("standing", position=1229), "does not lead to the `standing_root`"),
    "another nonce": (part("standing", nonce="00" * 32), "does not lead to the `standing_root`"),
    "no value": (part("standing", value=None, nonce=None), "does not lead to the `standing_root`"),
    "another way": (part("standing", path=[None] * 32), "does not lead to the `standing_root`"),
    "a short way": (part("standing", path=[None] * 31), "32 hashes in hex"),
    "a loose way": (part("standing", path=["G" * 64] * 32), "32 hashes in hex"),
    "no way": (part("standing", path=None), "32 hashes in hex"),
    "a far customer": (part("standing", position=1 << 32), "whole number below"),
    "a customer before": (part("standing", position=-1), "whole number below"),
    "a customer of truth": (part("standing", position=True), "whole number below"),
    "value without nonce": (part("standing", nonce=None), "or neither"),
    "a set for a use": (
        lambda d: d.update(set={"position": 1228, "nonce": "00" * 16, "bit": 1, "path": [None] * 32}),
        "shows no",
    ),
    "a bit of truth": (
        lambda d: d.update(set={"position": 1228, "nonce": "00" * 16, "bit": True, "path": [None] * 32}),
        "0 or 1",
    ),
    "a bit with a fraction": (
        lambda d: d.update(set={"position": 1228, "nonce": "00" * 16, "bit": 1.0, "path": [None] * 32}),
        "0 or 1",
    ),
    "two customers": (
        lambda d: d.update(set={"position": 1, "nonce": "00" * 16, "bit": 1, "path": [None] * 32}),
        "`standing` is of customer number .*, and `set` of 1",
    ),
    "random too short": (part("opening", random="00"), "must hold `random`"),
    "random in capitals": (part("opening", random="0A" * 32), "must hold `random`"),
    "no leaf": (lambda d: d.pop("leaf"), "must hold `leaf` as text"),
    "more than it may": (lambda d: d.update(more=1), "nothing beyond"),
    "part is no object": (lambda d: d.update(opening=[]), "must be objects"),
}


@pytest.mark.parametrize("how", FORGERIES)
def test_forged_proofs_are_refused_by_name(how: str) -> None:
    """L29, L30, L31, L32: a part that is not what was recorded is named."""
    change, message = FORGERIES[how]
    data = proved(use(), opening=OPENING, standing=STANDING)
    with pytest.raises((NotVerified, RecordError), match=message):
        verify_proof(forged(data, change), [FIRST.verifier])


TRUE = proved(use(), opening=OPENING, standing=STANDING)


@given(st.integers(0, len(TRUE) - 1), st.integers(1, 255))
@settings(max_examples=300)
def test_no_byte_of_a_proof_can_change(at: int, flip: int) -> None:
    """L29: a flipped byte is refused, except where it spells the same (a space in JSON that nothing is hashed from)."""
    changed = bytearray(TRUE)
    changed[at] ^= flip
    try:
        found = verify_proof(bytes(changed), [FIRST.verifier])
    except NotVerified:
        return
    assert verify_proof(TRUE, [FIRST.verifier]) == found


LINES = TRUE.split(b"\n")
MALFORMED = {
    "another first line": (TRUE.replace(b"@v1", b"@v2", 1), "is no proof file"),
    "no index": (b"\n".join(line for line in LINES if not line.startswith(b"index")), "no line `index"),
    "index with zero": (TRUE.replace(b"index 5", b"index 05"), "no line `index"),
    "index negative": (TRUE.replace(b"index 5", b"index -5"), "no line `index"),
    "index far": (TRUE.replace(b"index 5", b"index 12"), "no entry `12` in a log of 12 entries"),
    "index of another": (TRUE.replace(b"index 5", b"index 4"), "entry `4` is not in the log"),
    "extra after index": (b"\n".join([LINES[0], LINES[2], LINES[1], *LINES[3:]]), "path of the proof is not"),
    "extra no base64": (TRUE.replace(b"extra ", b"extra ="), "not base64"),
    "no extra": (b"\n".join([LINES[0], *LINES[2:]]), "carries no entry"),
    "path step short": (b"\n".join([*LINES[:3], b"AAAA", *LINES[4:]]), "path of the proof is not"),
    "path step gone": (b"\n".join([*LINES[:3], *LINES[4:]]), "is too short"),
    "path step more": (b"\n".join([*LINES[:4], *LINES[3:]]), "is too long"),
    "no checkpoint": (TRUE.partition(b"\n\n")[0], "is no proof file"),
    "carriage returns": (TRUE.replace(b"\n", b"\r\n"), "is no proof file|other than ASCII"),
    "not ASCII": (b"\xc3\xa4" + TRUE, "other than ASCII"),
    "too long": (TRUE + b"x" * (16 << 20), "at most 16777216 are read"),
    "empty": (b"", "is no proof file"),
    "JSON": (b'{"position": 1}', "is no proof file"),
}


@pytest.mark.parametrize("how", MALFORMED)
def test_malformed_proofs_are_refused(how: str) -> None:
    """L29: a proof file is read strictly, so that two readers never disagree on what it says."""
    data, message = MALFORMED[how]
    with pytest.raises(NotVerified, match=message):
        verify_proof(data, [FIRST.verifier])


def test_a_proof_needs_the_right_key() -> None:
    """L29: by a key of another log, or of nobody, a proof proves nothing."""
    for keys in ([STRANGER.verifier], []):
        with pytest.raises(NotVerified, match="known keys signed it"):
            verify_proof(TRUE, keys)


def test_the_published_form() -> None:
    """L29: header, extra, index, path, an empty line and the checkpoint; extra and path only where there are."""
    hashes = [sha256(b"hash1").digest(), sha256(b"hash2").digest()]
    signed = checkpoint.sign(9, bytes(32), FIRST)
    lines = "".join(f"{base64.b64encode(each).decode()}\n" for each in hashes)
    assert f"c2sp.org/tlog-proof@v1\nindex 5\n{lines}\n".encode() + signed == proof.write(5, hashes, signed)
    packed = base64.b64encode(b"extra information").decode()
    with_extra = f"c2sp.org/tlog-proof@v1\nextra {packed}\nindex 0\n\n".encode() + signed
    assert with_extra == proof.write(0, [], signed, b"extra information")
    assert (0, (), signed, b"extra information") == proof.read(with_extra)
    with pytest.raises(RecordError, match="nobody could read this proof"):
        proof.write(-1, [], signed)


def test_a_name_twice_in_a_part_is_refused() -> None:
    """L30: JSON that says one thing twice says different things to different readers."""
    read = proof.read(TRUE)
    twice = (read.extra or b"").replace(b'{"leaf"', b'{"leaf":"x","leaf"')
    with pytest.raises(NotVerified, match="names differ"):
        verify_proof(proof.write(read.position, read.path, read.checkpoint, twice), [FIRST.verifier])


@pytest.mark.parametrize("wrong", ["utf-16", "utf-8-sig", "NaN"])
def test_what_json_readers_take_differently_is_refused(wrong: str) -> None:
    """L29, L3: UTF-8 without a mark before it, and no number that JSON does not have."""
    read = proof.read(TRUE)
    text = (read.extra or b"").decode()
    data = text.replace('"position":1228', '"position":NaN').encode() if wrong == "NaN" else text.encode(wrong)
    assert data != read.extra
    with pytest.raises(NotVerified, match="is not a JSON object in UTF-8"):
        verify_proof(proof.write(read.position, read.path, read.checkpoint, data), [FIRST.verifier])


def test_the_commitment_is_that_of_the_log() -> None:
    """L5: HMAC-SHA256 of the record under the random, by both sides."""
    leaf: Mapping[str, Any] = verify_proof(TRUE, [FIRST.verifier]).leaf
    assert hmac.new(RANDOM, OPENING[1], "sha256").hexdigest() == leaf["commitment"]
