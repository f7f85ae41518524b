"""Made tables with the truth about each column: Faker's people of many places, under headers that tell, or do not.

SYNTHETIC throughout: nobody has these names. Faker's names of streets and towns in some places are made up by rule, so
they are harder (towns) or easier (streets) to know than real ones.
"""

from __future__ import annotations

import hashlib
import random
import string
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from faker import Faker

ROWS = 400


class Truth(NamedTuple):
    """What a column holds: a category, or None where it says nothing of a person; `also` are as good an answer."""

    table: str
    column: str
    category: str | None
    also: tuple[str, ...] = ()
    informative: bool = True


class Made(NamedTuple):
    """A table and the truth about its columns."""

    name: str
    rows: pa.Table
    truths: tuple[Truth, ...]


_ID = "user.government_id.national_identification_number"
#: What is in a table of people: key, category, as good answers.
PERSONAL: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("key", "user.unique_id", ()),
    ("name", "user.name", ()),
    ("first", "user.name.first", ("user.name",)),
    ("last", "user.name.last", ("user.name",)),
    ("email", "user.contact.email", ()),
    ("hashed", "user.unique_id.pseudonymous", ("user.contact.email",)),
    ("phone", "user.contact.phone_number", ()),
    ("street", "user.contact.address.street", ("user.contact.address",)),
    ("city", "user.contact.address.city", ("user.contact.address",)),
    ("postcode", "user.contact.address.postal_code", ("user.contact.address",)),
    ("country", "user.contact.address.country", ("user.contact.address",)),
    ("born", "user.demographic.date_of_birth", ()),
    ("born_text", "user.demographic.date_of_birth", ()),
    ("sex", "user.demographic.gender", ()),
    ("ip", "user.device.ip_address", ()),
    ("card", "user.financial.credit_card", ()),
    ("iban", "user.financial.bank_account", ()),
    ("national", _ID, ("user.government_id",)),
    ("login", "user.account.username", ()),
    ("password", "user.authorization.password", ("user.authorization",)),
    ("lat", "user.location.precise", ("user.location",)),
    ("lon", "user.location.precise", ("user.location",)),
    ("agent", "user.device", ()),
    ("mac", "user.device.device_id", ("user.device",)),
    ("job", "user.job_title", ()),
    ("note", "user.content.private", ("user.content",)),
)
#: What is in a table of things, and says nothing of a person.
IMPERSONAL = (
    "order_no", "code16", "ean", "made_at", "price", "stock", "status", "title", "version", "currency", "uuid", "words",
    "sku", "rating", "active", "weight", "digits9", "digits10", "day", "colour", "sentence", "ratio",
)  # fmt: skip

#: Headers of people's tables as they are met: abbreviated, run together, in capitals, in the language of the place.
_TEXT = (Path(__file__).parent / "headers.txt").read_text(encoding="utf-8")
#: Place, table and headers: those by which weights were chosen, and those that were kept apart.
SEEN, HELD_OUT = (
    [tuple(line.split(";")) for line in part.splitlines() if not line.startswith("#")] for part in _TEXT.split("\n\n")
)


def tables(places: Sequence[tuple[str, ...]] = SEEN, seed: int = 7) -> Iterator[Made]:
    """Every made table: people and things of each place, once with headers that tell and once without."""
    for number, (locale, table, headers) in enumerate(places):
        people, things = _people(locale, seed + number), _things(locale, seed + number)
        yield _made(table, people, headers.split(","), informative=True)
        yield _made(f"t{number}", people, [f"c{at}" for at in range(len(PERSONAL))], informative=False)
        yield _made(f"products_{locale}", things, list(IMPERSONAL), informative=True)
        yield _made(f"x{number}", things, [f"field_{at}" for at in range(len(IMPERSONAL))], informative=False)


def _made(name: str, columns: dict[str, list[object]], headers: list[str], *, informative: bool) -> Made:
    assert len(headers) == len(columns) == len(set(map(str.casefold, headers)))
    known = {key: (category, also) for key, category, also in PERSONAL}
    truths = tuple(
        Truth(name, header, *known.get(key, (None, ())), informative)
        for header, key in zip(headers, columns, strict=True)
    )
    return Made(name, pa.table(dict(zip(headers, columns.values(), strict=True))), truths)


