"""The standing tree's and the set tree's arithmetic, against a tree written down by its definition.

`naive` follows `spec/ledger.md` word by word: it shares no code with what it checks.
"""

from __future__ import annotations

import hashlib
from random import Random

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from bailee.ledger import bits
from bailee.ledger.positions import (
    DEPTH,
    EMPTY,
    HASH_BYTES,
    ITEM_BYTES,
    TILE,
    Tile,
    leaf_hash,
    node_hash,
    root_over,
    thin,
    tiles,
)

hashes = st.integers(1, 2**64).map(lambda n: hashlib.sha256(n.to_bytes(9, "big")).digest())


def naive(leaves: dict[int, bytes], height: int, first: int = 0) -> bytes:
    """The root over 2**height positions from `first` on: two halves, each by itself."""
    if height == 0:
        return leaves.get(first, bytes(32))
    within = {n: leaf for n, leaf in leaves.items() if first <= n < first + (1 << height)}
    if not within:
        empty = naive({}, height - 1)
        return hashlib.sha256(b"\x01" + empty + empty).digest()
    half = 1 << height - 1
    return hashlib.sha256(b"\x01" + naive(within, height - 1, first) + naive(within, height - 1, first + half)).digest()


def beside(leaves: dict[int, bytes], position: int, height: int) -> list[bytes]:
    """The siblings on the way up from a position, each by itself."""
    return [naive(leaves, h, (position >> h ^ 1) << h) for h in range(height)]


def test_s1_leaf_and_node_are_hashed_apart() -> None:
    """S1: a leaf is SHA-256(0x00 || nonce || value), a node SHA-256(0x01 || left || right), an empty leaf is zeros."""
    assert hashlib.sha256(b"\x00" + b"n" * 32 + b"value").digest() == leaf_hash(b"n" * 32, b"value")
    assert hashlib.sha256(b"\x01" + b"l" * 32 + b"r" * 32).digest() == node_hash(b"l" * 32, b"r" * 32)
    assert [naive({}, height) for height in range(12)] == list(EMPTY[:12])
    assert (DEPTH + 1, node_hash(EMPTY[31], EMPTY[31])) == (len(EMPTY), EMPTY[32])


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.integers(0, TILE - 1), hashes), st.integers(0, 3), st.data())
def test_a_tile_is_the_tree_over_its_places(entries: dict[int, bytes], level: int, data: st.DataObject) -> None:
    """Root and every path of a tile are those of the definition, however it was made and often changed."""
    below = 8 * level
    tile = Tile(level)
    parts = data.draw(st.integers(1, 4))
    deltas = b""
    for part in range(parts):
        some = {place: found for place, found in entries.items() if place % parts == part}
        if data.draw(st.booleans()):
            deltas += tile.change(some)
        else:
            deltas += b"".join(tile.put(place, found) for place, found in some.items())
        assert tile.root  # nodes that were worked out must not stay
    whole = [entries.get(place, EMPTY[below]) for place in range(TILE)]
    row = whole
    paths: list[list[bytes]] = [[] for _ in range(TILE)]
    for height in range(8):
        for place in range(TILE):
            paths[place].append(row[place >> height ^ 1])
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    for made in (tile, Tile(level, tile.kept), Tile(level, b"", deltas), Tile(level, tile.kept, deltas)):
        assert (row[0], paths) == (made.root, [made.path(place) for place in range(TILE)])
        assert whole == [made.hash(place) for place in range(TILE)]
        assert tile.kept == made.kept
    assert len(entries) * ITEM_BYTES == len(deltas)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 3 * TILE), st.integers(0, 3))
