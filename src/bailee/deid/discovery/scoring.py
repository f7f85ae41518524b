"""From what is known of a column to the category that it probably holds, how sure that is, and why.

Each clue speaks for a category with a weight in log-odds, or against it; the weights add up. `spec/discovery.md` says
how often each degree of confidence was right, and on what.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from bailee.deid.discovery import lists
from bailee.deid.discovery.checks import CHECKS
from bailee.deid.discovery.measures import (
    ADDRESS,
    DATE,
    INSTANT,
    NESTED,
    OTHER,
    REAL,
    TEXT,
    TRUTH,
    UUID,
    WHOLE,
    Column,
    Measured,
    parts_of,
)
from bailee.deid.discovery.names import PERHAPS, RATHER, SURELY, phrases_of, words_of
from bailee.deid.discovery.shapes import SHAPES, WITHIN

SURE, LIKELY, UNSURE = "sure", "likely", "unsure"
#: From which probability on a suggestion has each word; below the last there is none.
DEGREES = ((0.95, SURE), (0.75, LIKELY), (0.4, UNSURE))

PRIOR = -2.5
#: What is known of the person's use of the shop; its words name it only where rows are about people.
BEHAVIOUR = "user.behavior"
OPERATIONS = "system.operations"
NOTES = "user.content.private"


class Clue(NamedTuple):
    """One reason for a category (or against it, where the weight is below 0), in words that hold no value."""

    category: str
    weight: float
    says: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a column probably says about a person; `also` are further categories of what it is made of.

    `category` is None where nothing speaks of a person. `evidence` never holds a value.
    """

    column: str
    type: str
    category: str | None
    probability: float
    evidence: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    coarsen: str | None = None

    @property
    def confidence(self) -> str | None:
        """`sure`, `likely`, `unsure`, or None."""
        if self.category is None:
            return None
        return next((word for least, word in DEGREES if self.probability >= least), None)

    @property
    def firm(self) -> bool:
        """Whether it is sure or likely."""
        return self.confidence in (SURE, LIKELY)


def judge(column: Column, *, headers_only: bool = False, about_people: bool = False) -> Suggestion:
    """The most probable category of a column, if any.

    `about_people` says that rows of the table name a customer, so that what they bought or did is theirs.
    """
    clues = [*_header_clues(column, about_people=about_people)]
    if not headers_only:
        clues += _type_clues(column, {clue.category for clue in clues})
        if column.measured is not None and column.measured.tells:
            clues += _content_clues(column, column.measured, clues)
    sums: dict[str, float] = defaultdict(lambda: PRIOR)
    for clue in clues:
        sums[clue.category] += clue.weight
    if not sums:
        return Suggestion(column.name, column.type, None, 0.0)
    # Where two are as probable, the more exact one; what stands in notes makes them no column of its kind.
    free = column.measured is not None and column.measured.free_text and sums.get(NOTES, PRIOR) > 0
    best = NOTES if free else max(sums, key=lambda key: (sums[key], key.count(".")))
    probability = 1 / (1 + math.exp(-sums[best]))
    evidence = tuple(clue.says for clue in clues if clue.category == best)
    if probability < DEGREES[-1][0]:
        return Suggestion(column.name, column.type, None, probability, evidence)
    also = tuple(
        dict.fromkeys(c.category for c in clues if c.category != best and c.weight >= 3 and sums[c.category] > 1)
    )
    also = also if column.kind == NESTED or free else ()
    return Suggestion(column.name, column.type, best, probability, evidence, also, _coarsen(best, column.kind))


# The name ------------------------------------------------------------------------------------------------------------


def _header_clues(column: Column, *, about_people: bool) -> Iterator[Clue]:
    for part in parts_of(column.type):
        yield from (
            clue._replace(says=f"its part `{part}` is named so") for clue in _named(column.table, part, about_people)
        )
    yield from _named(column.table, column.name, about_people)


