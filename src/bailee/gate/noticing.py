"""Notices written from the policy's terms, and registered ones compared; `policy.wording` has the words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from bailee.errors import FactRejected
from bailee.gate.promise import recorded_policies
from bailee.people import notices
from bailee.people.nearest import expected
from bailee.people.notices import Notice
from bailee.policy.model import Policy
from bailee.policy.terms import Terms
from bailee.policy.wording import Changed, Names, Written, catalogue, compare, languages, write

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bailee.policy.wording import Catalogue


def written(policy: Policy, purpose: str, language: str) -> Written:
    """The notice of a purpose; FactRejected where the policy lacks it, or the language has no catalogue."""
    if purpose not in policy.purposes:
        raise FactRejected(f"there is no purpose `{purpose}` in the policy: {expected(purpose, policy.purposes)}")
    return write(policy, purpose, words(language).language)


def words(language: str) -> Catalogue:
    """The catalogue of a language; FactRejected where there is none."""
    if language not in languages():
        known = " or ".join(f"`{each}`" for each in languages())
        raise FactRejected(
            f"no notice can be written in `{language}`, expected {known}; "
            "write it yourself and register it with `bailee notices add PURPOSE FILE`"
        )
    return catalogue(language)


def registered(connection: Connection, digest: str) -> Notice:
    """A registered notice; FactRejected where there is none of this digest."""
    found = notices.get(connection, digest)
    if found is None:
        raise FactRejected(f"there is no registered notice `{digest}`; see `bailee notices`")
    return found


def compared(connection: Connection, policy: Policy, old: str, new: str, language: str) -> tuple[Changed, ...]:
    """What changed from one registered notice to another; FactRejected where they are about different purposes."""
    before, after = registered(connection, old), registered(connection, new)
    purpose = policy.purposes.get(after.purpose)
    if before.purpose != after.purpose and (purpose is None or before.purpose not in purpose.was):
        raise FactRejected(
            f"one notice is about `{before.purpose}`, the other about `{after.purpose}`: expected two of one purpose"
        )
    names = names_of(connection, policy, [before.terms, after.terms], language)
    return compare(before.terms, after.terms, names)


def names_of(connection: Connection, policy: Policy, terms: Iterable[Terms], language: str) -> Names:
    """The company's names in a language, also of recipients that only an earlier policy knew."""
    wanted = {key for each in terms for key in each.recipients} - policy.recipients.keys()
    return Names(words(language), policy, _earlier(connection, wanted) if wanted else {})


def _earlier(connection: Connection, wanted: set[str]) -> Mapping[str, str]:
    titles: dict[str, str] = {}
    for policy in recorded_policies(connection):  # the newest last, so that its word prevails
        titles |= {key: policy.recipients[key].title for key in wanted & policy.recipients.keys()}
    return titles
