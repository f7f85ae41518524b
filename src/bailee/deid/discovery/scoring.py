"""From what is known of a column to the category that it probably holds, how sure that is, and why.

Each clue speaks for a category with a weight in log-odds, or against it; the weights add up. `spec/discovery.md` says
how often each degree of confidence was right, and on what.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from bailee.deid.discovery import lists
from bailee.deid.discovery.clues import Clue, under
from bailee.deid.discovery.contents import content_clues
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
    parts_of,
)
from bailee.deid.discovery.names import PERHAPS, RATHER, SURELY, phrases_of, words_of

SURE, LIKELY, UNSURE = "sure", "likely", "unsure"
#: From which probability on a suggestion has each word; below the last there is none.
DEGREES = ((0.95, SURE), (0.75, LIKELY), (0.4, UNSURE))

PRIOR = -2.5
#: What is known of the person's use of the shop; its words name it only where rows are about people.
BEHAVIOUR = "user.behavior"
OPERATIONS = "system.operations"
NOTES = "user.content.private"


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
            clues += content_clues(column, column.measured, clues)
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
        allowed = next((kinds for prefix, kinds in _KINDS if under(prefix, category)), _ANY)
        if column.kind not in allowed:
            yield Clue(category, -4.0, f"but its type is {column.kind}")
    if column.kind == ADDRESS:
        if column.type.upper().startswith("MAC"):
            yield Clue("user.device.device_id", 4.5, "its type is that of hardware addresses")
        else:
            yield Clue("user.device.ip_address", 5.5, "its type is that of IP addresses")


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
