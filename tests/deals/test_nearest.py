"""The nearest version: it passes, nothing tried before it does, and its file is the deal that was measured."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import bailee
from bailee.deals import gathering, nearest, outgoing
from bailee.deals.delivering import cohort, delivered
from bailee.deals.document import parse_deal
from bailee.deals.evidence import CUSTOMER, Evidence
from bailee.deals.finding import Nearest, Outcome, Screen
from bailee.deals.model import Form
from bailee.vocabulary import Actor, Effect
from tests.deals import grocer
from tests.deals.shops import KEY

SCREENED = datetime(2026, 11, 18, tzinfo=UTC)


def _find(evidence: Evidence) -> Screen:
    return nearest.find(Screen(evidence.deal, "policy", "map", SCREENED, evidence.seed, ()), evidence)


@pytest.fixture(scope="module")
def best(harbour: Evidence) -> Nearest:
    """What is found for the grocer's offer."""
    found = _find(harbour).nearest
    assert found is not None
    return found


@pytest.fixture(scope="module")
def again(shop_folder: Path, best: Nearest) -> Evidence:
    """The evidence on its file, asked of the gate anew."""
    return grocer.evidence(shop_folder, best.text)


@pytest.fixture(scope="module")
def alike(shop_folder: Path, best: Nearest, harbour: Evidence) -> Evidence:
    """The evidence on its file over rows as old as those of the offer, over which it was found."""
    keep = harbour.policy.purposes[harbour.deal.purpose].keep.duration
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gathering._Looks, "kept", keep)
        return grocer.evidence(shop_folder, best.text)


def _shown(evidence: Evidence) -> dict[str, pa.Table]:
    """The rows that would be sent without those that reveal something."""
    return {key: table.filter(pc.invert(evidence.reveals[key])) for key, table in evidence.sent.items()}


def test_the_grocers_nearest_is_research_about_groups(best: Nearest) -> None:
    """M19: what a real insurer could use: answers by age about twenty or more, for a purpose that was told."""
    deal = best.deal
    assert ("insurer_research", frozenset({Effect.LEARN})) == (deal.purpose, deal.effects)
    assert (Form.AGGREGATE, 20) == (deal.form, deal.treated.min_group)
    assert (18, True, "never", True) == (deal.cohort.min_age, deal.cohort.standing, deal.onward.value, deal.audit)
    assert 0.5 < best.kept < 0.7
    assert 0.0 == best.by_question["produce_by_household"]


def test_its_file_is_the_deal_that_was_measured(best: Nearest, harbour: Evidence) -> None:
    """M21: read back with the company's policy and map it is equal, and each change has a remark in it."""
    assert best.deal == parse_deal(best.text, harbour.policy, datamap=harbour.datamap)
    joined = " ".join(line.strip().removeprefix("# ") for line in best.text.splitlines())
    assert all(why in joined for _, _, _, why in best.changes)
    assert {"purpose", "effects", "form", "cohort.standing", "onward"} <= {path for path, *_ in best.changes}


def test_a_release_of_it_shows_the_groups_that_its_screen_shows(
    best: Nearest, again: Evidence, shop_folder: Path
) -> None:
    """R45, M6, M23: the gate's own answer to Harbour Mutual has the groups and figures that the screen says."""
    screened = delivered(best.deal, _shown(again), again.people, KEY)["departments_by_age"]
    with bailee.open(shop_folder) as gate:
        gate.clock = lambda: grocer.NOW
        analyst = Actor("Ana", roles=frozenset({"analyst"}))
        outlet = gate.disclosing("insurer_research", recipient="harbour_mutual", effect="learn", actor=analyst)
        (released,) = outgoing.tables(gate, best.deal, outlet, [])
    spent = {(row["age"], row["department"]): row["spent"] for row in screened.to_pylist()}
    assert len(spent) > 30
    assert spent == pytest.approx({(row["age"], row["department"]): row["spent"] for row in released.rows.to_pylist()})


def test_no_test_refuses_its_file_and_every_better_version_is_refused(
    best: Nearest, harbour: Evidence, again: Evidence
) -> None:
    """M20: its file is gathered and tested anew; those that would keep more are tested again one by one."""
    assert not [one for one in nearest.findings(again, again.deal) if one.outcome is Outcome.REFUSED]
    measured = sorted(nearest.measure(harbour), key=lambda one: -one.worth.kept)
    assert best.tried == len(measured)
    better = [one for one in measured if one.worth.kept > best.kept + 1e-9]
    for each in better:
        assert any(found.outcome is Outcome.REFUSED for found in nearest.findings(harbour, each.deal))
    assert best.kept == pytest.approx(measured[len(better)].worth.kept)


