"""The grocer's synthetic customers: nobody can be reached, and every story that the language knows is told."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from bailee.examples import grocer
from bailee.examples.grocer import households, people
from bailee.policy.meaning import standing
from bailee.policy.model import Policy
from bailee.policy.terms import covers, terms_of
from bailee.vocabulary import EVERY_PURPOSE, Act, Choice, Customer, Instrument, NoticeGiven

from .conftest import NOW


@pytest.fixture(scope="module")
def notices(policy: Policy) -> list[people.Notice]:
    """The notices in the example's folder."""
    return people.notices(policy, grocer.FOLDER / "notices")


@pytest.fixture(scope="module")
def customers(layer: grocer.Layer) -> list[Customer]:
    """Everybody with all that they said, as the meaning takes them."""
    said: dict[int, list[Choice]] = {}
    for number, each in enumerate(layer.said):
        terms = f"{each.purpose}/{each.version}" if each.version else None
        said.setdefault(each.household, []).append(
            Choice(
                each.purpose,
                each.act,
                each.at,
                number,
                each.instrument,
                terms,
                guardian=each.guardian is not None,
                conflict_shown=each.conflict_shown,
            )
        )
    given: dict[int, list[NoticeGiven]] = {}
    for shown in layer.shown:
        terms = f"{shown.purpose}/{shown.version}"
        given.setdefault(shown.household, []).append(NoticeGiven(shown.purpose, terms, shown.at))
    return [
        Customer(
            each.key,
            each.born,
            each.place,
            restricted=each.restricted,
            last_activity=each.last_activity,
            contracts=each.contracts,
            notices=tuple(given.get(each.number, ())),
            choices=tuple(said.get(each.number, ())),
        )
        for each in layer.households
    ]


def test_all_households_are_there_once(layer: grocer.Layer, warehouse: duckdb.DuckDBPyConnection) -> None:
    """One synthetic customer for every household with a purchase, and no other."""
    real = warehouse.execute("SELECT DISTINCT household_id FROM transactions ORDER BY 1").fetchall()
    assert [(each.number,) for each in layer.households] == real
    assert len(real) == 2469


def test_nothing_synthetic_can_be_delivered(warehouse: duckdb.DuckDBPyConnection) -> None:
    """E-mail at the domains of RFC 2606, numbers kept for fiction, postcodes that no post office has."""
    rows = warehouse.execute("SELECT email, phone, postcode FROM synthetic_contacts").fetchall()
    for email, phone, postcode in rows:
        assert re.fullmatch(r"[a-z.]+\.\d+@example\.(com|org)", email), email
        assert re.fullmatch(r"\+1 \d{3} 555 01\d\d", phone), phone
        assert re.fullmatch(r"00[0-3]\d\d", postcode), postcode


def test_birth_dates_lie_in_the_real_age_band(warehouse: duckdb.DuckDBPyConnection, layer: grocer.Layer) -> None:
    """Where a household told its age band, the synthetic date of birth agrees, unless it is unknown."""
    bands = dict(warehouse.execute("SELECT household_id, age FROM demographics").fetchall())
    for each in layer.households:
        age = each.age(NOW.date())
        if each.number in bands and age is not None:
            low, high = households.BANDS[bands[each.number]]
            assert low <= age <= high, each
    young = sum((each.age(NOW.date()) or 99) < 18 for each in layer.households)
    unknown = sum(each.born is None for each in layer.households)
    assert 20 < young < 80
    assert 200 < unknown < 500


def test_the_same_day_makes_the_same_people(layer: grocer.Layer, parquet: Path) -> None:
    """The layer is drawn from a seed: later on the same day everything is the same."""
    again = grocer.synthetic(parquet, NOW + timedelta(hours=5))
    assert again == layer


def test_every_purpose_but_the_proposal_has_its_notice(policy: Policy, notices: list[people.Notice]) -> None:
    """Each purpose has one notice in use, whose terms are today's; the proposal was never shown."""
    current = {each.purpose: each for each in notices if each.version == people.version_of(each.purpose)}
    assert set(current) == set(policy.purposes) - people.NEVER_SHOWN
    for purpose, notice in current.items():
        assert notice.terms == terms_of(policy, policy.purposes[purpose])


def test_the_earlier_notice_is_narrower(policy: Policy, notices: list[people.Notice]) -> None:
    """Who agreed to the first notice of personal offers has not agreed to today's, but the other way round."""
    (old,) = [each for each in notices if each.version != people.version_of(each.purpose)]
    new = terms_of(policy, policy.purposes["personal_offers"])
    assert (covers(old.terms, new), covers(new, old.terms)) == (False, True)


def test_notices_say_what_the_policy_says(policy: Policy, notices: list[people.Notice]) -> None:
    """A notice bears the purpose's title and tells its gains, how long data and consent last, and who receives it."""
    for notice in notices:
        if notice.version != people.version_of(notice.purpose):
            continue
        purpose, text = policy.purposes[notice.purpose], " ".join(notice.text.split())
        told = [purpose.title, purpose.customer_gains, purpose.company_gains]
        told += [{"1 year": "12 months"}.get(str(purpose.keep.duration), str(purpose.keep.duration))]
        told += [policy.recipients[key].title for key in purpose.recipients]
        told += [f"again after {purpose.consent_lasts}"] if purpose.consent_lasts else []
        told += [purpose.law] if purpose.law else []
        assert [words for words in told if words not in text] == [], notice.purpose


def test_choices_are_past_and_cite_registered_notices(
    policy: Policy, layer: grocer.Layer, notices: list[people.Notice]
) -> None:
    """No choice is from the future, of an unknown purpose, older than its card, or under a notice nobody registered."""
    registered = {(each.purpose, each.version) for each in notices}
    since = {each.number: contract.since for each in layer.households for contract in each.contracts}
    for each in layer.said:
        assert each.at < NOW
        assert each.purpose == EVERY_PURPOSE or each.purpose in policy.purposes
        assert each.version is None or (each.purpose, each.version) in registered
        assert each.household not in since or since[each.household] < each.at
    assert {each.act for each in layer.said} == set(Act)
    assert {each.instrument for each in layer.said} == set(Instrument)
    assert {(each.purpose, each.version) for each in layer.shown} <= registered


def test_only_children_have_guardians(layer: grocer.Layer) -> None:
    """A guardian is another household's adult, and acts for somebody under 13."""
    ages = {each.number: each.age(NOW.date()) for each in layer.households}
    acted = {(each.household, each.guardian) for each in layer.said if each.guardian is not None}
    assert acted
    for child, guardian in acted:
        assert ages[child] < 13
        assert ages[guardian] >= 28


def test_every_story_is_told(policy: Policy, customers: list[Customer], notices: list[people.Notice]) -> None:
    """The customers have every reason of standing that the grocer's purposes can give, short of being erased."""
    terms = {f"{each.purpose}/{each.version}": each.terms for each in notices}
    told = {standing(policy, purpose, None, each, NOW, terms) for purpose in policy.purposes for each in customers}
    assert told == {
        "stands",
        "restricted",
        "place_unknown",
        "place_excluded",
        "age_unknown",
        "under_age",
        "no_contract",
        "contract_ended",
        "notice_not_given",
        "objected",
        "gpc",
        "never_asked",
        "refused",
        "withdrawn",
        "nothing_shown",
        "terms_widened",
        "consent_expired",
        "not_explicit",
        "guardian_needed",
    }