def test_many_tiles_at_once_are_each_of_them(count: int, level: int) -> None:
    """A row of hashes gives the tiles and roots that changing them one by one gives."""
    luck = Random(count)
    row = [luck.randbytes(HASH_BYTES) for _ in range(count)]
    kept, roots = tiles(b"".join(row), level)
    assert -(-count // TILE) == len(kept) == len(roots)
    for number, (each, root) in enumerate(zip(kept, roots, strict=True)):
        tile = Tile(level)
        tile.change(dict(enumerate(row[number * TILE : (number + 1) * TILE])))
        assert (tile.kept, tile.root) == (each, root)


@settings(deadline=None, max_examples=25)
@given(
    st.dictionaries(st.one_of(st.integers(1, 40), st.integers(0, 2**32 - 1)), hashes, min_size=1, max_size=5), st.data()
)
def test_s2_a_path_leads_to_the_root(leaves: dict[int, bytes], data: st.DataObject) -> None:
    """S2: 32 hashes, lowest first, lead from a leaf to the root; an empty subtree may be left out."""
    position = data.draw(st.sampled_from(sorted(leaves)))
    path = beside(leaves, position, DEPTH)
    root = naive(leaves, DEPTH)
    assert root == root_over(leaves[position], position, path) == root_over(leaves[position], position, thin(path))
    assert [None if h == EMPTY[i] else h for i, h in enumerate(path)] == thin(path)
    other = data.draw(st.integers(0, 31))
    assert root != root_over(leaves[position], position ^ 1 << other, path) or path[other] == naive(
        leaves, other, position >> other << other
    )
    forged = [*path[:other], bytes(31) + b"\x01", *path[other + 1 :]]
    assert root != root_over(leaves[position], position, forged)


def test_what_is_no_path_is_refused() -> None:
    """A path of another length, a hash of another length, and a position beyond the tree raise ValueError."""
    path: list[bytes | None] = [None] * DEPTH
    for position, wrong in ((0, path[1:]), (0, [*path, None]), (1 << DEPTH, path), (-1, path), (0, [b"", *path[1:]])):
        with pytest.raises(ValueError, match="found"):
            root_over(bytes(32), position, wrong)
    with pytest.raises(ValueError, match="found 1 bytes"):
        Tile(0, b"x")
    with pytest.raises(ValueError, match="found 1 bytes"):
        Tile(0, b"", b"x")


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 200), st.integers(0, 2**32))
def test_s8_a_set_is_the_tree_of_its_bits(count: int, seed: int) -> None:
    """S8: the leaves of a set are SHA-256(0x00 || nonce || bit), the nonce a block of the salt's AES-256-CTR stream."""
    luck = Random(seed)
    salt, chosen = luck.randbytes(32), [luck.random() < 0.4 for _ in range(count)]
    stream = Cipher(algorithms.AES(salt), modes.CTR(bytes(16))).encryptor().update(bytes(16 * count))
    nonces = [stream[16 * n : 16 * n + 16] for n in range(count)]
    leaves = {n: hashlib.sha256(b"\x00" + nonces[n] + bytes([chosen[n]])).digest() for n in range(count)}
    made = bits.commit(np.array(chosen), salt)
    assert naive(leaves, DEPTH) == made.root
    for position in {0, count // 2, count - 1}:
        shown = bits.show(np.array(chosen), salt, made.nodes, position)
        assert (nonces[position], chosen[position]) == (shown.nonce, shown.bit)
        assert thin(beside(leaves, position, DEPTH)) == shown.path


@pytest.mark.parametrize("count", [1, 2, 4095, 4096, 4097, 12_289])
def test_s9_each_bit_of_a_large_set_is_proved_alone(count: int) -> None:
    """S9: nonce, bit and path of any customer lead to the root, and the other bit does not."""
    luck = Random(count)
    salt, chosen = luck.randbytes(32), np.array([luck.random() < 0.1 for _ in range(count)])
    made = bits.commit(chosen, salt)
    for position in {0, 1 % count, count // 2, count - 1}:
        shown = bits.show(chosen, salt, made.nodes, position)
        assert made.root == root_over(leaf_hash(shown.nonce, bytes([shown.bit])), position, shown.path)
        assert made.root != root_over(leaf_hash(shown.nonce, bytes([not shown.bit])), position, shown.path)
    with pytest.raises(IndexError):
        bits.show(chosen, salt, made.nodes, count)


def test_a_set_of_nobody_has_the_empty_root() -> None:
    """A set over no positions has the root of an empty tree."""
    assert EMPTY[DEPTH] == bits.commit(np.array([], bool), bytes(32)).root