def test_what_it_keeps_is_what_its_answers_say(best: Nearest, harbour: Evidence, alike: Evidence) -> None:
    """M20: the shares of what its file would deliver against those of all rows of the offer, in plain Python."""
    told = delivered(best.deal, _shown(alike), alike.people, KEY)["departments_by_age"]
    ages = dict(zip(*harbour.sent["households"].select(["household_id", "age"]).to_pydict().values(), strict=True))
    whole: dict[tuple[str, str], float] = defaultdict(float)
    spent = harbour.sent["purchases"].select(["household_id", "department", "sales_value"]).to_pydict()
    for card, department, value in zip(*spent.values(), strict=True):
        if card in ages:
            whole[ages[card], department] += value
    part = {(row["age"], row["department"]): row["spent"] for row in told.to_pylist()}
    one, other = sum(whole.values()), sum(part.values())
    apart = sum(abs(whole[key] / one - part.get(key, 0.0) / other) for key in whole)
    assert 1 - apart / 2 == pytest.approx(best.by_question["departments_by_age"])
    assert best.kept == pytest.approx(0.75 * best.by_question["departments_by_age"])


def test_every_cell_of_it_is_about_twenty_customers(best: Nearest, harbour: Evidence, again: Evidence) -> None:
    """Counted by customer: who stands, is of age, and bought something there that reveals nothing."""
    members = set(cohort(best.deal, again.people).tolist())
    told = delivered(best.deal, _shown(again), again.people, KEY)["departments_by_age"]
    rows = _shown(harbour)
    ages = dict(zip(*rows["households"].select([CUSTOMER, "age"]).to_pydict().values(), strict=True))
    who: dict[tuple[str, str], set[int]] = defaultdict(set)
    bought = rows["purchases"].select([CUSTOMER, "department"]).to_pydict()
    for customer, department in zip(*bought.values(), strict=True):
        if customer in members and customer in ages:
            who[ages[customer], department].add(customer)
    assert told.num_rows
    assert min(len(who[row["age"], row["department"]]) for row in told.to_pylist()) >= 20
    children = again.people.filter(pc.less(again.people["age"], 18))[CUSTOMER].to_pylist()
    assert not members & set(children)


def test_its_tables_are_those_of_the_map_with_only_what_its_question_needs(best: Nearest) -> None:
    """Figures are released over tables of the map; so its wanted questions are written into what is asked."""
    wanted = {key: (each.table, each.question, each.columns) for key, each in best.deal.wanted.items()}
    assert {
        "transactions": ("transactions", None, ("household_id", "product_id", "sales_value")),
        "products": ("products", None, ("product_id", "department")),
        "demographics": ("demographics", None, ("household_id", "age")),
    } == wanted


def test_the_price_is_for_what_is_left(best: Nearest) -> None:
    """As much of the fee as of the answers, to full hundreds."""
    assert best.deal.price is not None
    assert float(best.deal.price.amount) == pytest.approx(400_000 * best.kept, abs=50)


def test_where_the_promise_allows_nothing_there_is_no_version(harbour: Evidence) -> None:
    """Without the purpose that was told, nobody may give the insurer anything."""
    purposes = {key: each for key, each in harbour.policy.purposes.items() if key != "insurer_research"}
    standing = {key: each for key, each in harbour.standing.items() if key != "insurer_research"}
    found = _find(replace(harbour, policy=replace(harbour.policy, purposes=purposes), standing=standing))
    assert found.nearest is None
    assert "the promise allows no use by `harbour_mutual`" in str(found.no_version)


def test_where_the_recipient_answers_nothing_that_is_the_reason(harbour: Evidence) -> None:
    """M20: no term of a deal mends what a recipient will not say."""
    found = _find(replace(harbour, deal=replace(harbour.deal, diligence=())))
    assert found.nearest is None
    assert "test 7, recipient" in str(found.no_version)
    assert "for the recipient to mend" in str(found.no_version)


def test_where_hardly_anybody_stands_no_group_is_large_enough(harbour: Evidence) -> None:
    """Fifteen who stand make no group of twenty, so there is nothing to answer with."""
    table = harbour.standing["insurer_research"]
    few = np.zeros(table.num_rows, bool)
    few[:15] = True
    made = table.set_column(table.schema.get_field_index("stands"), "stands", [few])
    found = _find(replace(harbour, standing={**harbour.standing, "insurer_research": made}))
    assert found.nearest is None
    assert found.no_version is not None