def _named(table: str, header: str, about_people: bool) -> Iterator[Clue]:
    words, around = words_of(header), words_of(table)
    things, people, about = (lists.words(name) for name in ("things", "people", "about"))
    people |= lists.words("whose")
    around = (*around, *(word.removesuffix("s") for word in around))
    found: dict[str, Clue] = {}
    for phrase in phrases_of(words):
        beside = [word for at, word in enumerate(words) if not phrase.start <= at < phrase.stop]
        weight = phrase.weight
        theirs = about_people or any(word in people for word in beside)
        if phrase.category.startswith(BEHAVIOUR):
            weight = min(weight, RATHER) + 1.5 if about_people else 0.0
        else:
            if any(word in about for word in beside):
                weight *= 0.25
            if any(word in things and word not in people for word in beside):
                weight *= 0.3
            elif not theirs and any(word in things for word in around) and not any(word in people for word in around):
                weight *= 0.4
            elif (
                0 < phrase.weight < SURELY
                and phrase.weight > PERHAPS
                and (any(word in people for word in (*beside, *around)))
            ):
                weight += 1.2
        if weight > (found[phrase.category].weight if phrase.category in found else 0.0):
            found[phrase.category] = Clue(phrase.category, weight, f"its name says so (`{phrase.text}`)")
    yield from found.values()


# The type ------------------------------------------------------------------------------------------------------------

_ANY = frozenset({TEXT, WHOLE, REAL, DATE, INSTANT, TRUTH, UUID, ADDRESS, NESTED, OTHER})
_TEXTS = frozenset({TEXT, NESTED, OTHER})
_KINDS: tuple[tuple[str, frozenset[str]], ...] = (
    ("user.contact.phone_number", _TEXTS | {WHOLE, REAL}),
    ("user.contact.fax_number", _TEXTS | {WHOLE, REAL}),
    ("user.contact.address.postal_code", _TEXTS | {WHOLE, REAL}),
    ("user.contact", _TEXTS),
    ("user.name", _TEXTS),
    ("user.account.username", _TEXTS | {WHOLE}),
    ("user.authorization", _TEXTS | {WHOLE, UUID}),
    ("user.demographic.date_of_birth", _TEXTS | {DATE, INSTANT, WHOLE, REAL}),
    ("user.demographic.age_range", _TEXTS | {WHOLE, REAL}),
    ("user.demographic.gender", _TEXTS | {WHOLE, TRUTH}),
    ("user.device.ip_address", _TEXTS | {ADDRESS, WHOLE}),
    ("user.device", _TEXTS | {UUID, WHOLE, ADDRESS}),
    ("user.location", _TEXTS | {REAL, WHOLE}),
    ("user.content", _TEXTS),
    ("user.unique_id", _TEXTS | {WHOLE, REAL, UUID}),
    ("user.financial.bank_account", _TEXTS | {WHOLE, REAL}),
    ("user.financial.credit_card", _TEXTS | {WHOLE, REAL}),
    ("user.government_id", _TEXTS | {WHOLE, REAL}),
)


def _type_clues(column: Column, named: set[str]) -> Iterator[Clue]:
    for category in sorted(named):
        allowed = next((kinds for prefix, kinds in _KINDS if _under(prefix, category)), _ANY)
        if column.kind not in allowed:
            yield Clue(category, -4.0, f"but its type is {column.kind}")
    if column.kind == ADDRESS:
        if column.type.upper().startswith("MAC"):
            yield Clue("user.device.device_id", 4.5, "its type is that of hardware addresses")
        else:
            yield Clue("user.device.ip_address", 5.5, "its type is that of IP addresses")


# What is in it -------------------------------------------------------------------------------------------------------

#: The shapes that a category's values have, where they have one of these or are none.
_MUST = {
    "user.contact.email": ("email", "holds_email"),
    "user.device.ip_address": ("ipv4", "ipv6"),
    "user.financial.bank_account": (),
    "user.demographic.date_of_birth": (),
}
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


def _content_clues(column: Column, measured: Measured, named: list[Clue]) -> Iterator[Clue]:
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


