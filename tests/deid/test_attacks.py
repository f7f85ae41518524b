"""What attacks achieve on our outputs stays what `spec/deid.md` says, and is of no use where it says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailee.deid import DeidError, Promise, Tree, mondrian
from bailee.deid.releases import joint_sizes, require_together
from tests.deid import attacks, shop

PAGE = Path(__file__).parents[2] / "spec" / "deid.md"


def test_the_page_says_what_attacks_achieve() -> None:
    """Every figure of the page's two tables is that of the attacks run now."""
    page = PAGE.read_text(encoding="utf-8")
    assert [] == [line for line in attacks.lines() if line not in page]


def test_linkage_finds_nobody_for_sure() -> None:
    """A register of everybody links three in five raw rows, and no published one better than one in k."""
    counted, ways = attacks.made()
    assert attacks.on_raw(counted).alone > 0.5
    for recoding in ways.values():
        assert attacks.linkage(recoding).best <= 1 / attacks.K
        assert attacks.linkage(recoding).alone == 0


def test_knowing_the_algorithm_finds_nobody_for_sure() -> None:
    """Whoever runs it again learns everybody's true class, and classes have k customers."""
    _, ways = attacks.made()
    assert all(attacks.refinement(recoding).best <= 1 / attacks.K for recoding in ways.values())


@given(st.integers(0, 10**6), st.integers(2, 12))
@settings(max_examples=25)
def test_downcoding_makes_no_group_smaller_than_k(seed: int, k: int) -> None:
    """What minimality gives away of a class puts its customers among at least k who share the finer value."""
    counted = shop.counted(shop.customers(seed, 300), shop.IDENTIFIERS)
    hierarchies = shop.hierarchies(counted)
    recoding = mondrian(counted, [Tree.of(c, hierarchies[c.name]) for c in counted.identifiers], Promise(k))
    found = attacks.downcoding(recoding, k)
    assert found.smallest >= k
    # The child that pigeons force is there: no class was left uncut that has a child of k to n - k customers.
    for form in recoding.forms:
        assert isinstance(form, Tree)
        _no_child_between(recoding, form, k)


def _no_child_between(recoding, form, k) -> None:  # type: ignore[no-untyped-def]
    for place in range(recoding.classes):
        rows = recoding.order[recoding.number[recoding.order] == place]
        codes, weights = form.codes[rows], recoding.frequencies.weights[rows]
        level = int(form._level(codes.min(keepdims=True), codes.max(keepdims=True))[0])
        if level:
            children = np.bincount(form.node[level - 1][codes], weights=weights)
            assert not ((children >= k) & (children <= weights.sum() - k)).any()


def test_two_releases_find_customers_and_are_refused_together() -> None:
    """V11: the second recoding of the same customers singles some out, unless it is the first again."""
    _, ways = attacks.made()
    first, second = ways["full domain"], ways["Mondrian, hierarchies"]
    assert joint_sizes([first, second]).min() < attacks.K
    with pytest.raises(DeidError, match=r"taken together with the earlier releases, \d+ of 5000 customers"):
        require_together([first, second], attacks.K)
    require_together([second, second], attacks.K)
    with pytest.raises(DeidError, match="over one frequency table"):
        joint_sizes([])


def test_closeness_leaves_little_to_infer() -> None:
    """With l and t the commonest value of a class is nearly as rare as everybody's."""
    _, ways = attacks.made()
    plain = attacks.sensitive(ways["Mondrian, hierarchies"])
    close = attacks.sensitive(ways["Mondrian, hierarchies, l = 3, t = 0.25"])
    assert close[0] - close[1] < 0.5 * (plain[0] - plain[1])
