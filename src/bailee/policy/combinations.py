"""What each part of a policy allows alone and the whole does not: impossible combinations, by path and message."""

from __future__ import annotations

from collections.abc import Iterator

from bailee.policy import places, taxonomy
from bailee.policy.budget import LEAST, MOST
from bailee.policy.model import Path, Policy, Purpose
from bailee.policy.special import special_root
from bailee.vocabulary import Basis, Treatment

Found = Iterator[tuple[Path, str]]


def impossible(policy: Policy) -> Found:
    """Every impossible combination in the policy."""
    for key in policy.categories:
        if key in taxonomy.categories():
            yield ("categories", key), f"`{key}` is in the taxonomy already: expected a key of your own"
    for key in policy.uses:
        if key in taxonomy.uses():
            yield ("uses", key), f"`{key}` is in the taxonomy already: expected a key of your own"
    for section, named in (("purposes", policy.purposes), ("categories", policy.categories)):
        for key, each in named.items():
            if policy.written_in in each.texts:
                message = (
                    f"the policy is written in `{policy.written_in}` already: expected another language, "
                    "or `written_in` to say in which it is"
                )
                yield (section, key, "texts", policy.written_in), message
    for purpose in policy.purposes.values():
        for check in (_consent, _law, _interest, _special_consent, _aggregate, _budget, _places, _was, _own_request):
            for path, message in check(policy, purpose):
                yield ("purposes", purpose.key, *path), message


def bases(purpose: Purpose) -> frozenset[Basis]:
    """Every basis that the purpose has anywhere."""
    return frozenset({purpose.basis, *(rule.basis for rule in purpose.by_place.values() if rule.basis)})


def _at(purpose: Purpose, basis: Basis) -> Path:
    """Where the purpose says that it has this basis."""
    if purpose.basis is basis:
        return ("basis",)
    return next(("by_place", place, "basis") for place, rule in purpose.by_place.items() if rule.basis is basis)


def _special_reads(policy: Policy, purpose: Purpose) -> list[str]:
    return [
        category
        for category, treatment in purpose.reads.items()
        if treatment is not Treatment.WITHHELD and special_root(policy, category)
    ]


def _consent(policy: Policy, purpose: Purpose) -> Found:
    if Basis.CONSENT in bases(purpose):
        return
    if purpose.consent_lasts is not None:
        yield ("consent_lasts",), f"`consent_lasts` needs `basis: consent`, and the basis is `{purpose.basis}`"
    if purpose.explicit:
        yield ("explicit",), f"`explicit` needs `basis: consent`, and the basis is `{purpose.basis}`"


def _law(policy: Policy, purpose: Purpose) -> Found:
    if Basis.LEGAL_OBLIGATION in bases(purpose) and purpose.law is None:
        message = "`legal_obligation` needs `law`: expected the law that obliges, such as `law: AO § 147`"
        yield _at(purpose, Basis.LEGAL_OBLIGATION), message


def _interest(policy: Policy, purpose: Purpose) -> Found:
    if Basis.LEGITIMATE_INTEREST not in bases(purpose):
        return
    if purpose.balance is None:
        message = "`legitimate_interest` needs `balance`: expected where the written assessment is kept"
        yield _at(purpose, Basis.LEGITIMATE_INTEREST), message
    for category in _special_reads(policy, purpose):
        yield (
            ("reads", category),
            f"`{category}` is a special category: expected `basis: consent` with `explicit: true`",
        )


def _special_consent(policy: Policy, purpose: Purpose) -> Found:
    if Basis.CONSENT in bases(purpose) and not purpose.explicit:
        for category in _special_reads(policy, purpose):
            yield ("reads", category), f"`{category}` is a special category: expected `explicit: true` in the purpose"


def _aggregate(policy: Policy, purpose: Purpose) -> Found:
    if purpose.release.min_group is not None:
        return
    needs = "needs `release`: expected the smallest group that may be shown, such as `release: {min_group: 20}`"
    for category, treatment in purpose.reads.items():
        if treatment is Treatment.AGGREGATE:
            yield ("reads", category), f"`aggregate` {needs}"
    for recipient in purpose.recipients:
        if policy.recipients[recipient].at_most is Treatment.AGGREGATE:
            yield ("recipients",), f"`{recipient}` takes `at_most: aggregate`, which {needs}"


def _budget(policy: Policy, purpose: Purpose) -> Found:
    release = purpose.release
    for key, value in (("each", release.each), ("at_most", release.at_most)):
        if value is not None and release.epsilon is None:
            yield ("release", key), f"`{key}` needs `epsilon`: expected a budget, such as `epsilon: 1.0 per 90 days`"
    if release.epsilon is None:
        return
    amount = release.epsilon.amount
    if not LEAST <= amount <= MOST or amount % LEAST:
        message = f"found a budget of `{amount:f}`, expected a number up to {MOST} of at most six decimals"
        yield ("release", "epsilon"), message
    if release.each is not None and release.each > amount:
        yield (
            ("release", "each"),
            f"a question would spend `{release.each}` of a budget of `{amount}`: expected that or less",
        )


def _places(policy: Policy, purpose: Purpose) -> Found:
    for place in sorted(purpose.who.places):
        outer = [area for area in sorted(purpose.who.except_places) if places.within(place, area)]
        if outer:
            yield ("who", "except_places"), f"`places` lets `{place}` in and `except_places` keeps `{outer[0]}` out"


def _was(policy: Policy, purpose: Purpose) -> Found:
    for old in purpose.was:
        if old in policy.purposes:
            yield ("was",), f"`{old}` is a purpose of this policy: expected the key of one that is gone"


def _own_request(policy: Policy, purpose: Purpose) -> Found:
    if not purpose.own_request:
        return
    if bases(purpose) != {Basis.LEGAL_OBLIGATION}:
        yield ("own_request",), "`own_request` needs `basis: legal_obligation`: a person's right waits for no choice"
    if purpose.recipients:
        yield ("recipients",), "a purpose with `own_request` answers the person, and may have no recipients"
    if purpose.keep.from_last_activity:
        yield ("keep",), "a person is shown whatever is still there: expected a duration alone, without `from`"
    for category, treatment in purpose.reads.items():
        if treatment is not Treatment.CLEAR:
            yield (
                ("reads", category),
                "a person is shown their own data: expected `clear` in a purpose with `own_request`",
            )
