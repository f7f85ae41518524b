"""The tree against published values, a slow definition and another implementation."""

from __future__ import annotations

import hashlib

import pymerkle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee.ledger import tree

# The leaves and roots that the certificate-transparency project has published since RFC 6962.
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PATHS = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
GROWTHS = {
    (1, 1): [],
    (1, 8): PATHS[0, 8],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def nodes_of(start: int, ended: list[bytes]) -> dict[tree.Node, bytes]:
    """What leaves from `start` on ended, by node: level after level in 32 bytes each."""
    return {
        (level, position >> level): hashes[32 * level : 32 * level + 32]
        for position, hashes in enumerate(ended, start)
        for level in range(len(hashes) // 32)
    }


def grown(leaves: list[bytes], *groups: int) -> tuple[tree.Builder, tree.Lookup]:
    """A builder grown in groups of these sizes (then the rest), and the look-up of what it said to store."""
    builder, kept, rest = tree.Builder(), {}, [tree.leaf_hash(leaf) for leaf in leaves]
    for group in (*groups, len(rest)):
        start = builder.size
        kept.update(nodes_of(start, builder.extend(rest[:group])))
        rest = rest[group:]
        builder = tree.Builder(builder.size, builder.edge)
    return builder, lambda wanted: {node: kept[node] for node in wanted}


def slow_root(leaves: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    k = slow_split(len(leaves))
    return hashlib.sha256(b"\1" + slow_root(leaves[:k]) + slow_root(leaves[k:])).digest()


def slow_split(size: int) -> int:
    k = 1
    while 2 * k < size:
        k *= 2
    return k


def slow_path(position: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 9162, 2.1.3.1, word for word."""
    if len(leaves) == 1:
        return []
    k = slow_split(len(leaves))
    if position < k:
        return [*slow_path(position, leaves[:k]), slow_root(leaves[k:])]
    return [*slow_path(position - k, leaves[k:]), slow_root(leaves[:k])]


def slow_growth(old: int, leaves: list[bytes], whole: bool = True) -> list[bytes]:
    """RFC 9162, 2.1.4.1, word for word."""
    if old == len(leaves):
        return [] if whole else [slow_root(leaves)]
    k = slow_split(len(leaves))
    if old <= k:
        return [*slow_growth(old, leaves[:k], whole), slow_root(leaves[k:])]
    return [*slow_growth(old - k, leaves[k:], False), slow_root(leaves[:k])]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_published_ones(size: int) -> None:
    """L8: each size of the published tree has the published root; no leaves have SHA-256 of nothing."""
    assert ROOTS[size] == tree.root_of(LEAVES[:size]).hex()


@pytest.mark.parametrize(("position", "size"), PATHS)
def test_inclusion_paths_are_the_published_ones(position: int, size: int) -> None:
    """L11: inclusion proofs are those that certificate-transparency publishes."""
    _, lookup = grown(LEAVES)
    assert PATHS[position, size] == [step.hex() for step in tree.inclusion(position, size, lookup)]


@pytest.mark.parametrize(("old", "new"), GROWTHS)
def test_consistency_paths_are_the_published_ones(old: int, new: int) -> None:
    """L12: consistency proofs are those that certificate-transparency publishes."""
    _, lookup = grown(LEAVES)
    assert GROWTHS[old, new] == [step.hex() for step in tree.consistency(old, new, lookup)]


@given(st.integers(0, 150), st.integers(0, 50), st.integers(0, 50))
def test_a_tree_grown_in_groups_is_the_tree(size: int, first: int, second: int) -> None:
    """L8, L9: however leaves are grouped, the root is RFC 9162's, now and at every earlier size."""
    leaves = [b"%d" % i for i in range(size)]
    builder, lookup = grown(leaves, first, second)
    assert slow_root(leaves) == builder.root
    earlier = min(first, size)
    assert slow_root(leaves[:earlier]) == tree.root(earlier, lookup)


@given(st.integers(1, 130), st.data())
def test_proofs_are_those_of_the_standard(size: int, data: st.DataObject) -> None:
    """L11, L12: any proof from stored nodes is the one that RFC 9162's recursion gives."""
    leaves = [b"%d" % i for i in range(size)]
    _, lookup = grown(leaves, size // 3)
    now = data.draw(st.integers(1, size))
    position = data.draw(st.integers(0, now - 1))
    assert slow_path(position, leaves[:now]) == list(tree.inclusion(position, now, lookup))
    old = data.draw(st.integers(1, now))
    assert slow_growth(old, leaves[:now]) == list(tree.consistency(old, now, lookup))


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=60), st.data())
def test_another_implementation_agrees(leaves: list[bytes], data: st.DataObject) -> None:
    """L8, L11: pymerkle, written by others, finds the same roots and inclusion paths."""
    other = pymerkle.InmemoryTree(algorithm="sha256")
    for leaf in leaves:
        other.append_entry(leaf)
    position = data.draw(st.integers(0, len(leaves) - 1))
    proof = other.prove_inclusion(position + 1, len(leaves))
    builder, lookup = grown(leaves)
    assert other.get_root() == builder.root
    assert proof.path[0] == tree.leaf_hash(leaves[position])
    assert sorted(proof.path[1:]) == sorted(tree.inclusion(position, len(leaves), lookup))


def test_what_cannot_be_proved_is_an_error() -> None:
    """A leaf beyond the size, a shrinking tree and an edge of the wrong length are errors of the caller."""
    _, lookup = grown(LEAVES)
    with pytest.raises(ValueError, match="no leaf 8 in a tree of 8"):
        tree.inclusion(8, 8, lookup)
    with pytest.raises(ValueError, match="cannot begin"):
        tree.consistency(5, 4, lookup)
    with pytest.raises(ValueError, match="the edge of 3 leaves has 2 hashes"):
        tree.Builder(3, b"")
