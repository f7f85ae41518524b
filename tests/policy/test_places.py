"""Places are ISO 3166 codes, and a place lies in its country and in what lies between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee.policy import places

CODES = st.sampled_from(sorted(places.codes()))


def test_there_are_as_many_as_iso_3166_has() -> None:
    """ISO 3166-1 has 249 countries and ISO 3166-2, in early 2026, 5,046 subdivisions (counted in iso-codes)."""
    countries = {code for code in places.codes() if "-" not in code}
    assert (len(countries), len(places.codes() - countries)) == (249, 5046)


@pytest.mark.parametrize("code", ["US", "US-VT", "GB-ENG", "GB-LND", "US-PR", "PR", "CN-NM", "DE-BY"])
def test_real_places_are_known(code: str) -> None:
    """Countries, states and counties are known by their codes."""
    assert places.known(code)


@pytest.mark.parametrize("code", ["", "us", "USA", "US-", "US-ZZ", "-VT", "VT", "XK", "EU", "UK", "US-vt", "US_VT"])
def test_other_spellings_are_not_known(code: str) -> None:
    """Lower case, three letters, reserved codes and parts of codes are refused rather than guessed."""
    assert not places.known(code)


@pytest.mark.parametrize(
    ("place", "area", "expected"),
    [
        ("US-VT", "US", True),
        ("US-VT", "US-VT", True),
        ("GB-LND", "GB-ENG", True),
        ("GB-LND", "GB", True),
        ("GB-LND", "GB-SCT", False),
        ("US", "US-VT", False),
        ("US-VT", "US-V", False),
        ("US-VT", "CA", False),
        ("US-PR", "US", True),
        ("PR", "US", False),
        ("ZZ", "ZZ", False),
        ("US-ZZ", "US", False),
    ],
)
def test_within(place: str, area: str, expected: bool) -> None:
    """A place lies in itself, its region and its country; a code that is not known lies nowhere."""
    assert places.within(place, area) == expected


@given(CODES, CODES, CODES)
def test_within_is_an_order(a: str, b: str, c: str) -> None:
    """Lying within is reflexive, goes one way only, and carries through, on places related as often as not."""
    for place, area in ((a, b), (a, a[:2]), (a[:2], a)):
        assert places.within(place, place)
        assert not (places.within(place, area) and places.within(area, place)) or place == area
        assert not (places.within(place, area) and places.within(area, c)) or places.within(place, c)


@given(CODES)
def test_every_place_lies_in_its_country_and_has_a_name(code: str) -> None:
    """The first two letters name the country, and every place has a name."""
    assert places.within(code, code[:2])
    assert places.name(code)


def test_names() -> None:
    """A name is the English one, and a subdivision's stands alone."""
    assert [places.name(code) for code in ("US", "US-VT", "GB-ENG")] == ["United States", "Vermont", "England"]


def test_a_name_of_an_unknown_place_is_a_key_error() -> None:
    """Nobody gets a name for a code that is not known."""
    with pytest.raises(KeyError):
        places.name("US-ZZ")


@pytest.mark.parametrize(("code", "expected"), [("US-PR", "PR"), ("PR", "US-PR"), ("US-VT", None), ("FR", None)])
def test_also_names_the_other_code_of_one_place(code: str, expected: str | None) -> None:
    """A territory with a country code of its own is known by two codes, and each tells of the other."""
    assert places.also(code) == expected
