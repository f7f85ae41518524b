"""Rulings and column rulings give what the meaning gives, with reasons."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee import decide
from bailee.policy import meaning
from bailee.policy.coarsen import Coarsen
from bailee.policy.model import Column, Policy, Table
from bailee.vocabulary import Actor, Treatment, Use
from tests.strategies import categories, policies, uses


@st.composite
def asked(draw: st.DrawFn) -> tuple[Policy, Use]:
    policy = draw(policies())
    return policy, draw(uses(policy))


@st.composite
def tables(draw: st.DrawFn) -> Table:
    only = st.none() | st.frozensets(st.sampled_from(("offers", "insight")), max_size=2)
    column = st.builds(
        Column,
        name=st.just("x"),
        categories=st.lists(categories, max_size=2).map(tuple),
        coarsen=st.none() | st.just(Coarsen.parse("month")),
        only_for=only,
    )
    columns = {name: draw(column) for name in ("a", "b")}
    return Table("t", columns, personal=draw(st.booleans()), subjects=("a",), only_for=draw(only))


@given(asked())
def test_refusals_are_those_of_the_meaning(given: tuple[Policy, Use]) -> None:
    """D1.7, D9.3: a ruling refuses for the same reasons, in the same order, as the meaning."""
    policy, use = given
    expected = meaning.refusals(policy, use)
    ruling = decide.Compiled(policy, "sha256:policy").rule(use)
    assert (not expected) is ruling.permitted
    if use.purpose not in policy.purposes:
        assert [r.code for r in expected] == [r.code for r in ruling.reasons]
    else:
        assert (expected or ["allowed"]) == (list(ruling.reasons) if expected else [ruling.reasons[0].code])


@given(asked(), categories)
def test_categories_are_treated_as_the_meaning_says(given: tuple[Policy, Use], key: str) -> None:
    """D3.1, D3.2, D3.3, D3.4, D9.2: a category has the meaning's treatment, with a reason unless it is clear."""
    policy, use = given
    ruling = decide.Compiled(policy, "sha256:policy").rule(use)
    found = decide.category(ruling, key)
    if ruling.permitted:
        assert meaning.category_treatment(policy, use, key) is found.treatment
    else:
        assert (Treatment.WITHHELD, ruling.reasons[0]) == (found.treatment, found.reason)
    assert (found.treatment is Treatment.CLEAR) is (found.reason is None)


@given(asked(), tables())
def test_columns_are_treated_as_the_meaning_says(given: tuple[Policy, Use], table: Table) -> None:
    """D3.5, D3.6, D3.7, D3.8, D3.9, D9.3: columns and subject columns have the meaning's treatments."""
    policy, use = given
    ruling = decide.Compiled(policy, "sha256:policy").rule(use)
    if ruling.permitted:
        for name in table.columns:
            found = decide.column(ruling, table, name)
            assert meaning.column_treatment(policy, use, table, name) is found.treatment
            assert (found.treatment is Treatment.CLEAR) is (found.reason is None)
        assert meaning.subject_treatment(policy, use, [table]) is decide.subjects(ruling, [table])


@given(policies())
def test_a_misspelt_purpose_is_refused_with_the_nearest(policy: Policy) -> None:
    """D1.2: a purpose that is not in the policy is refused, and the sentence names the nearest."""
    ruling = decide.Compiled(policy, "sha256:policy").rule(Use("ofers", Actor("ann")))
    assert ["unknown_purpose"] == [reason.code for reason in ruling.reasons]
    assert "there is no purpose `ofers` in the policy; did you mean `offers`?" == ruling.reasons[0].sentence


def test_compile_remembers_by_digest() -> None:
    """The same digest gives the same compiled policy, unless its lines moved."""
    policy = Policy("Marigold", "v1", {})
    assert decide.compile(policy, "sha256:a") is decide.compile(policy, "sha256:a")
    moved = replace(policy, lines={("purposes",): 3})
    assert moved is decide.compile(moved, "sha256:a").policy


@given(asked())
def test_slots_are_every_purpose_with_each_recipient(given: tuple[Policy, Use]) -> None:
    """A permitted use points at its own slot, and a refused one at none."""
    policy, use = given
    compiled = decide.Compiled(policy, "sha256:policy")
    ruling = compiled.rule(use)
    if ruling.permitted:
        assert ruling.slot is not None
        assert (use.purpose, use.recipient) == compiled.slots[ruling.slot]
    else:
        assert ruling.slot is None
    with pytest.raises(KeyError):
        compiled.slot("gone", None)
