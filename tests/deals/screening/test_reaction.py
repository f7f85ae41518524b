"""Test 9: the simulation against what can be worked out, and the survey against published intervals."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from bailee.deals.evidence import Evidence
from bailee.deals.finding import Finding, Outcome
from bailee.deals.model import Price, Reaction
from bailee.deals.screening import reaction
from bailee.policy.units import Duration
from tests.deals.shops import deal, evidence, people, shop

EVERYBODY = ("", "cohort: {standing: false}")


def _figure(finding: Finding, part: str) -> float:
    return next(figure.value for figure in finding.figures if part in figure.name)


def _asked(agreed: int = 0, **ranges: tuple[float, float]) -> Evidence:
    """A thousand customers, so many of whom agreed, under a fee of 1,000 a year."""
    sent, _ = shop(1, 1000, 3)
    those = people(1000, chose=pa.array(["grant" if each < agreed else None for each in range(1000)]))
    stated = {name: (Decimal(str(low)), Decimal(str(high))) for name, (low, high) in ranges.items()}
    wanted = replace(
        deal(EVERYBODY), reaction=Reaction(**stated), price=Price(Decimal(1000), "USD", Duration(months=12))
    )
    return evidence(wanted, sent, those)


def test_points_in_place_of_ranges_give_what_they_multiply_to() -> None:
    """M17: half uncomfortable, half of these hear of it, a fifth leave, ten a year for half of the year on average."""
    fixed = {
        "uncomfortable": (0.5, 0.5),
        "hear_of_it": (0.5, 0.5),
        "leave_if_uncomfortable": (0.2, 0.2),
        "margin": (10, 10),
    }
    found = reaction.find(_asked(**fixed))
    assert 0.5 == _figure(found, "uncomfortable")
    assert 50 == pytest.approx(_figure(found, "customers who leave"), abs=1)
    assert 50 * 10 * 0.5 == pytest.approx(_figure(found, "margin that leaves"), rel=0.05)
    assert 1000 == pytest.approx(_figure(found, "fee over"), rel=0.01)
    assert 0.0 == _figure(found, "chance that the deal loses")
    assert 0.2 == pytest.approx(_figure(found, "may leave before"), rel=0.01)


def test_a_deal_that_costs_more_than_it_brings_is_refused() -> None:
    """The same leavers, each worth a thousand."""
    fixed = {
        "uncomfortable": (0.1, 0.1),
        "hear_of_it": (1, 1),
        "leave_if_uncomfortable": (0.5, 0.5),
        "margin": (900, 1100),
    }
    found = reaction.find(_asked(**fixed))
    assert Outcome.REFUSED == found.outcome
    assert _figure(found, "chance that the deal loses") > 0.9


def test_who_agreed_to_this_very_use_is_not_expected_to_leave() -> None:
    """M17: nine in ten agreed: a tenth of the discomfort is left; all agreed: none."""
    some = reaction.find(_asked(900, uncomfortable=(0.5, 0.5)))
    assert 0.05 == pytest.approx(_figure(some, "uncomfortable"))
    everybody = reaction.find(_asked(1000, uncomfortable=(0.5, 0.5)))
    assert Outcome.PASSED == everybody.outcome
    assert 0.0 == _figure(everybody, "customers who leave")


def test_discomfort_alone_is_a_reason() -> None:
    """More than half is refused and more than a fifth has to be asked, whatever is paid."""
    for share, expected in ((0.6, Outcome.REFUSED), (0.3, Outcome.CONDITION), (0.1, Outcome.PASSED)):
        assert expected == reaction.find(_asked(uncomfortable=(share, share), margin=(1, 1))).outcome


def test_ranges_that_nobody_measured_are_told_as_assumed() -> None:
    """M17: what the deal states, and what nobody states."""
    found = reaction.find(_asked(uncomfortable=(0.1, 0.2)))
    assert any("10 % to 20 %" in said and "nobody measured it" in said for said in found.assumed)
    assert any("nobody stated it" in said for said in found.assumed)


def test_a_survey_is_drawn_from_and_told_by_segment() -> None:
    """M17: of 400 answers 100 are uncomfortable; a segment of nine is not shown."""
    answers = [1, 2] * 50 + [3, 4, 5] * 100
    segments = ["few"] * 9 + ["young"] * 191 + ["old"] * 200
    asked = replace(_asked(), survey=pa.table({"comfort": answers, "segment": segments}))
    found = reaction.find(asked)
    assert 0.25 == pytest.approx(_figure(found, "uncomfortable"), abs=0.01)
    rows = next(series.rows for series in found.series if "survey" in series.title)
    assert ["everybody", "old", "young"] == [row[0] for row in rows]
    assert not any("are uncomfortable" in said for said in found.assumed)


def test_the_interval_is_wilsons() -> None:
    """Against the roots of the equation that defines it: |p - share| = z sqrt(p (1 - p) / n)."""
    for part, whole in ((0, 20), (3, 20), (10, 20), (81, 263), (20, 20)):
        for bound in reaction.wilson(part, whole):
            off = abs(bound - part / whole)
            assert off == pytest.approx(1.96 * np.sqrt(bound * (1 - bound) / whole), abs=1e-9)


def test_what_a_customer_spends_is_counted_from_rows(harbour: Evidence) -> None:
    """The grocer's mean spending, from the sum over its households and days in SQL of the test's own."""
    spent = sum(harbour.sent["purchases"]["sales_value"].to_pylist())
    found = reaction.spending(harbour)
    assert found is not None
    assert spent / 2469 == pytest.approx(found, rel=0.005)


def test_the_grocers_offer_is_refused_for_what_customers_would_think(harbour: Evidence) -> None:
    """Most would be uncomfortable by the deal's own figures, however much is paid."""
    found = reaction.find(harbour)
    assert Outcome.REFUSED == found.outcome
    assert "uncomfortable if they knew" in found.sentence
