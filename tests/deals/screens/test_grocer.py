"""The insurer's offer on the grocer's real purchases: refused, for reasons that its own data gives."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow.compute as pc
import pytest

import bailee
from bailee import examples
from bailee.deals import screen as screening
from bailee.deals.document import load_deal
from bailee.deals.evidence import CUSTOMER
from bailee.deals.finding import Outcome, Screen, Verdict
from bailee.deals.finding import Test as Kind
from bailee.deals.gathering import Gathered, gather
from bailee.gate.gate import Gate
from tests.deals.screens.shop import COUNSEL

NOW = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)
OFFER = "deals/harbour-premiums.yaml"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("grocer") / "shop"
    examples.install("grocer", made, clock=lambda: NOW)
    return made


@pytest.fixture(scope="module")
def gate(home: Path) -> Iterator[Gate]:
    with bailee.open(home, clock=lambda: NOW) as opened:
        yield opened


@pytest.fixture(scope="module")
def gathered(gate: Gate, home: Path) -> Gathered:
    deal = load_deal(home / OFFER, gate.promise.policy, gate.promise.datamap)
    return gather(gate, deal, actor=COUNSEL, seed=7, beside=home)


def test_everything_that_they_want_is_looked_at(gathered: Gathered, home: Path) -> None:
    """All lines whose product is known, of everybody, and what 801 households told, column by column."""
    evidence = gathered.evidence
    assert {} == dict(evidence.lacking)
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        (lines, spent) = con.execute(
            "SELECT count(*), sum(sales_value) FROM transactions JOIN products USING (product_id)"
        ).fetchone() or (0, 0)
    sent = evidence.sent["purchases"]
    assert (lines, 2_469) == (sent.num_rows, pc.count_distinct(sent[CUSTOMER]).as_py())
    assert pc.sum(sent["sales_value"]).as_py() == pytest.approx(spent)
    assert 801 == evidence.sent["households"].num_rows
    assert ("user.financial",) == evidence.columns["households"]["income"]


def test_rows_reveal_what_the_map_s_rules_say(gathered: Gathered, gate: Gate, home: Path) -> None:
    """Each category as often as its rules match in plain SQL, and what is not known counts for all of them."""
    rules: dict[str, list[str]] = {}
    for rule in gate.promise.datamap.tables["products"].reveals:
        rules.setdefault(rule.category, []).append(f"coalesce({rule.when}, true)")
    found = pc.value_counts(pc.list_flatten(gathered.evidence.revealed["purchases"])).to_pylist()
    counted = {each["values"]: each["counts"] for each in found}
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        for category, conditions in rules.items():
            sql = f"SELECT count(*) FROM transactions JOIN products USING (product_id) WHERE {' OR '.join(conditions)}"
            assert (con.execute(sql).fetchone() or (0,))[0] == counted[category], category


@pytest.fixture(scope="module")
def refused(gathered: Gathered, gate: Gate) -> Screen:
    findings = tuple(screening.found(test, gathered.evidence) for test in Kind)
    held = gate.promise
    return Screen(gathered.evidence.deal, held.digest, held.map_digest, NOW, 7, findings, receipts=gathered.receipts)


@pytest.mark.parametrize(
    ("test", "words"),
    [
        (Kind.INTENTION, "`no_individual_underwriting`"),
        (Kind.NOTICE, "No notice ever told any of 2,469 customers"),
        (Kind.CONSENT, "2,469 customers of the 2,469"),
        (Kind.RECIPIENT, "`deletion_proof`"),
        (Kind.LAW, "under 18"),
    ],
)
def test_it_is_refused(refused: Screen, test: Kind, words: str) -> None:
    """Each of these tests refuses it, and says what it found there."""
    found = refused.findings[test.number - 1]
    assert (Outcome.REFUSED, True) == (found.outcome, words in found.sentence), found.sentence
    assert Verdict.REFUSED is refused.verdict


def test_what_would_be_acceptable_is_among_the_remedies(refused: Screen) -> None:
    """The purpose that customers were told of, for those who stand for it."""
    changes = {
        key: value for each in refused.findings for remedy in each.remedies for key, value in remedy.change.items()
    }
    assert "insurer_research" == refused.findings[0].remedies[0].change["purpose"]
    assert changes["cohort.standing"] is True
    assert "never" == changes["onward"]
