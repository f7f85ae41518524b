"""SYNTHETIC contacts and health answers, from a seed: nobody has these names, and nothing sent to them arrives.

E-mail is at example.com and example.org (RFC 2606), telephone numbers are 555-0100 to 555-0199, which are kept for
fiction, and postcodes begin with 000 to 003, which no post office has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bailee.examples.grocer.households import SEED, Household, drawn

if TYPE_CHECKING:
    import pyarrow as pa
    from faker import Faker

_CODES = {"US-OH": ("614", "000"), "US-KY": ("502", "001"), "US-IN": ("317", "002")}
_ELSEWHERE = ("700", "003")

_GOALS = ("eat less sugar", "lower blood pressure", "lose weight", "cook for a child with an allergy", "more energy")
_CONDITIONS = ("none", "none", "none", "high blood pressure", "type 2 diabetes", "coeliac disease", "high cholesterol")
_ALLERGIES = ("none", "none", "none", "none", "peanuts", "milk", "shellfish", "gluten")


def contacts(people: Sequence[Household]) -> pa.Table:
    """One synthetic contact for each household: the table `synthetic_contacts`."""
    import pyarrow as pa
    from faker import Faker

    fake = Faker("en_US")
    fake.seed_instance(SEED)
    rows = [_contact(fake, household) for household in people]
    kinds = {"household_id": pa.int64(), "born": pa.date32()}
    names = ("household_id", "name", "email", "phone", "street", "place", "postcode", "born")
    return pa.Table.from_pylist(rows, schema=pa.schema([(name, kinds.get(name, pa.string())) for name in names]))


def health_answers(joined: Mapping[int, datetime]) -> pa.Table:
    """What those who joined the programme told it, some minutes after: the table `synthetic_health_answers`."""
    import pyarrow as pa

    kinds = {"household_id": pa.int64(), "answered_at": pa.timestamp("us")}
    names = ("household_id", "answered_at", "goal", "condition", "allergy")
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in names])
    return pa.Table.from_pylist(list(_answers(joined)), schema=schema)


def _contact(fake: Faker, household: Household) -> dict[str, object]:
    luck = drawn(household.number, "contact")
    name = fake.name_nonbinary()
    area, prefix = _CODES.get(household.place or "", _ELSEWHERE)
    box = re.sub("[^a-z]+", ".", name.lower()).strip(".")
    return {
        "household_id": household.number,
        "name": name,
        "email": f"{box}.{household.number}@example.{luck.choice(('com', 'org'))}",
        "phone": f"+1 {area} 555 {luck.randint(100, 199):04d}",
        "street": fake.street_address(),
        "place": household.place,
        "postcode": f"{prefix}{luck.randint(10, 99)}",
        "born": household.born,
    }


def _answers(joined: Mapping[int, datetime]) -> Iterable[dict[str, object]]:
    for number, at in sorted(joined.items()):
        luck = drawn(number, "health")
        yield {
            "household_id": number,
            "answered_at": (at + timedelta(minutes=luck.randint(2, 40))).replace(tzinfo=None),
            "goal": luck.choice(_GOALS),
            "condition": luck.choice(_CONDITIONS),
            "allergy": luck.choice(_ALLERGIES),
        }
