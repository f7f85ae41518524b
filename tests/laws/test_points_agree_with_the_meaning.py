"""Law 3. Points and sets agree with the meaning, on every engine.

This file holds the points; `python -m tests.soak` runs the same comparison over a million cases.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee import decide
from bailee.decide.crowd import crowd_of
from bailee.decide.points import campaign, codes_of, verdicts_of
from bailee.policy import meaning
from tests import soak
from tests.strategies import uses, worlds
from tests.worlds import World


@given(worlds(customers=3), st.data())
def test_verdicts_have_the_reasons_of_the_meaning(world: World, data: st.DataObject) -> None:
    """D9.4: rule, judge and look up a customer one by one, and permission and reason are the meaning's."""
    use = data.draw(uses(world.policy))
    compiled = decide.Compiled(world.policy, "sha256:policy")
    ruling, covering = compiled.rule(use), compiled.covering(world.terms)
    for customer in world.customers:
        expected = meaning.permitted(world.policy, use, customer, world.at, world.terms)
        code = 0 if ruling.slot is None else compiled.judge(customer, ruling.slot, world.at, covering).code
        found = verdicts_of(ruling)[code]
        assert expected.permitted is found.permitted
        assert [reason.code for reason in expected.reasons] == [reason.code for reason in found.reasons]
        if use.purpose in world.policy.purposes:
            assert expected.reasons == found.reasons


@given(worlds(customers=6))
def test_campaigns_have_exactly_whom_the_meaning_permits(world: World) -> None:
    """D4: a campaign over everybody's codes has the customers who stand by the meaning, and nobody else."""
    compiled = decide.Compiled(world.policy, "sha256:policy")
    crowd = crowd_of(world.customers)
    codes = compiled.standings(crowd, world.at, compiled.covering(world.terms)).codes
    numbers = np.arange(1, len(world.customers) + 1)
    for slot, (purpose, to) in enumerate(compiled.slots):
        people = (meaning.standing(world.policy, purpose, to, c, world.at, world.terms) for c in world.customers)
        expected = [False, *(code == "stands" for code in people)]
        assert expected == campaign(codes_of(numbers, codes[:, slot])).tolist()


def test_seeded_worlds_agree() -> None:
    """Some thousands of the soak's cases, so that every run has them."""
    assert sum(map(soak.points, range(40))) > 1000


@pytest.mark.soak
@pytest.mark.parametrize("name", soak.LAWS)
def test_a_million_cases_agree(name: str) -> None:
    """A million seeded cases and more have no difference."""
    assert 0 == soak.main([name])
