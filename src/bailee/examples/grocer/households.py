"""Who the 2,469 households are: what the real data says of each, and who we say signed up for its card.

The package names nobody. Birth dates, places, contracts and guardians are SYNTHETIC: drawn from a seed, the same for
every run on the same day. A birth date lies within the household's real age band where that is known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random

from bailee.vocabulary import Contract

SEED = 20261101

#: Where households live: shares of a hundred. `US` alone is too coarse for a rule about a state; None is not known.
PLACES: dict[str | None, float] = {
    "US-OH": 52,
    "US-KY": 20,
    "US-IN": 13.5,
    "US-CA": 4,
    "US-PA": 3,
    "US-VT": 2.5,
    "US": 1,
    None: 4,
}

#: Years of age in each band of the real table; the last is open.
BANDS = {"19-24": (19, 24), "25-34": (25, 34), "35-44": (35, 44), "45-54": (45, 54), "55-64": (55, 64), "65+": (65, 91)}

#: No synthetic choice is older than this.
_CHOICES_FROM = timedelta(days=701)


@dataclass(frozen=True, slots=True)
class Household:
    """One household. `number` is its real key; all but the number and the times of its purchases is synthetic.

    `guardian` is the household of the parent who answers for a child of under 13.
    """

    number: int
    born: date | None
    place: str | None
    first_activity: datetime
    last_activity: datetime
    contracts: tuple[Contract, ...]
    restricted: datetime | None = None
    guardian: int | None = None

    @property
    def key(self) -> str:
        """The key as the people room keeps it."""
        return str(self.number)

    def age(self, on: date) -> int | None:
        """Whole years on a day, or None."""
        return None if self.born is None else _years(self.born, on)


def households(folder: Path, weeks: int, now: datetime) -> list[Household]:
    """All households in the package's files in `folder`, by number, with times moved by `weeks`."""
    bands = _bands(folder)
    found = [_household(*each, bands.get(each[0]), now) for each in _activity(folder, timedelta(weeks=weeks))]
    return [replace(each, guardian=_guardian(each, found, now.date())) for each in found]


def drawn(number: int, what: str) -> Random:
    """The random numbers of one household for one thing, whatever else is drawn."""
    return Random(f"{SEED}:{what}:{number}")


def _activity(folder: Path, moved: timedelta) -> list[tuple[int, datetime, datetime]]:
    """Each household with the moved times of its first and last purchase."""
    import pyarrow.parquet as pq

    # INT96 comes as nanoseconds, which Python lacks; the package's times have whole seconds.
    lines = pq.read_table(
        folder / "transactions.parquet",
        columns=["household_id", "transaction_timestamp"],
        coerce_int96_timestamp_unit="us",
    )
    ends = lines.group_by("household_id").aggregate(
        [("transaction_timestamp", "min"), ("transaction_timestamp", "max")]
    )
    return [
        (
            row["household_id"],
            row["transaction_timestamp_min"].replace(tzinfo=UTC) + moved,
            row["transaction_timestamp_max"].replace(tzinfo=UTC) + moved,
        )
        for row in ends.sort_by("household_id").to_pylist()
    ]


def _bands(folder: Path) -> dict[int, str]:
    import pyarrow.parquet as pq

    told = pq.read_table(folder / "demographics.parquet", columns=["household_id", "age"]).to_pydict()
    return dict(zip(told["household_id"], told["age"], strict=True))


def _household(number: int, first: datetime, last: datetime, band: str | None, now: datetime) -> Household:
    luck = drawn(number, "household")
    places = list(PLACES)
    return Household(
        number=number,
        born=_born(luck, band, now.date()),
        place=luck.choices(places, [PLACES[place] for place in places])[0],
        first_activity=first,
        last_activity=last,
        contracts=_contracts(luck, first, last, now),
        restricted=now - timedelta(days=luck.randint(5, 60)) if luck.random() < 0.004 else None,
    )


def _guardian(household: Household, among: list[Household], today: date) -> int | None:
    """For a child of under 13, the next household that somebody of a parent's age signed up for."""
    age = household.age(today)
    if age is None or age >= 13:
        return None
    parents = (each.number for each in among if each.number > household.number and 28 <= (each.age(today) or 0) <= 60)
    return next(parents, None)


def _born(luck: Random, band: str | None, today: date) -> date | None:
    """Within the band; where there is none, one in six is unknown and one in forty a child or teenager."""
    unknown, young = luck.random(), luck.random()
    if unknown < (0.03 if band else 0.17):
        return None
    if band:
        low, high = BANDS[band]
    else:
        low, high = (10, 17) if young < 0.03 else (18, 84)
    years = luck.randint(low, high)
    # Any day in the year before the birthday at which they would turn one year older than that.
    born = _years_before(today, years) - timedelta(days=luck.randrange(364))
    return born if _years(born, today) == years else _years_before(today, years)


def _years_before(day: date, years: int) -> date:
    return date(day.year - years, day.month, min(day.day, 28))


def _years(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _contracts(luck: Random, first: datetime, last: datetime, now: datetime) -> tuple[Contract, ...]:
    """A card older than any purchase or choice; some gave it back after the last purchase, some have none on record."""
    since = min(first, now - _CHOICES_FROM) - timedelta(days=luck.randint(5, 1500), minutes=luck.randrange(600))
    fate = luck.random()
    if fate < 0.015:
        return ()
    ended = fate < 0.055 and last < now - timedelta(days=1)
    return (Contract(since, last + (now - last) * luck.random() if ended else None),)


def start_of_day(now: datetime) -> datetime:
    """The UTC midnight that begins the day of `now`; everything synthetic is told from there."""
    return datetime.combine(now.astimezone(UTC).date(), time(), UTC)
