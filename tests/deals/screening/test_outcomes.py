"""Test 8: an uneven decision is seen, an even one is not, and a price without proof is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from bailee.deals.evidence import CUSTOMER, Evidence
from bailee.deals.finding import Outcome, Series
from bailee.deals.model import Effect, Form, Treated
from bailee.deals.screening import outcomes
from bailee.deals.screening.deciding import impact, resampled, surely_below, worse_off
from tests.deals.shops import deal, evidence, people, shop

PRICED = ("effects: [learn]", "effects: [price]")
PROVEN = ("", 'claims: {tea: {sentence: Tea drinkers claim more, evidence: study.pdf, licence: "2027-1"}}')


def _uneven(strength: float) -> tuple[dict[str, pa.Table], pa.Table]:
    """Eight hundred customers over two places, of whom those in the first buy so much more tea."""
    source = np.random.default_rng(2)
    who = np.repeat(np.arange(800), 20)
    tea = source.random(len(who)) < np.where(who % 2, 0.2 + strength, 0.2)
    rest = np.array(["bread", "fruit", "meat", "milk", "rice"])[source.integers(0, 5, len(who))]
    sent, _ = shop(1, 800, 20)
    aisle = pa.array(np.where(tea, "tea", rest))
    lines = sent["lines"].set_column(2, "aisle", aisle).set_column(0, "card", pa.array(5000 + who))
    return {"lines": lines.set_column(4, CUSTOMER, pa.array(who)), "people": sent["people"]}, people(800)


def _tried(series: tuple[Series, ...]) -> list[tuple[object, ...]]:
    return [row for each in series if "tried out" in each.title for row in each.rows]


def test_a_decision_that_falls_on_one_place_is_seen() -> None:
    """M16: who lives where tea is drunk is spared less often, surely, and the sentence says who."""
    found = outcomes.find(evidence(deal(PRICED, PROVEN), *_uneven(0.3)))
    assert Outcome.REFUSED == found.outcome
    assert "buyers of tea" in found.sentence
    assert "US-MA (place)" in found.sentence
    worst = _tried(found.series)[0]
    assert ("tea", "place") == worst[:2]
    assert float(str(worst[4])) < 0.8


def test_an_even_decision_is_not_called_uneven() -> None:
    """M16: with a proven claim and places that buy alike, only the condition is left."""
    found = outcomes.find(evidence(deal(PRICED, PROVEN), *_uneven(0.0)))
    assert Outcome.CONDITION == found.outcome


@pytest.mark.parametrize(
    "claims",
    ["", "claims: {tea: {sentence: Tea, evidence: study.pdf}}", 'claims: {tea: {sentence: Tea, licence: "1"}}'],
)
def test_a_price_without_evidence_and_licence_is_refused(claims: str) -> None:
    """M16: no claim, one without a licence, or one without evidence."""
    found = outcomes.find(evidence(deal(PRICED, ("", claims)), *_uneven(0.0)))
    assert Outcome.REFUSED == found.outcome
    assert any(remedy.change.get("effects") == ["learn"] for remedy in found.remedies)


def test_learning_about_groups_harms_nobody() -> None:
    """Rows about persons in the hands of an insurer are a condition, figures are none."""
    sent, those = shop()
    rows = outcomes.find(evidence(deal(), sent, those))
    assert Outcome.CONDITION == rows.outcome
    groups = deal(("identified", "aggregate"), ("", "treated: {min_group: 20}"))
    assert Outcome.PASSED == outcomes.find(evidence(groups, sent, those)).outcome


def test_the_impact_is_a_ratio_of_shares() -> None:
    """M16: of one hundred and of fifty, 90 and 30 spared: 0.6 over 0.9; a group of five is left out."""
    group = np.repeat([0, 1, 2], [100, 50, 5])
    worse = np.concatenate([np.arange(100) < 10, np.arange(50) < 20, np.ones(5, bool)])
    made = impact(worse, group, ["a", "b", "c"])
    assert made is not None
    assert 0.6 / 0.9 == pytest.approx(made.ratio)
    assert ("b", "a") == (made.least, made.most)
    assert {"a": (0.9, 100), "b": (0.6, 50)} == made.spared
    again = resampled(made, 1)
    assert (made.low, made.high) == pytest.approx((again.low, again.high), abs=0.04)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Of two hundred repetitions with a true ratio of 0.75, about 95 % have it inside."""
    source = np.random.default_rng(5)
    inside = 0
    for _ in range(200):
        worse = np.concatenate([source.random(300) < 0.2, source.random(300) < 0.4])
        made = impact(worse, np.repeat([0, 1], 300), ["a", "b"])
        assert made is not None
        again = resampled(made, 3)
        inside += again.low <= 0.75 <= again.high
    assert 180 <= inside <= 199


def test_the_most_striking_of_many_tries_must_be_surer() -> None:
    """M16: what one try shows at 95 %, a thousand tries would show by chance."""
    made = impact(np.arange(400) % 400 < 120, np.repeat([0, 1], 200), ["a", "b"])
    assert made is not None
    assert surely_below(made, 0.8, 1)
    edge = replace(made, ratio=0.7, error=0.06)
    assert surely_below(edge, 0.8, 1)
    assert not surely_below(edge, 0.8, 1000)


def test_the_heaviest_buyers_are_worse_off() -> None:
    """The quarter with the highest scores, and nobody who buys none."""
    assert [False, False, False, True] == worse_off(np.array([0.1, 0.3, 0.2, 0.4]), 0.25).tolist()
    assert not worse_off(np.zeros(8), 0.25).any()


def test_the_grocers_offer_is_refused_and_shows_no_small_group(harbour: Evidence) -> None:
    """No claim backs it; every group compared has thirty customers or more."""
    found = outcomes.find(harbour)
    assert Outcome.REFUSED == found.outcome
    sizes = [int(str(cell).split("(")[1].split()[0]) for row in _tried(found.series) for cell in row[5:]]
    assert min(sizes) >= 30
    research = replace(
        harbour.deal, effects=frozenset({Effect.LEARN}), form=Form.AGGREGATE, treated=Treated(min_group=20)
    )
    assert Outcome.PASSED == outcomes.find(replace(harbour, deal=research)).outcome
