"""Puts the synthetic people on record through the gate: customers, contracts, notices, who got them, who said what."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.examples.grocer import people
from bailee.people import customers, relations

if TYPE_CHECKING:
    from bailee.examples.grocer import Layer
    from bailee.examples.grocer.households import Household
    from bailee.gate.gate import Gate

#: What is imported: files such as a company brings along.
CUSTOMERS, CHOICES = "synthetic_customers.csv", "synthetic_choices.csv"
_CUSTOMERS = ("key", "born", "place", "last_activity", "contract_since", "contract_ended", "email", "phone")
_CHOICES = ("customer", "purpose", "act", "at", "instrument", "notice", "evidence", "conflict_shown", "guardian")
_BY = "bailee init --example grocer"

#: A parent shows who they are when the card is made, before anything is said for a child.
_VERIFIED = timedelta(days=700)

#: The digest under which each version of a purpose's notice is registered.
Registered = dict[tuple[str, str], str]


def enrol(gate: Gate, layer: Layer, home: Path, now: datetime) -> None:
    """Record everybody, what they were shown and what they said; the files that are imported stay in the folder."""
    reached = _reached(layer)
    _write(home / CUSTOMERS, _CUSTOMERS, ((*_customer(each), *reached[each.number]) for each in layer.households))
    gate.import_customers(home / CUSTOMERS, by=_BY)
    _answer_for(gate, layer, now)
    registered = _notices(gate, layer, home / "notices")
    _write(home / CHOICES, _CHOICES, (_choice(each, registered) for each in layer.said))
    gate.import_choices(home / CHOICES, by=_BY)
    # What is shown from today on, in every language; the files of `notices` are what people were shown until now.
    gate.register_notices(*(key for key in gate.promise.policy.purposes if key not in people.NEVER_SHOWN))


def _write(file: Path, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([columns, *rows])


def _reached(layer: Layer) -> dict[int, tuple[object, object]]:
    """The synthetic e-mail address and telephone number of each household; nothing sent to them arrives."""
    found = layer.tables["synthetic_contacts"].select(["household_id", "email", "phone"]).to_pylist()
    return {each["household_id"]: (each["email"], each["phone"]) for each in found}


def _customer(each: Household) -> tuple[object, ...]:
    """A household has one card, or none on record."""
    card = each.contracts[0] if each.contracts else None
    terms = (card.since, card.ended) if card else (None, None)
    return each.key, each.born, each.place, each.last_activity, *terms


def _answer_for(gate: Gate, layer: Layer, now: datetime) -> None:
    """Guardians, and those who restricted the use of their data: no file says that of people."""
    with gate.database.write() as connection:
        numbers = {each.number: customers.number_of(connection, each.key) for each in layer.households}
        for each in layer.households:
            if each.guardian is not None:
                relations.verify_guardian(connection, numbers[each.number], numbers[each.guardian], now - _VERIFIED)
            if each.restricted is not None:
                customers.restrict(connection, numbers[each.number], each.restricted)


def _notices(gate: Gate, layer: Layer, folder: Path) -> Registered:
    """Every version of every notice, the earlier ones under what they promised, and who was given which."""
    registered = {}
    for each in people.notices(gate.promise.policy, folder):
        made = gate.add_notice(each.purpose, each.text, language=each.language, terms=each.terms)
        registered[each.purpose, each.version] = made.digest
    for key, digest in registered.items():
        given = [(each.household, each.at) for each in layer.shown if (each.purpose, each.version) == key]
        if given:
            gate.give_notice(digest, given)
    return registered


def _choice(each: people.Said, registered: Registered) -> tuple[object, ...]:
    notice = registered[each.purpose, each.version] if each.version else None
    shown = "true" if each.conflict_shown else None
    words = (each.household, each.purpose, each.act, each.at.isoformat(), each.instrument)
    return *words, notice, people.EVIDENCE, shown, each.guardian