def _people(locale: str, seed: int) -> dict[str, list[object]]:
    fake, rng = Faker(locale), random.Random(seed)
    fake.seed_instance(seed)
    world = Faker()
    world.seed_instance(seed)
    national: Callable[[], str] = {
        "pt_BR": lambda: fake.cpf(),
        "es_ES": lambda: fake.nif(),
        "en_GB": lambda: _nino(rng),
    }.get(locale, lambda: fake.ssn())
    if locale == "de_DE":
        national = lambda: _steuer_id(rng)  # noqa: E731
    every = [(fake.first_name(), fake.last_name()) for _ in range(ROWS)]
    emails = [f"{fake.user_name()}{n % 90}@{fake.free_email_domain()}" for n in range(ROWS)]
    makers: dict[str, Callable[[int], object]] = {
        "key": lambda n: f"K{seed}-{n * 37 + 10_000}",
        "name": lambda n: " ".join(every[n]),
        "first": lambda n: every[n][0],
        "last": lambda n: every[n][1],
        "email": lambda n: emails[n],
        "hashed": lambda n: hashlib.sha256(emails[n].encode()).hexdigest(),
        "phone": lambda n: fake.phone_number(),
        "street": lambda n: fake.street_address().split("\n")[0],
        "city": lambda n: fake.city(),
        "postcode": lambda n: fake.postcode(),
        "country": lambda n: fake.country(),
        "born": lambda n: fake.date_of_birth(minimum_age=18, maximum_age=90),
        "born_text": lambda n: fake.date_of_birth(minimum_age=18, maximum_age=90).strftime("%d.%m.%Y"),
        "sex": lambda n: rng.choice("MF"),
        "ip": lambda n: fake.ipv4() if n % 5 else fake.ipv6(),
        "card": lambda n: fake.credit_card_number(),
        "iban": lambda n: fake.iban() if hasattr(fake, "iban") else world.iban(),
        "national": lambda n: national(),
        "login": lambda n: fake.user_name(),
        "password": lambda n: f"$2b$12${''.join(rng.choices(string.ascii_letters + string.digits, k=53))}",
        "lat": lambda n: rng.uniform(-60, 70),
        "lon": lambda n: rng.uniform(-179, 179),
        "agent": lambda n: world.user_agent(),
        "mac": lambda n: fake.mac_address(),
        "job": lambda n: fake.job(),
        "note": lambda n: _note(rng, " ".join(every[n]), emails[n]),
    }
    return {key: [makers[key](n) for n in range(ROWS)] for key, _, _ in PERSONAL}


def _things(locale: str, seed: int) -> dict[str, list[object]]:
    rng = random.Random(seed)
    fake = Faker(locale)
    fake.seed_instance(seed)
    began = datetime(2025, 1, 1, tzinfo=UTC)
    made = [
        "Bread",
        "Milk",
        "Oat",
        "Rice",
        "Bolt",
        "Hook",
        "Wool",
        "Lamp",
        "Mild",
        "Dark",
        "Soft",
        "Large",
        "Small",
        "Green",
    ]
    makers: dict[str, Callable[[int], object]] = {
        "order_no": lambda n: str(10_000_000 + n * 7),
        "code16": lambda n: str(rng.randrange(10**15, 10**16)),
        "ean": lambda n: fake.ean13(),
        "made_at": lambda n: began + timedelta(seconds=rng.randrange(50_000_000)),
        "price": lambda n: round(rng.uniform(1, 300), 2),
        "stock": lambda n: rng.randrange(500),
        "status": lambda n: rng.choice(["new", "paid", "sent", "done"]),
        "title": lambda n: f"{rng.choice(made)} {rng.choice(made)} {rng.randrange(900)} g",
        "version": lambda n: f"{rng.randrange(9)}.{rng.randrange(30)}.{rng.randrange(90)}",
        "currency": lambda n: rng.choice(
            ["EUR", "USD", "GBP", "CHF", "JPY", "SEK", "PLN", "DKK", "NOK", "CZK", "BRL", "CAD"]
        ),
        "uuid": lambda n: fake.uuid4(),
        "words": lambda n: " ".join(rng.sample(made, 2)),
        "sku": lambda n: f"{''.join(rng.choices(string.ascii_uppercase, k=3))}-{rng.randrange(10_000):04}",
        "rating": lambda n: rng.randrange(1, 6),
        "active": lambda n: rng.random() < 0.5,
        "weight": lambda n: rng.uniform(0.1, 25.0),
        "digits9": lambda n: rng.randrange(10**8, 10**9),
        "digits10": lambda n: str(rng.randrange(10**9, 10**10)),
        "day": lambda n: date(2024, 1, 1) + timedelta(days=rng.randrange(700)),
        "colour": lambda n: fake.color_name() if locale.startswith("en") else rng.choice(made),
        "sentence": lambda n: (
            f"{rng.choice(made)} for every day, made of {rng.choice(made)} and packed by hand in {n} parts"
        ),
        "ratio": lambda n: rng.random(),
    }
    return {key: [makers[key](n) for n in range(ROWS)] for key in IMPERSONAL}


def _note(rng: random.Random, name: str, email: str) -> str:
    """What an agent writes down: every third note names the customer, every eighth their address."""
    what = rng.choice(["asked about a late parcel", "wants an invoice for last month", "returned two items unopened"])
    if rng.random() < 0.33:
        return f"Spoke with {name} today, who {what}; will call again next week"
    if rng.random() < 0.12:
        return f"The customer {what}; answer to {email} before the weekend please"
    return f"The customer {what} and was told how long it takes, nothing else to do"


def _nino(rng: random.Random) -> str:
    return (
        f"{rng.choice('ABCEGHJKLMPR')}{rng.choice('ABCEGHJKLMPR')}{rng.randrange(10**6):06}{rng.choice('ABCD')}".replace(
            "BG", "BA"
        )
        .replace("GB", "GA")
        .replace("NK", "NA")
        .replace("KN", "KA")
    )


def _steuer_id(rng: random.Random) -> str:
    digits = [rng.randrange(1, 10), *(rng.randrange(10) for _ in range(9))]
    product = 10
    for digit in digits:
        product = ((digit + product) % 10 or 10) * 2 % 11
    return "".join(map(str, digits)) + str((11 - product) % 10)
