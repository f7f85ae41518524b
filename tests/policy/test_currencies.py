"""The codes of currencies, against Unicode CLDR as Babel has it."""

from __future__ import annotations

from datetime import date

from babel.core import get_global
from babel.numbers import get_territory_currencies

from bailee.policy.currencies import CODES


def test_every_tender_since_2020_is_known_and_nothing_else() -> None:
    """What was legal tender in any territory between 2020 and the end of 2026 has its code, and no code is made up."""
    since, until = date(2020, 1, 1), date(2026, 11, 1)
    tender = {
        code for place in get_global("territory_currencies") for code in get_territory_currencies(place, since, until)
    }
    assert tender - {"XXX"} == CODES
