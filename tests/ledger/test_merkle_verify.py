"""The verifier: takes what is true, refuses what is not, and shares nothing with the writer."""

from __future__ import annotations

import ast
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee.errors import NotVerified
from bailee.ledger import tree, verify

Kept = dict[tree.Node, bytes]


def log_of(size: int) -> tuple[list[bytes], tree.Lookup]:
    leaves = [b"%d" % i for i in range(size)]
    hashes = [tree.leaf_hash(leaf) for leaf in leaves]
    kept = {
        (level, position >> level): ended[32 * level : 32 * level + 32]
        for position, ended in enumerate(tree.Builder().extend(hashes))
        for level in range(len(ended) // 32)
    }
    return leaves, lambda wanted: {node: kept[node] for node in wanted}


def test_the_verifier_imports_nothing_of_the_writer() -> None:
    """L14: the only thing of Bailee that the verifier imports is the tree of errors."""
    module = ast.parse(Path(verify.__file__).read_text(encoding="utf-8"))
    froms = {node.module for node in ast.walk(module) if isinstance(node, ast.ImportFrom)}
    plain = {name.name for node in ast.walk(module) if isinstance(node, ast.Import) for name in node.names}
    assert {"__future__", "collections.abc", "bailee.errors"} == froms
    assert {"hashlib"} == plain


@given(st.integers(1, 130), st.data())
def test_true_inclusion_is_accepted(size: int, data: st.DataObject) -> None:
    """L11: every entry of every log is proved by its path."""
    leaves, lookup = log_of(size)
    position = data.draw(st.integers(0, size - 1))
    path = tree.inclusion(position, size, lookup)
    verify.verify_inclusion(leaves[position], position, size, path, tree.root(size, lookup))


@given(st.integers(2, 130), st.data())
def test_false_inclusion_is_refused_by_name(size: int, data: st.DataObject) -> None:
    """L11: another leaf, place, size, path or root is refused, and the message names the entry."""
    leaves, lookup = log_of(size)
    position = data.draw(st.integers(0, size - 1))
    path, root = tree.inclusion(position, size, lookup), tree.root(size, lookup)
    step = data.draw(st.integers(0, len(path) - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda p: p != position))
    wrong = [
        (b"another", position, size, path, root),
        (leaves[position], other, size, path, root),
        (leaves[position], position, size, (*path[:step], bytes(32), *path[step + 1 :]), root),
        (leaves[position], position, size, path[:-1], root),
        (leaves[position], position, size, (*path, bytes(32)), root),
        (leaves[position], position, size, (*path[:-1], b"short"), root),
        (leaves[position], position, size, path, bytes(32)),
        (leaves[position], size, size, path, root),
        (leaves[position], position, 2 * size + 1, path, root),
    ]
    for leaf, place, length, steps, top in wrong:
        with pytest.raises(NotVerified, match=f"entry `{place}`"):
            verify.verify_inclusion(leaf, place, length, steps, top)


@given(st.integers(0, 130), st.data())
def test_true_growth_is_accepted(new: int, data: st.DataObject) -> None:
    """L12: every earlier log is proved to be the beginning of every later one, the empty log too."""
    _, lookup = log_of(new)
    old = data.draw(st.integers(0, new))
    path = tree.consistency(old, new, lookup)
    verify.verify_consistency(old, tree.root(old, lookup), new, tree.root(new, lookup), path)


@given(st.integers(2, 130), st.data())
def test_false_growth_is_refused_by_name(new: int, data: st.DataObject) -> None:
    """L12: another old root, new root or path is refused, and the message names the old size."""
    _, lookup = log_of(new)
    old = data.draw(st.integers(1, new - 1))
    path, first, last = tree.consistency(old, new, lookup), tree.root(old, lookup), tree.root(new, lookup)
    step = data.draw(st.integers(0, len(path) - 1))
    wrong = [
        (bytes(32), last, path),
        (first, bytes(32), path),
        (first, last, path[:-1]),
        (first, last, (*path, bytes(32))),
        (first, last, (*path[:step], bytes(32), *path[step + 1 :])),
        (first, last, (*path[:-1], b"short")),
        (first, last, ()),
    ]
    for old_root, new_root, steps in wrong:
        with pytest.raises(NotVerified, match=f"`{old}`"):
            verify.verify_consistency(old, old_root, new, new_root, steps)
    with pytest.raises(NotVerified, match=f"`{old}`"):
        verify.verify_consistency(old, first, 2 * new + 1, last, path)


def test_a_path_too_long_is_called_so() -> None:
    """L11: steps after the root was reached are refused before anything is compared."""
    with pytest.raises(NotVerified, match="entry `0` is too long for a log of 1 entries"):
        verify.verify_inclusion(b"0", 0, 1, [bytes(32)], tree.root_of([b"0"]))


def test_verifying_takes_the_same_memory_however_long_the_log() -> None:
    """L13: fifty thousand leaves that are made as they are read need less than 64 KB."""
    leaves = 50_000
    root = tree.root_of(b"%d" % i for i in range(leaves))
    tracemalloc.start()
    verify.verify_leaves((b"%d" % i for i in range(leaves)), leaves, root)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 * 1024


def test_a_log_that_shrinks_or_differs_at_equal_size_is_refused() -> None:
    """L12: no path proves that a log shrank, or that logs of one size with two roots are one."""
    root = tree.root_of([b"0"])
    with pytest.raises(NotVerified, match="never shrinks"):
        verify.verify_consistency(2, root, 1, root, [])
    with pytest.raises(NotVerified, match="roots of equal logs differ"):
        verify.verify_consistency(1, root, 1, bytes(32), [])
    with pytest.raises(NotVerified, match="roots of equal logs differ"):
        verify.verify_consistency(0, root, 1, root, [])


@given(st.integers(0, 200))
def test_a_whole_log_is_counted_again(size: int) -> None:
    """L13: all leaves lead to the root; one fewer, one more or one other does not, and the message says which."""
    leaves, lookup = log_of(size)
    root = tree.root(size, lookup)
    verify.verify_leaves(leaves, size, root)
    with pytest.raises(NotVerified, match=f"entry `{size}` is one too many"):
        verify.verify_leaves([*leaves, b"more"], size, root)
    if size:
        with pytest.raises(NotVerified, match=f"entry `{size - 1}` is missing"):
            verify.verify_leaves(leaves[:-1], size, root)
        with pytest.raises(NotVerified, match="some entry was changed"):
            verify.verify_leaves([*leaves[:-1], b"other"], size, root)
