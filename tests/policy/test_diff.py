"""How two versions of a policy differ, and who must be asked again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from bailee.policy.diff import Again, diff
from bailee.policy.model import Forbid, Keep, PlaceRule, Policy, Purpose, Recipient, Role, Standard, Who
from bailee.policy.terms import Kind, covers, terms_of
from bailee.policy.units import Duration
from bailee.vocabulary import Basis, Effect, Principle, Treatment
from tests.strategies import policies

OFFERS = Purpose(
    "offers",
    "Offers",
    use="marketing.advertising.first_party",
    basis=Basis.CONSENT,
    effects=frozenset({Effect.PERSONALISE}),
    why="because",
    customer_gains="coupons",
    company_gains="visits",
    reads={"user.behavior": Treatment.CLEAR},
    keep=Keep(Duration.parse("1 year")),
)
NO_PRICES = Standard("no_prices", Forbid(effects=frozenset({Effect.PRICE})), "never", Principle.FAIRNESS)


def policy(*purposes: Purpose, standards: tuple[Standard, ...] = (NO_PRICES,)) -> Policy:
    return Policy(
        "Marigold",
        "1",
        {purpose.key: purpose for purpose in purposes},
        recipients={"insurer": Recipient("insurer", "Insurer")},
        standards={standard.key: standard for standard in standards},
        roles={"staff": Role("staff", "Staff")},
    )


def changed(**parts: object) -> list[tuple[str, Kind, Again]]:
    """What a change of these parts of the offers comes to."""
    after = replace(OFFERS, **parts)  # type: ignore[arg-type]
    found = diff(policy(OFFERS), policy(after)).purposes
    return [(change.part, change.kind, each.again) for each in found for change in each.changes]


def test_a_longer_keep_asks_again() -> None:
    """Widening a promise asks everybody who consented to the narrower one."""
    assert [("keep", Kind.WIDER, Again.ASK)] == changed(keep=Keep(Duration.parse("2 years")))


def test_a_shorter_keep_asks_nobody() -> None:
    """Narrowing a promise keeps every consent."""
    assert [("keep", Kind.NARROWER, Again.NOBODY)] == changed(keep=Keep(Duration.parse("1 month")))


@pytest.mark.parametrize(
    ("basis", "again"),
    [
        (Basis.CONTRACT, Again.NOBODY),
        (Basis.LEGAL_OBLIGATION, Again.NOBODY),
        (Basis.LEGITIMATE_INTEREST, Again.TELL),
        (Basis.CONSENT, Again.ASK),
    ],
)
def test_what_a_wider_promise_asks_for_depends_on_the_basis(basis: Basis, again: Again) -> None:
    """Consent is asked for again, an interest is told of again; a contract and the law need neither."""
    before = replace(OFFERS, basis=basis)
    after = replace(before, effects=before.effects | {Effect.CONTACT})
    assert [again] == [each.again for each in diff(policy(before), policy(after)).purposes]


@pytest.mark.parametrize(
    ("part", "value", "kind"),
    [
        ("who", Who(min_age=18), Kind.NARROWER),
        ("who", Who(places=frozenset({"US"})), Kind.NARROWER),
        ("who", Who(except_places=frozenset({"US-VT"})), Kind.NARROWER),
        ("who", Who(guardian_below={"US": 13}), Kind.NEITHER),
        ("by_place", {"US": PlaceRule(min_age=18)}, Kind.NEITHER),
        ("roles", frozenset({"staff"}), Kind.NARROWER),
        ("training", frozenset({"privacy"}), Kind.NARROWER),
        ("explicit", True, Kind.NARROWER),
        ("why", "other words", Kind.NEITHER),
    ],
)
def test_what_is_beside_the_terms_is_shown_and_asks_nobody(part: str, value: object, kind: Kind) -> None:
    """Who is included, who may ask and the words are shown with their direction, there and back."""
    after = replace(OFFERS, **{part: value})  # type: ignore[arg-type]
    there, back = diff(policy(OFFERS), policy(after)), diff(policy(after), policy(OFFERS))
    opposite = {Kind.NARROWER: Kind.WIDER}.get(kind, kind)
    assert [[(kind, Again.NOBODY)], [(opposite, Again.NOBODY)]] == [
        [(change.kind, each.again) for each in found.purposes for change in each.changes] for found in (there, back)
    ]


def test_a_new_purpose_is_wider_and_a_gone_one_narrower() -> None:
    """Everybody must be asked for a new purpose, and nobody for one that ends."""
    other = replace(OFFERS, key="other")
    found = diff(policy(OFFERS), policy(other)).purposes
    assert [("other", None, Kind.WIDER, Again.ASK), (None, "offers", Kind.NARROWER, Again.NOBODY)] == [
        (each.key, each.before, each.changes[0].kind, each.again) for each in found
    ]


def test_a_renamed_purpose_is_followed() -> None:
    """`was` carries the old choices, so a rename alone asks nobody and a widening with it asks them."""
    renamed = replace(OFFERS, key="deals", was=("offers",))
    wider = replace(renamed, keep=Keep(Duration.parse("9 years")))
    assert [[("deals", "offers", Again.NOBODY)], [("deals", "offers", Again.ASK)]] == [
        [(each.key, each.before, each.again) for each in diff(policy(OFFERS), policy(after)).purposes]
        for after in (renamed, wider)
    ]


def test_standards_that_forbid_less_are_wider() -> None:
    """A standard that goes or matches less lets the company do more; one that comes or matches more, less."""
    more = replace(NO_PRICES, forbid=Forbid(effects=frozenset({Effect.PRICE, Effect.ADVERSE})))
    pairs = [((NO_PRICES,), ()), ((), (NO_PRICES,)), ((more,), (NO_PRICES,)), ((NO_PRICES,), (more,))]
    assert [Kind.WIDER, Kind.NARROWER, Kind.WIDER, Kind.NARROWER] == [
        change.kind
        for old, new in pairs
        for change in diff(policy(OFFERS, standards=old), policy(OFFERS, standards=new)).others
    ]


@given(policies())
def test_a_policy_does_not_differ_from_itself(found: Policy) -> None:
    """Nothing changed is nothing told."""
    assert ((), ()) == (diff(found, found).purposes, diff(found, found).others)


@given(policies(), policies())
def test_nobody_is_asked_exactly_where_the_old_terms_cover(old: Policy, new: Policy) -> None:
    """Whatever the two policies, consent holds in the comparison where it holds in the meaning."""
    for each in diff(old, new).purposes:
        if each.key and each.before and new.purposes[each.key].basis is Basis.CONSENT:
            before, after = old.purposes[each.before], new.purposes[each.key]
            held = covers(terms_of(old, before), terms_of(new, after))
            assert held == (each.again is Again.NOBODY)
