"""Test 6: a planted predictor is found, noise is not, and the grocer's figures are those of another implementation."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from bailee.deals.evidence import CUSTOMER, Evidence
from bailee.deals.finding import Finding, Outcome
from bailee.deals.model import Deal, Effect, Form, Treated
from bailee.deals.screening import inference
from bailee.deals.screening.predicting import interval, profiles, ranked, tell
from tests.deals.shops import deal, evidence, people, shop

AISLES = ("bread", "fruit", "meat", "milk", "rice", "tea", "wine", "yeast")
TEXT = (("columns: [card, at, aisle, spent]", "columns: [card, aisle, spent]"), ("[card, age, town]", "[card, town]"))
ONLY = (
    "  months:\n    title: What is spent each month\n"
    "    question: SELECT date_trunc('month', \"at\") AS month, sum(spent) AS spent FROM lines GROUP BY 1\n"
    "    by: [month]\n",
    "",
)


def planted(strength: float, seed: int = 4, many: int = 600) -> tuple[dict[str, pa.Table], pa.Table]:
    """Customers of two ages of whom the older buy tea so much more often: with 0, as often as the younger."""
    source = np.random.default_rng(seed)
    old = source.random(many) < 0.4
    who = np.repeat(np.arange(many), 30)
    tea = source.random(len(who)) < np.where(old[who], 0.1 + strength, 0.1)
    aisle = np.where(tea, "tea", np.array(AISLES)[source.choice([0, 1, 2, 3, 4, 6, 7], len(who))])
    lines = pa.table({"card": who, "aisle": aisle, "spent": source.gamma(2, 3, len(who)), CUSTOMER: who})
    age = np.where(old, "55+", "18-54")
    those = pa.table({"card": np.arange(many), "age": age, "town": ["Ashby"] * many, CUSTOMER: np.arange(many)})
    return {"lines": lines, "people": those}, people(many)


def _wanted() -> Deal:
    return deal(*TEXT, ONLY, ("identified", "pseudonymous"))


def _area(finding: Finding, trait: str) -> float:
    rows = [row for series in finding.series if "How well" in series.title for row in series.rows if row[0] == trait]
    assert len(rows) == 1
    return float(rows[0][1] or 0)


def test_a_planted_predictor_is_an_alarm() -> None:
    """M14: the older buy more tea: the age, which is not sent, is told, and no promise covers that."""
    found = inference.find(replace(evidence(_wanted(), *planted(0.3)), policy=_unpromised()))
    assert Outcome.REFUSED == found.outcome
    assert "age = 18-54" in found.sentence + found.reason
    assert _area(found, "age = 18-54") > 0.9


def test_noise_is_no_alarm() -> None:
    """M14: where both ages buy alike nothing is told, whatever the seed."""
    for seed in range(3):
        found = inference.find(replace(evidence(_wanted(), *planted(0.0, seed)), policy=_unpromised(), seed=seed))
        assert Outcome.PASSED == found.outcome
        assert 0.4 < _area(found, "age = 18-54") < 0.6


def test_what_the_purpose_promises_is_no_alarm() -> None:
    """M14: the same predictor, where the customer agreed that the age is known."""
    found = inference.find(evidence(_wanted(), *planted(0.3)))
    assert Outcome.PASSED == found.outcome
    assert _area(found, "age = 18-54") > 0.9


def test_groups_tell_nothing_of_one() -> None:
    """The same rows as figures about groups."""
    wanted = deal(*TEXT, ONLY, ("identified", "aggregate"), ("", "treated: {min_group: 20}"))
    assert Outcome.PASSED == inference.find(evidence(wanted, *planted(0.3))).outcome


def _unpromised() -> object:
    from tests.deals.shops import POLICY

    rates = POLICY.purposes["rates"]
    reads = {key: value for key, value in rates.reads.items() if key != "user.demographic"}
    return replace(POLICY, purposes={**POLICY.purposes, "rates": replace(rates, reads=reads)})


def test_a_column_that_tells_outright_is_refused() -> None:
    """M13: an age that would be sent as it is, under a purpose that does not read ages."""
    sent, those = shop()
    found = inference.find(replace(evidence(deal(), sent, those), policy=_unpromised()))
    assert Outcome.REFUSED == found.outcome
    assert "`age` would be sent outright" in found.sentence


def test_rows_that_reveal_are_counted_and_must_stay() -> None:
    """M13: counted by hand; the purpose does not read what they say, so it is a condition that they stay here."""
    sent, those = planted(0.0)
    marked = np.array(sent["lines"]["aisle"].to_pylist()) == "yeast"
    found = inference.find(evidence(_wanted(), sent, those, reveals={"lines": (marked, "user.health_and_medical")}))
    assert Outcome.CONDITION == found.outcome
    customers = len({who for who, mark in zip(sent["lines"][CUSTOMER].to_pylist(), marked, strict=True) if mark})
    row = ("user.health_and_medical", float(marked.sum()), float(customers), "no")
    assert row in [each for series in found.series for each in series.rows]


def test_rows_that_reveal_are_no_part_of_the_profile() -> None:
    """A trait that only those rows would tell is not told without them."""
    sent, those = planted(0.3)
    marked = np.array(sent["lines"]["aisle"].to_pylist()) == "tea"
    sent_without = replace(
        evidence(_wanted(), sent, those, reveals={"lines": (marked, "user.health_and_medical")}), policy=_unpromised()
    )
    assert _area(inference.find(sent_without), "age = 18-54") < 0.65


def test_the_area_is_the_share_of_pairs_ranked_rightly() -> None:
    """Against counting every pair, ties a half."""
    source = np.random.default_rng(1)
    score, label = source.integers(0, 8, 60).astype(float), (source.random(60) < 0.3).astype(float)
    pairs = [(a > b) + (a == b) / 2 for a in score[label == 1] for b in score[label == 0]]
    assert np.mean(pairs) == pytest.approx(ranked(score, label))
    assert 1.0 == ranked(np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 1.0]))


def test_the_interval_is_hanley_and_mcneils() -> None:
    """Their worked example (Radiology 143, 1982): an area of 0.893, 58 normal, 51 abnormal, standard error 0.032."""
    low, high = interval(0.893, 51, 58)
    assert 0.032 == pytest.approx((high - low) / 2 / 1.96, abs=0.001)


def test_a_profile_is_shares_of_spending() -> None:
    """By plain Python, without the rows left out."""
    sent, _ = shop(2, 30, 6)
    without = np.arange(sent["lines"].num_rows) % 5 == 0
    made = profiles(sent["lines"], "aisle", "spent", without)
    sums: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row, left_out in zip(sent["lines"].to_pylist(), without, strict=True):
        if not left_out:
            sums[row[CUSTOMER]][row["aisle"]] += row["spent"]
    for place, who in enumerate(made.customers.tolist()):
        total = sum(sums[who].values())
        expected = [sums[who][aisle] / total for aisle in ("bread", "fruit", "meat", "wine")]
        assert expected == pytest.approx(made.shares[place].tolist())


def test_chance_is_what_shuffled_labels_give() -> None:
    """Half of the shuffles' best lies near a half, and none tells much."""
    source = np.random.default_rng(3)
    shares = source.dirichlet(np.ones(20), 500)
    told, chance = tell(shares, (source.random((500, 1)) < 0.4).astype(float), 1)
    assert 0.4 < np.median(chance) < 0.6
    assert chance.max() < 0.65
    assert 0.4 < told[0].area < 0.6


