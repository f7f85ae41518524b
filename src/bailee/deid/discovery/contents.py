"""What counts of a column's values say about what they are: shapes, check digits, lists, dates and notes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from bailee.deid.discovery.checks import CHECKS
from bailee.deid.discovery.clues import Clue, names, percent
from bailee.deid.discovery.measures import DATE, INSTANT, NESTED, OTHER, TEXT, Column, Measured
from bailee.deid.discovery.shapes import SHAPES, WITHIN

_SHAPED: tuple[tuple[str, str, float, float], ...] = (
    # shape, category, least share, weight
    ("email", "user.contact.email", 0.5, 7.0),
    ("password_hash", "user.authorization.password", 0.5, 6.5),
    ("ipv4", "user.device.ip_address", 0.8, 5.5),
    ("ipv6", "user.device.ip_address", 0.8, 6.0),
    ("mac", "user.device.device_id", 0.8, 5.5),
    ("user_agent", "user.device", 0.8, 5.5),
    ("token", "user.authorization.credentials", 0.8, 5.5),
    ("hash", "user.unique_id.pseudonymous", 0.9, 3.2),
    ("coordinates", "user.location.precise", 0.8, 5.0),
    ("coordinate", "user.location.precise", 0.9, 1.6),
    ("ssn", "user.government_id.national_identification_number", 0.8, 4.0),
    ("url", "user.behavior.browsing_history", 0.8, 0.8),
    ("uuid", "user.unique_id", 0.9, 0.8),
)
_LISTED: tuple[tuple[str, str, float, float], ...] = (
    # list, category, least share of different values, weight
    ("person", "user.name", 0.15, 5.0),
    ("given", "user.name.first", 0.35, 4.5),
    ("family", "user.name.last", 0.3, 4.5),
    ("state", "user.contact.address.state", 0.9, 4.0),
    ("subdivision", "user.contact.address.state", 0.9, 4.0),
    ("country", "user.contact.address.country", 0.5, 4.0),
    ("language", "user.demographic.language", 0.9, 3.0),
    ("city", "user.contact.address.city", 0.25, 3.6),
)

#: Names that are on no list of common ones are many: of enough different values, a smaller share says something too.
_RARER = {"given": (0.2, 3.0), "family": (0.2, 2.6)}
MANY_VALUES = 50


def content_clues(column: Column, measured: Measured, named: Sequence[Clue]) -> Iterator[Clue]:
    """What is in a column, for and against what its name says (`named`)."""
    yield from _shape_clues(measured)
    yield from _phone_clues(measured, named)
    yield from _number_clues(column, measured)
    yield from _list_clues(measured)
    yield from _place_clues(measured, named)
    yield from _date_clues(column, measured, named)
    yield from _note_clues(column, measured)
    yield from _missing_clues(column, measured, named)


def _shape_clues(measured: Measured) -> Iterator[Clue]:
    for shape, category, least, weight in _SHAPED:
        share = measured.share(shape)
        if share >= least:
            says = SHAPES[shape].says if shape in SHAPES else "are numbers as of a coordinate"
            yield Clue(category, weight, f"{percent(share)} {says}")
    email = measured.share("email")
    if 0.02 <= email < 0.5:
        yield Clue("user.contact.email", 3.5, f"{percent(email)} {SHAPES['email'].says}")


def _phone_clues(measured: Measured, named: Sequence[Clue]) -> Iterator[Clue]:
    if max(measured.share("date"), measured.share("ssn"), measured.share("post_letters")) > 0.5:
        return
    plus, national = measured.share("phone_plus"), measured.share("phone_national")
    digits = measured.share("phone_digits")
    if plus + national >= 0.5:
        weight = 5.5 if plus >= 0.1 else 4.0
        yield Clue("user.contact.phone_number", weight, f"{percent(plus + national)} look like telephone numbers")
    elif plus + national + digits >= 0.7:
        weight = 2.5 if plus + national >= 0.1 else 1.5 if names(named, "user.contact.phone_number") else 0.8
        yield Clue(
            "user.contact.phone_number", weight, f"{percent(plus + national + digits)} could be telephone numbers"
        )


def _number_clues(column: Column, measured: Measured) -> Iterator[Clue]:
    """Numbers by their check digits, as far as more keep them than would by chance."""
    if measured.passing("gtin") >= 0.9:
        for belied in ("user.financial.credit_card", "user.contact.phone_number", "user.device.device_id"):
            yield Clue(belied, -4.0, f"but {percent(measured.passing('gtin'))} {CHECKS['gtin'][1].says}")
        return
    for name, (category, check) in CHECKS.items():
        share = measured.passing(name)
        if category is None or share < max(0.8, 3 * check.chance):
            continue
        weight = min(8.0, 2.0 + math.log(share / check.chance) * 1.3)
        yield Clue(category, weight, f"{percent(share)} of those looked at {check.says}")


def _list_clues(measured: Measured) -> Iterator[Clue]:
    money = measured.passing("currency") >= 0.9 and measured.length < 4
    if measured.free_text or money:
        return
    for name, category, least, weight in _LISTED:
        share = measured.passing(name)
        if _rivalled(name, measured):
            continue
        rarer, less = _RARER.get(name, (least, weight))
        if share >= least or (share >= rarer and measured.sampled >= MANY_VALUES):
            says = f"{percent(share)} of those looked at are {_LIST_WORDS[name]}"
            yield Clue(category, weight if share >= least else less, says)
    named = measured.passing("named")
    if 0.03 <= measured.passing("person") < 0.15 and measured.share("words") >= 0.8 and named >= 0.35:
        yield Clue("user.name", 3.2, f"{percent(named)} of those looked at hold a common given or family name")


def _rivalled(name: str, measured: Measured) -> bool:
    """Whether values that are on a list are rather those of another: names of towns are names of people too."""
    share, of = measured.passing(name), measured.passing
    if name in ("given", "family"):
        return measured.share("word") < 0.6 or share < of("family" if name == "given" else "given")
    if name == "city":
        return of("given") + of("family") > share
    if name == "country":
        return measured.length <= 2.5 and of("state") > share
    return (name == "language" and max(of("country"), of("state")) > share) or (
        name == "state" and of("country") > share
    )


_LIST_WORDS = {
    "person": "a given name beside a family name",
    "given": "common given names",
    "family": "common family names",
    "state": "states or provinces",
    "subdivision": "parts of a country (ISO 3166-2)",
    "country": "countries",
    "language": "languages",
    "city": "large cities",
}


def _place_clues(measured: Measured, named: Sequence[Clue]) -> Iterator[Clue]:
    street = measured.share("street")
    if street >= 0.2 and not measured.free_text:
        weight = 5.5 if street >= 0.6 else 3.6 if street >= 0.4 else 2.0
        yield Clue("user.contact.address.street", weight, f"{percent(street)} {SHAPES['street'].says}")
    letters, digits = measured.share("post_letters"), measured.share("post_digits")
    if letters + digits >= 0.9:
        weight = 4.0 if letters >= 0.4 else 1.5 if names(named, "user.contact.address.postal_code") else 0.4
        yield Clue(
            "user.contact.address.postal_code", weight, f"{percent(letters + digits)} have the form of postal codes"
        )


def _date_clues(column: Column, measured: Measured, named: Sequence[Clue]) -> Iterator[Clue]:
    """Births: days without a time, over many years, none of them recent."""
    births = measured.share("birth")
    if births >= 0.85 and measured.years >= 20:
        weight = 3.8 if measured.share("recent") < 0.1 else 1.5
        yield Clue(
            "user.demographic.date_of_birth",
            weight,
            f"{percent(births)} could be dates of birth, in {measured.years} different years",
        )
    elif births >= 0.85 and column.kind == TEXT:
        yield Clue("user.demographic.date_of_birth", 3.0, f"{percent(births)} could be dates of birth")
    elif column.kind in (DATE, INSTANT) and births < 0.3 and names(named, "user.demographic.date_of_birth"):
        yield Clue("user.demographic.date_of_birth", -3.0, "but its dates are too recent for dates of birth")


def _note_clues(column: Column, measured: Measured) -> Iterator[Clue]:
    for shape, category in (("holds_email", "user.contact.email"), ("holds_phone", "user.contact.phone_number")):
        share = measured.share(shape)
        if share > 0 and (measured.free_text or column.type.upper().startswith("JSON")):
            yield Clue("user.content.private", 2.0, f"{percent(share)} {WITHIN[shape].says}")
            yield Clue(category, 3.8, f"{percent(share)} {WITHIN[shape].says}")
    notes = measured.notes
    for category, count in (notes.known if notes else {}).items():
        share = count / notes.sampled if notes else 0.0
        says = f"{percent(share)} of the texts looked at hold a customer's own {_LAST_WORDS.get(category, category)}"
        yield Clue("user.content.private", 3.5, says)
        yield Clue(category, 4.0, says)
    for category, count in (notes.models if notes else {}).items():
        share = count / notes.modelled if notes and notes.modelled else 0.0
        says = f"{percent(share)} of the texts looked at seem to hold {_LAST_WORDS.get(category, category)} (Presidio)"
        yield Clue("user.content.private", 1.5, says)
    if measured.free_text:
        yield Clue("user.content.private", 1.4, f"it is free text, of {measured.words:.0f} words on average")


_LAST_WORDS = {
    "user.name": "name",
    "user.contact.email": "e-mail address",
    "user.contact.phone_number": "telephone number",
    "user.contact.address": "address",
}


def _missing_clues(column: Column, measured: Measured, named: Sequence[Clue]) -> Iterator[Clue]:
    """A name that the values belie."""
    if column.kind in (NESTED, OTHER):
        return
    if names(named, "user.contact.email") and measured.share("email", "holds_email") < 0.02:
        if measured.share("hash") >= 0.9:
            yield Clue(
                "user.unique_id.pseudonymous", 4.5, "and its name says of what: a hashed address is still theirs"
            )
            yield Clue("user.contact.email", -5.0, "but they are hashes")
        else:
            yield Clue("user.contact.email", -4.5, "but none of its values looks like an e-mail address")
    if names(named, "user.device.ip_address") and column.kind == TEXT and measured.share("ipv4", "ipv6") < 0.02:
        yield Clue("user.device.ip_address", -3.5, "but none of its values looks like an IP address")
    digits = measured.share("long_digits", "phone_digits", "post_digits", "date")
    if digits >= 0.9:
        for category in _WORDED:
            if names(named, category):
                yield Clue(category, -4.0, "but its values are numbers")
    long = measured.share("long_digits") >= 0.5
    if names(named, "user.financial.credit_card") and long and measured.passing("card") < 0.2:
        yield Clue("user.financial.credit_card", -3.5, "but few of its values have a card's check digit")
    if names(named, "user.unique_id") and measured.distinct < LEAST_CUSTOMERS and measured.filled > 1000:
        yield Clue("user.unique_id", -2.0, "but it has few different values")


#: What numbers are not.
_WORDED = (
    "user.name",
    "user.name.first",
    "user.name.last",
    "user.contact.address.city",
    "user.contact.address.street",
    "user.contact.address.country",
    "user.content.private",
)
#: A column of thousands of rows with fewer different values names no customers.
LEAST_CUSTOMERS = 20
