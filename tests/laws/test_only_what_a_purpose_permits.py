"""Law 1. Nothing is permitted that no purpose permits."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bailee import decide
from bailee.policy import taxonomy
from bailee.policy.model import Policy
from bailee.vocabulary import Act, Basis, Treatment, Use
from tests.strategies import categories, policies, uses, worlds
from tests.worlds import World


@st.composite
def asked(draw: st.DrawFn) -> tuple[Policy, Use]:
    policy = draw(policies())
    return policy, draw(uses(policy))


@given(asked(), categories)
def test_a_policy_without_the_purpose_permits_nothing(given: tuple[Policy, Use], key: str) -> None:
    """D1.2: take a purpose away and every use of it is refused, and nothing may be read."""
    policy, use = given
    rest = {name: purpose for name, purpose in policy.purposes.items() if name != use.purpose}
    without = replace(policy, purposes=rest)
    ruling = decide.Compiled(without, "sha256:policy").rule(use)
    assert (False, "unknown_purpose") == (ruling.permitted, ruling.reasons[0].code)
    assert Treatment.WITHHELD is decide.category(ruling, key).treatment


@given(asked())
def test_what_is_permitted_is_listed(given: tuple[Policy, Use]) -> None:
    """D1.3, D1.4, D1.5: a permitted use has an effect, a recipient and an actor that its purpose lists."""
    policy, use = given
    ruling = decide.Compiled(policy, "sha256:policy").rule(use)
    if ruling.permitted:
        purpose = policy.purposes[use.purpose]
        assert ruling.effects
        assert ruling.effects <= purpose.effects
        assert ruling.recipients <= set(purpose.recipients)
        assert not purpose.roles or purpose.roles & use.actor.roles
        assert purpose.training <= use.actor.trained


@given(asked(), categories)
def test_a_category_that_reads_does_not_cover_is_withheld(given: tuple[Policy, Use], key: str) -> None:
    """D3.1: what is not withheld lies at or under a category that the purpose reads, and is no clearer than there."""
    policy, use = given
    ruling = decide.Compiled(policy, "sha256:policy").rule(use)
    treatment = decide.category(ruling, key).treatment
    if treatment is not Treatment.WITHHELD:
        reads = policy.purposes[use.purpose].reads
        assert treatment >= min(read for prefix, read in reads.items() if taxonomy.covers(prefix, key))


@given(worlds())
def test_silence_permits_nothing_but_what_the_law_asks(world: World) -> None:
    """D4.9, D4.10, D4.13, D4.16: with no grant, contract or notice on record, only a legal obligation stands."""
    compiled = decide.Compiled(world.policy, "sha256:policy")
    covering = compiled.covering(world.terms)
    for customer in world.customers:
        kept = tuple(choice for choice in customer.choices if choice.act is not Act.GRANT)
        silent = replace(customer, choices=kept, contracts=(), notices=())
        codes, _ = compiled.standing(silent, world.at, covering)
        standing = {compiled.slots[slot].purpose for slot, code in enumerate(codes) if not code}
        assert all(world.policy.purposes[key].basis is Basis.LEGAL_OBLIGATION for key in standing)