def _phone_clues(measured: Measured, named: list[Clue]) -> Iterator[Clue]:
    if max(measured.share("date"), measured.share("ssn"), measured.share("post_letters")) > 0.5:
        return
    plus, national = measured.share("phone_plus"), measured.share("phone_national")
    digits = measured.share("phone_digits")
    if plus + national >= 0.5:
        weight = 5.5 if plus >= 0.1 else 4.0
        yield Clue("user.contact.phone_number", weight, f"{percent(plus + national)} look like telephone numbers")
    elif plus + national + digits >= 0.7:
        weight = 2.5 if plus + national >= 0.1 else 1.5 if _names(named, "user.contact.phone_number") else 0.8
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
    if measured.free_text:
        return
    if measured.passing("currency") >= 0.9 and measured.length < 4:
        return
    one_word = measured.share("word")
    for name, category, least, weight in _LISTED:
        share = measured.passing(name)
        if name in ("given", "family"):
            other = measured.passing("family" if name == "given" else "given")
            if one_word < 0.6 or share < other:
                continue
        if name == "city" and measured.passing("given") + measured.passing("family") > share:
            continue
        if name == "language" and (measured.passing("country") > share or measured.passing("state") > share):
            continue
        if name == "country" and measured.length <= 2.5 and measured.passing("state") > share:
            continue
        if name == "state" and measured.passing("country") > share:
            continue
        if share < least and measured.sampled >= MANY_VALUES and share >= _RARER.get(name, (2.0, 0.0))[0]:
            weight = _RARER[name][1]
        elif share < least:
            continue
        yield Clue(category, weight, f"{percent(share)} of those looked at are {_LIST_WORDS[name]}")
    if (
        0.03 <= measured.passing("person") < 0.15
        and measured.share("words") >= 0.8
        and measured.passing("named") >= 0.35
    ):
        share = measured.passing("named")
        yield Clue("user.name", 3.2, f"{percent(share)} of those looked at hold a common given or family name")


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


def _place_clues(measured: Measured, named: list[Clue]) -> Iterator[Clue]:
    street = measured.share("street")
    if street >= 0.2 and not measured.free_text:
        weight = 5.5 if street >= 0.6 else 3.6 if street >= 0.4 else 2.0
        yield Clue("user.contact.address.street", weight, f"{percent(street)} {SHAPES['street'].says}")
    letters, digits = measured.share("post_letters"), measured.share("post_digits")
    if letters + digits >= 0.9:
        weight = 4.0 if letters >= 0.4 else 1.5 if _names(named, "user.contact.address.postal_code") else 0.4
        yield Clue(
            "user.contact.address.postal_code", weight, f"{percent(letters + digits)} have the form of postal codes"
        )


def _date_clues(column: Column, measured: Measured, named: list[Clue]) -> Iterator[Clue]:
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
    elif column.kind in (DATE, INSTANT) and births < 0.3 and _names(named, "user.demographic.date_of_birth"):
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


def _missing_clues(column: Column, measured: Measured, named: list[Clue]) -> Iterator[Clue]:
    """A name that the values belie."""
    if column.kind in (NESTED, OTHER):
        return
    if _names(named, "user.contact.email") and measured.share("email", "holds_email") < 0.02:
        if measured.share("hash") >= 0.9:
            yield Clue(
                "user.unique_id.pseudonymous", 4.5, "and its name says of what: a hashed address is still theirs"
            )
            yield Clue("user.contact.email", -5.0, "but they are hashes")
        else:
            yield Clue("user.contact.email", -4.5, "but none of its values looks like an e-mail address")
    if _names(named, "user.device.ip_address") and column.kind == TEXT and measured.share("ipv4", "ipv6") < 0.02:
        yield Clue("user.device.ip_address", -3.5, "but none of its values looks like an IP address")
    digits = measured.share("long_digits", "phone_digits", "post_digits", "date")
    if digits >= 0.9:
        for category in _WORDED:
            if _names(named, category):
                yield Clue(category, -4.0, "but its values are numbers")
    long = measured.share("long_digits") >= 0.5
    if _names(named, "user.financial.credit_card") and long and measured.passing("card") < 0.2:
        yield Clue("user.financial.credit_card", -3.5, "but few of its values have a card's check digit")
    if _names(named, "user.unique_id") and measured.distinct < LEAST_CUSTOMERS and measured.filled > 1000:
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


def _names(named: list[Clue], category: str) -> bool:
    return any(clue.category == category and clue.weight > 0 for clue in named)


def _under(prefix: str, category: str) -> bool:
    return category == prefix or category.startswith(f"{prefix}.")


def _coarsen(category: str, kind: str) -> str | None:
    """How a column of the category can become coarse, where its type suits."""
    if category == "user.demographic.date_of_birth" and kind in (DATE, INSTANT):
        return "year"
    if category == "user.demographic.date_of_birth" and kind == TEXT:
        return None
    if category == "user.contact.address.postal_code" and kind in (TEXT, WHOLE):
        return "prefix 3"
    if category == "user.demographic.age_range" and kind in (WHOLE, REAL):
        return "band 10"
    return None


def percent(share: float) -> str:
    """A share in whole percent, of which neither none nor all is said unless it is so."""
    if 0 < share < 0.01:
        return "under 1 %"
    if 0.99 < share < 1:
        return "over 99 %"
    return f"{share:.0%}".replace("%", " %")