def test_the_grocers_traits_are_told_as_another_implementation_found(harbour: Evidence) -> None:
    """M14: age from 55, income from 75 thousand and children, five-fold over aisles: 0.841, 0.721 and 0.655 there."""
    purchases, households = harbour.sent["purchases"], harbour.sent["households"].sort_by(CUSTOMER)
    made = profiles(purchases, "product_category", "sales_value", np.zeros(purchases.num_rows, bool))
    rows = np.searchsorted(made.customers, households[CUSTOMER].to_numpy())
    columns = {name: np.array(households[name].to_pylist()) for name in ("age", "income", "kids_count")}
    rich = ["75-99K", "100-124K", "125-149K", "150-174K", "175-199K", "200-249K", "250K+"]
    labels = [np.isin(columns["age"], ["55-64", "65+"]), np.isin(columns["income"], rich), columns["kids_count"] != "0"]
    told, _ = tell(made.shares[rows], np.stack(labels, axis=1).astype(float), 7)
    for each, expected in zip(told, (0.841, 0.721, 0.655), strict=True):
        assert expected == pytest.approx(each.area, abs=0.035)


def test_the_grocers_offer_is_refused_and_its_groups_are_not(harbour: Evidence) -> None:
    """Rows that reveal, counted again in SQL of the map's own conditions; a research version of groups passes."""
    found = inference.find(harbour)
    assert Outcome.REFUSED == found.outcome
    table = next(series for series in found.series if "say something" in series.title)
    marked = int(np.count_nonzero(harbour.reveals["purchases"].to_numpy()))
    assert marked <= sum(float(row[1] or 0) for row in table.rows) <= 1.5 * marked
    assert _area(found, "age from 55-64") > 0.8
    research = replace(
        harbour.deal,
        purpose="insurer_research",
        effects=frozenset({Effect.LEARN}),
        form=Form.AGGREGATE,
        treated=Treated(min_group=20),
    )
    assert Outcome.PASSED == inference.find(replace(harbour, deal=research)).outcome
