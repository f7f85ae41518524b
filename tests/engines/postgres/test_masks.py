"""Masks: a bit for each key, which say the same as the allow table they come from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailee.engines import View
from bailee.engines.postgres import setup
from bailee.engines.postgres.engine import Postgres
from bailee.rewrite.dialects.postgres import POSTGRES
from bailee.rewrite.mask import Masked
from tests.engines.postgres.shop import make_shop
from tests.postgres import Cluster


@pytest.fixture(scope="module")
def masked(postgres: Cluster) -> Iterator[Postgres]:
    with Postgres(make_shop(postgres), masked=True) as opened:
        opened.allow("allow_p", "INTEGER", [], sequence=1)
        yield opened


def seen(engine: Postgres, sequence: int, span: tuple[int, int]) -> list[int]:
    """The people that the mask shows."""
    assert POSTGRES.mask is not None
    bit = Masked("allow_p", POSTGRES.mask("allow_p", "p.id")).bind(span)
    view = View("bailee_rel_1", f"SELECT p.id FROM public.people p WHERE {bit}")
    table = engine.ask([view], "SELECT id FROM bailee_rel_1 ORDER BY id", allow={"allow_p": sequence}).table
    found: list[int] = table.column("id").to_pylist()
    return found


_KEYS = st.sets(st.integers(1, 100) | st.integers(500, 699))


@settings(max_examples=25, deadline=None)
@given(_KEYS, st.lists(st.tuples(_KEYS, _KEYS), max_size=3))
def test_a_mask_shows_whom_its_table_allows(
    masked: Postgres, first: set[int], steps: list[tuple[set[int], set[int]]]
) -> None:
    """After any changes the mask shows those who are allowed; the guests' NULL and keys outside never."""
    assert masked._link is not None
    masked._link.run(setup.forgetting())
    span = masked.allow("allow_p", "INTEGER", map(str, first), sequence=1).span
    expected = set(first)
    for sequence, (add, remove) in enumerate(steps, 2):
        span = masked.allow(
            "allow_p", "INTEGER", map(str, add), remove=map(str, remove), sequence=sequence, base=sequence - 1
        ).span
        expected = (expected - remove) | add
    if span is None:
        assert not expected
    else:
        assert sorted(expected) == seen(masked, len(steps) + 1, span)


def test_a_mask_of_another_span_shows_nobody(masked: Postgres) -> None:
    """A view that was written for another span shows nobody, rather than somebody else."""
    assert masked._link is not None
    masked._link.run(setup.forgetting())
    assert (0, 7) == masked.allow("allow_p", "INTEGER", ["1", "7"], sequence=1).span
    assert [1, 7] == seen(masked, 1, (0, 7))
    assert [] == seen(masked, 1, (1, 7)) == seen(masked, 1, (0, 8))


def test_keys_too_far_apart_or_no_numbers_have_no_mask(masked: Postgres) -> None:
    """Negative keys have one; keys further apart than the widest mask, and texts, have none."""
    assert (-5, 3) == masked.allow("allow_q", "BIGINT", ["-5", "3"], sequence=1).span
    assert (-5, 9) == masked.allow("allow_q", "BIGINT", ["9"], sequence=2, base=1).span
    assert masked.allow("allow_q", "BIGINT", ["9000000000"], sequence=3, base=2).span is None
    assert (-5, 9) == masked.allow("allow_q", "BIGINT", [], remove=["9000000000"], sequence=4, base=3).span
    assert masked.allow("allow_r", "VARCHAR", ["1"], sequence=1).span is None
