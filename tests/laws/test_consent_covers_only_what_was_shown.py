"""Law 5. Consent covers only what was shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from bailee import decide
from bailee.policy.meaning import standing
from bailee.policy.model import Policy, Who
from bailee.policy.terms import Kind, Terms, changes, covers, terms_of
from bailee.vocabulary import Act, Basis, Choice, Customer, Instrument, NoticeGiven
from tests.narrower import narrowings
from tests.strategies import policies, registries
from tests.worlds import NOW

BEFORE = NOW - timedelta(minutes=1)


@st.composite
def promises(draw: st.DrawFn, basis: Basis = Basis.CONSENT) -> tuple[str, Policy, Policy]:
    """A purpose that asks for consent of anybody, in a policy and in one that promises strictly less of it."""
    policy = draw(policies())
    key = draw(st.sampled_from(sorted(policy.purposes)))
    plain = replace(policy.purposes[key], basis=basis, who=Who(), by_place={})
    wide = replace(policy, purposes={**policy.purposes, key: plain})
    part = draw(st.sampled_from(sorted({part for part, _ in narrowings(wide, key)})))
    return key, wide, draw(st.sampled_from([less for name, less in narrowings(wide, key) if name == part]))


def agreed(key: str, *terms: str) -> Customer:
    grants = tuple(Choice(key, Act.GRANT, BEFORE, n, Instrument.SIGNED, shown) for n, shown in enumerate(terms))
    notices = tuple(NoticeGiven(key, shown, BEFORE) for shown in terms)
    return Customer("c", born=date(1980, 1, 1), place="DE", last_activity=NOW, choices=grants, notices=notices)


def code(policy: Policy, key: str, customer: Customer, terms: dict[str, Terms]) -> str:
    """The code that both the meaning and the compiled policy give today."""
    compiled = decide.Compiled(policy, "sha256:policy")
    found = compiled.judge(customer, compiled.slot(key), NOW, compiled.covering(terms)).code
    assert standing(policy, key, None, customer, NOW, terms) == decide.REASONS[found]
    return decide.REASONS[found]


@given(promises())
def test_widening_asks_again(given: tuple[str, Policy, Policy]) -> None:
    """D5.2: whoever agreed to less does not stand for more, until they agree to that."""
    key, wide, narrow = given
    terms = {"more": terms_of(wide, wide.purposes[key]), "less": terms_of(narrow, narrow.purposes[key])}
    assert ("stands", "terms_widened") == tuple(code(p, key, agreed(key, "less"), terms) for p in (narrow, wide))
    assert "stands" == code(wide, key, agreed(key, "less", "more"), terms)


@given(promises())
def test_narrowing_keeps_consent(given: tuple[str, Policy, Policy]) -> None:
    """D5.1: whoever agreed to more stands for less, without being asked."""
    key, wide, narrow = given
    terms = {"more": terms_of(wide, wide.purposes[key])}
    assert ["stands"] * 2 == [code(policy, key, agreed(key, "more"), terms) for policy in (wide, narrow)]


@given(promises(Basis.LEGITIMATE_INTEREST))
def test_widening_gives_notice_again(given: tuple[str, Policy, Policy]) -> None:
    """D4.16: for a legitimate interest, a notice of less is no notice of more."""
    key, wide, narrow = given
    terms = {"more": terms_of(wide, wide.purposes[key]), "less": terms_of(narrow, narrow.purposes[key])}
    found = [code(policy, key, agreed(key, "less"), terms) for policy in (narrow, wide)]
    assert ["stands", "notice_not_given"] == found


@given(promises())
def test_a_narrower_part_is_a_change_by_that_name(given: tuple[str, Policy, Policy]) -> None:
    """D5.3: what narrows one part is told as narrower, and as wider the other way round."""
    key, wide, narrow = given
    more, less = (terms_of(policy, policy.purposes[key]) for policy in (wide, narrow))
    assert {Kind.NARROWER} == {change.kind for change in changes(more, less)}
    assert {Kind.WIDER} == {change.kind for change in changes(less, more)}


@st.composite
def shown(draw: st.DrawFn) -> list[Terms]:
    _, wide, narrow = draw(promises())
    return [*draw(registries(wide)).values(), *draw(registries(narrow)).values()][:8]


@given(shown())
def test_covering_is_an_order(terms: list[Terms]) -> None:
    """D5.4: terms cover themselves, and what is covered by covered terms is covered."""
    above = {(a, b): covers(terms[a], terms[b]) for a, b in product(range(len(terms)), repeat=2)}
    assert all(above[a, a] for a in range(len(terms)))
    for a, b, c in product(range(len(terms)), repeat=3):
        assert above[a, c] or not (above[a, b] and above[b, c])
