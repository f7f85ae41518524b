"""Law 13. No minor is in a purpose that bars them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bailee import decide
from bailee.policy.model import PlaceRule, Policy, Who
from bailee.vocabulary import Act, Basis
from tests.strategies import instants, worlds
from tests.worlds import AGES, World


def old_enough(born: date, years: int, at: datetime) -> bool:
    """Worked out by walking the calendar: has the day come on which they are so many years old?"""
    try:
        day = born.replace(year=born.year + years)
    except ValueError:
        day = date(born.year + years, 3, 1)
    return at >= datetime(day.year, day.month, day.day, tzinfo=UTC)


@given(worlds(customers=3), st.sampled_from(AGES), instants)
def test_nobody_below_the_age_stands(world: World, least: int, at: datetime) -> None:
    """D4.6: below `min_age` nobody stands, a guardian's grant or not; nor does anybody whose age is unknown."""
    purposes = {k: replace(p, who=Who(min_age=least), by_place={}) for k, p in world.policy.purposes.items()}
    policy = replace(world.policy, purposes=purposes)
    compiled = decide.Compiled(policy, "sha256:policy")
    covering = compiled.covering(world.terms)
    for customer in world.customers:
        codes, _ = compiled.standing(customer, at, covering)
        if customer.born is None or not old_enough(customer.born, least, at):
            assert all(codes)


@given(worlds(customers=3), st.sampled_from(AGES), instants)
def test_a_child_stands_only_by_a_guardian(world: World, below: int, at: datetime) -> None:
    """D4.7: below `guardian_below` consent stands only where a guardian granted it, and nobody's word else will do."""
    rule = {"elsewhere": below}
    purposes = {
        k: replace(p, basis=Basis.CONSENT, who=Who(guardian_below=rule), by_place={})
        for k, p in world.policy.purposes.items()
    }
    policy = replace(world.policy, purposes=purposes)
    compiled = decide.Compiled(policy, "sha256:policy")
    covering = compiled.covering(world.terms)
    for customer in world.customers:
        if customer.born is None or not old_enough(customer.born, below, at):
            alone = tuple(c for c in customer.choices if c.act is not Act.GRANT or not c.guardian)
            codes, _ = compiled.standing(replace(customer, choices=alone), at, covering)
            assert all(codes)


@given(worlds(customers=2), st.sampled_from(AGES))
def test_a_place_may_bar_more(world: World, least: int) -> None:
    """D4.5: `by_place` sets the age for customers in that place, and theirs alone."""
    policy = _barring(world.policy, "GB", least)
    compiled = decide.Compiled(policy, "sha256:policy")
    covering = compiled.covering(world.terms)
    for customer in world.customers:
        codes, _ = compiled.standing(replace(customer, place="GB-LND"), world.at, covering)
        if customer.born is None or not old_enough(customer.born, least, world.at):
            assert all(codes)


def _barring(policy: Policy, place: str, least: int) -> Policy:
    rule = {place: PlaceRule(min_age=least)}
    return replace(policy, purposes={k: replace(p, who=Who(), by_place=rule) for k, p in policy.purposes.items()})


@given(worlds(customers=2), st.sampled_from(AGES))
def test_standing_is_judged_again_at_the_birthday(world: World, least: int) -> None:
    """D4.17: a standing kept for somebody too young ends no later than the instant at which they are old enough."""
    policy = _barring(world.policy, "DE", least)
    compiled = decide.Compiled(policy, "sha256:policy")
    covering = compiled.covering(world.terms)
    for customer in (replace(c, place="DE", erased=False, restricted=None) for c in world.customers):
        codes, until = compiled.standing(customer, world.at, covering)
        if customer.born is not None and decide.REASONS.index("under_age") in codes:
            assert until is not None
            assert not old_enough(customer.born, least, world.at)
            assert not old_enough(customer.born, least, until - timedelta(microseconds=1))
