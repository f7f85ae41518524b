"""A deal with noise of its own: from its file to its release, what the screen shows of it, and what is refused."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow.parquet as parquet
import pytest

import bailee
from bailee.deals import agreeing, releasing, simulating
from bailee.deals.as_json import document
from bailee.deals.delivering import cohort, delivered
from bailee.deals.document import load_deal, parse_deal
from bailee.deals.evidence import Evidence
from bailee.deals.finding import Outcome, Verdict
from bailee.deals.finding import Test as Kind
from bailee.deals.gathering import gather
from bailee.deals.model import Form
from bailee.deals.page import page
from bailee.deals.releasing import Asked, Released
from bailee.deals.screen import screen
from bailee.deals.screening import identification, intention
from bailee.deals.spending import spends
from bailee.engines.duckdb.scratch import scratch
from bailee.errors import DeidError, FactRejected
from bailee.gate.gate import Gate
from bailee.gate.noising import Adding
from bailee.vocabulary import Actor
from tests.deals import grocer, shop
from tests.deals.shop import COUNSEL, FIGURES, agreed, deal_text, opened
from tests.deals.shops import KEY
from tests.gate.shop import Clock

pyrage = pytest.importorskip("pyrage")
OWN = pyrage.x25519.Identity.generate()
TO = str(OWN.to_public())

BUDGET = b"release: {min_group: 3, epsilon: 1.0 per 90 days, each: 0.4, at_most: 2 rows}"
POLICY = shop.POLICY.replace(b"release: {min_group: 3}", BUDGET)
MAP = shop.MAP.replace(b"{bailee: {measure: true}}", b"{bailee: {measure: true, between: [0, 900]}}").replace(
    b"- {name: store, data_categories: [user.behavior.purchase_history]}",
    b"- {name: store, data_categories: [user.behavior.purchase_history], "
    b"fides_meta: {bailee: {values: [S0, S1, S2, S3]}}}",
)


def text(epsilon: str | None = "0.1", **changed: Any) -> str:
    """The deal about figures, each question of which spends so much."""
    treated = {"min_group": 5} | ({} if epsilon is None else {"epsilon": float(epsilon)})
    return deal_text(**{**FIGURES, "treated": treated, **changed})


@pytest.fixture(scope="module")
def noisy_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("noisy") / "shop"
    shop.make(home, policy=POLICY, datamap=MAP)
    return home


@pytest.fixture
def noisy(noisy_made: Path, tmp_path: Path) -> Iterator[Gate]:
    home = tmp_path / "noisy"
    shutil.copytree(noisy_made, home)
    with opened(home, Clock(shop.NOW)) as gate:
        yield gate


def released(gate: Gate, folder: Path, said: str) -> Released:
    """The deal agreed and released."""
    out = folder / "out"
    out.mkdir(exist_ok=True)
    return releasing.release(gate, agreed(gate, said), Asked(key=TO, into=out), actor=COUNSEL)


def evidence(gate: Gate, said: str, seed: int = 7) -> Evidence:
    """What the screen knows of it."""
    deal = parse_deal(said, gate.promise.policy, datamap=gate.promise.datamap)
    return gather(gate, deal, actor=COUNSEL, seed=seed).evidence


def spent(gate: Gate) -> Decimal:
    """What the insurer has spent of its budget."""
    (budget,) = gate.budgets("figures", "insurer")
    return budget.spent


@pytest.mark.parametrize(("epsilon", "expected"), [("0.1", "0.1"), (None, "0.4"), ("0.4", "0.4")])
def test_a_release_spends_what_the_deal_says(noisy: Gate, tmp_path: Path, epsilon: str | None, expected: str) -> None:
    """R45, R51: exactly the deal's epsilon, or else what a question of the purpose spends; the manifest tells it."""
    done = released(noisy, tmp_path, text(epsilon))
    assert Decimal(expected) == spent(noisy)
    told = json.loads((done.folder / "manifest.json").read_text())["noise"]["stores"]
    assert (expected, "1 per 90 days") == (told["spent"], told["budget"])
    (aggregate,) = told["aggregates"]
    # Two figures share it (customers, and the sum in cents); two rows of a customer of at most 900 count.
    scale = 2 * 900 / (float(expected) / 2)
    assert ("spent", pytest.approx(scale)) == (aggregate["column"], aggregate["scale"])
    # OpenDP's own word on what that scale costs.
    dp = pytest.importorskip("opendp.prelude")
    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l1_distance(T="i64")
    cents = dp.m.make_laplace(*space, scale=aggregate["scale"] * 100).map(2 * 900 * 100)
    customers = dp.m.make_laplace(*space, scale=told["customers"]["scale"]).map(2)
    assert cents + customers == pytest.approx(float(expected), abs=1e-6)
    table = parquet.read_table(io.BytesIO(pyrage.decrypt((done.folder / "stores.parquet.age").read_bytes(), [OWN])))
    assert set(table["store"].to_pylist()) <= {"S0", "S1", "S2", "S3"}
    assert [{"spent": int(Decimal(expected) * 1_000_000)}] == [
        {"spent": leaf["spent"]}
        for leaf in map(noisy.leaf, range(noisy.head().size))
        if leaf["kind"] == "use" and leaf.get("purpose") == "figures" and leaf.get("spent") is not None
    ]


def test_what_is_too_little_for_all_questions_is_not_spent_on_some(noisy: Gate, tmp_path: Path) -> None:
    """R51: three questions of 0.4 are more than the whole budget, so nothing is asked, spent or released."""
    question = FIGURES | {"asked": {f"q{n}": json.loads(text())["asked"]["stores"] for n in range(3)}}
    with pytest.raises(FactRejected, match=r"3 questions spend 1.2 together.* 1 is left: state a smaller `epsilon`"):
        released(noisy, tmp_path, text("0.4", asked=question["asked"]))
    assert Decimal(0) == spent(noisy)
    assert [] == list((tmp_path / "out").iterdir())


def test_a_release_that_begins_again_spends_again(noisy: Gate, tmp_path: Path) -> None:
    """R51: where somebody's standing changes meanwhile, figures are drawn and paid for anew, of those who stand."""
    out, left = tmp_path / "out", [1, 2]
    out.mkdir()

    def reached(where: str) -> None:
        if where == "written" and left:
            noisy.choose(left.pop(), "withdraw", "figures")

    digest = agreed(noisy, text())
    done = releasing.release(noisy, digest, Asked(key=TO, into=out), actor=COUNSEL, reached=reached)
    assert (Decimal("0.3"), 28) == (spent(noisy), done.customers)


def test_noisy_figures_are_not_held_against_others(noisy: Gate, tmp_path: Path) -> None:
    """R52: one who withdrew in between is hidden by the noise of both, which the budget counts, not by a refusal."""
    out = tmp_path / "out"
    out.mkdir()
    digest = agreed(noisy, text())
    first = releasing.release(noisy, digest, Asked(key=TO, into=out), actor=COUNSEL)
    noisy.choose("7", "withdraw", "figures")
    second = releasing.release(noisy, digest, Asked(key=TO, into=out), actor=COUNSEL)
    assert (30, 29) == (first.customers, second.customers)
    assert Decimal("0.2") == spent(noisy)


def test_the_screen_is_told_in_every_form(noisy: Gate) -> None:
    """M22: as text, JSON and a page, each says that it is a simulation, and how wide the noise is."""
    asked = {"stores": json.loads(text())["asked"]["stores"] | {"by": ["store"]}}
    deal = parse_deal(text(asked=asked), noisy.promise.policy, datamap=noisy.promise.datamap)
    found = screen(noisy, deal, actor=COUNSEL, seed=7)
    said = json.dumps(document(found), default=str), page(found, noisy.promise.policy)
    for each in said:
        assert "noise here is a simulation from the screen" in each
        assert "How wide the noise is" in each
    assert Decimal(0) == spent(noisy)


def test_noise_that_the_purpose_does_not_add(gate: Gate, tmp_path: Path) -> None:
    """R51: where the policy has no budget, the screen and the release refuse, and say what to state where."""
    with pytest.raises(FactRejected, match=r"state a budget in the policy, such as `epsilon: 1\.0 per 90 days`"):
        released(gate, tmp_path, text())
    found = intention.find(evidence(gate, text()))
    assert Outcome.REFUSED is found.outcome
    assert "state a budget in the policy" in found.sentence


def test_less_noise_than_the_purpose_adds(noisy: Gate, tmp_path: Path) -> None:
    """R51: a deal that spends more for a question than the purpose does is refused with what it may spend."""
    with pytest.raises(FactRejected, match=r"spends 0\.5 for each question.*state `epsilon: 0\.4` or less"):
        released(noisy, tmp_path, text("0.5"))
    found = intention.find(evidence(noisy, text("0.5")))
    assert (Outcome.REFUSED, {"treated.epsilon": 0.4}) == (found.outcome, found.remedies[0].change)
    assert Decimal(0) == spent(noisy)


def test_the_screen_shows_one_draw_that_costs_nothing(noisy: Gate) -> None:
    """M22: the same seed shows the same figures, another seed others; nothing is spent, and it is called simulated."""
    seen = evidence(noisy, text())
    first, again, other = (
        delivered(each.deal, each.sent, each.people, KEY, each)["stores"]
        for each in (seen, seen, evidence(noisy, text(), seed=8))
    )
    assert first.equals(again)
    assert not first.equals(other)
    assert Decimal(0) == spent(noisy)
    found = identification.find(seen)
    assert "noise here is a simulation" in " ".join(found.assumed)
    assert "one draw of it, which is not the recipient's" in found.sentence
    with pytest.raises(DeidError, match="only the policy can tell"):
        delivered(seen.deal, seen.sent, seen.people, KEY)


def test_the_simulation_is_what_the_gate_would_do(noisy: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """M22: with noise of nothing in both, simulated figures and widths are those that the gate gives the insurer."""

    class Quiet(Adding):
        def __post_init__(self) -> None:
            super().__post_init__()
            self.draw = lambda figures, scale: figures

    monkeypatch.setattr("bailee.gate.noising.Adding", Quiet)
    question = "SELECT store, sum(total) AS spent, count(*) AS n FROM orders GROUP BY 1"
    seen = evidence(noisy, text(asked={"stores": {"title": "Spent", "question": question, "by": ["store"]}}))
    gate = noisy.ask(question, purpose="figures", recipient="insurer", spend=Decimal("0.1"))
    with scratch(seen.sent) as held:
        table, noised = simulating.simulated(seen, seen.deal, "stores", cohort(seen.deal, seen.people), held)
    assert gate.noise is not None
    assert gate.noise.aggregates == noised.aggregates
    assert 4 == table.num_rows
    assert gate.arrow().sort_by("store").to_pylist() == table.sort_by("store").to_pylist()


def test_simulated_noise_is_distributed_as_the_real(noisy: Gate) -> None:
    """M22: ten thousand simulated draws and ten thousand of OpenDP's have the same quantiles, within their error."""
    from bailee.deid import noise

    nothing = np.zeros(10_000, np.int64)
    for scale in (0.8, 12.0, 36_000.0):
        ours = simulating._drawing(7, "stores", Decimal("0.1"))(nothing, scale)
        theirs = noise.add(nothing, scale)
        for share in (0.05, 0.25, 0.5, 0.75, 0.95):
            # The standard error of a quantile of the Laplace distribution, six times, and one for whole numbers.
            error = scale * np.sqrt(share * (1 - share) / 10_000) / min(share, 1 - share)
            assert abs(np.quantile(ours, share) - np.quantile(theirs, share)) <= 6 * np.sqrt(2) * error + 1


def test_what_is_about_nobody_has_no_noise(noisy: Gate) -> None:
    """M22: figures about products are nobody's, so they are as they are, and nothing is told of a width."""
    wanted = {**json.loads(text())["wanted"], "products": {"table": "products", "columns": ["title"]}}
    asked = {"many": {"title": "How many", "question": "SELECT count(*) AS n FROM products"}}
    seen = evidence(noisy, text(wanted=wanted, asked=asked))
    assert [{"n": 2}] == delivered(seen.deal, seen.sent, seen.people, KEY, seen)["many"].to_pylist()
    assert () == identification.find(seen).series[0].rows


def test_what_the_gate_would_refuse_the_screen_refuses(noisy: Gate) -> None:
    """M22: a question that noise is not made for is told before anybody agrees to it."""
    asked = {
        "most": {"title": "Most", "question": "SELECT store, max(total) AS m FROM orders GROUP BY 1", "by": ["store"]}
    }
    found = identification.find(evidence(noisy, text(asked=asked)))
    assert Outcome.REFUSED is found.outcome
    assert "max" in found.sentence


def test_a_deal_says_an_amount(gate: Gate) -> None:
    """R51: what a question spends is an amount, not a rate; it is part of what is agreed to."""
    deal = parse_deal(text("0.25"), gate.promise.policy)
    assert Decimal("0.25") == deal.treated.epsilon
    digests = {
        agreeing.propose(gate, said, actor=shop.SALES).digest for said in (text("0.25"), text("0.2"), text(None))
    }
    assert 3 == len(digests)
    assert spends(parse_deal(text(None), gate.promise.policy), gate.promise.policy) is None


# The grocer ---------------------------------------------------------------------------------------------------------

LATER = datetime(2027, 1, 5, 12, tzinfo=UTC)
ANALYST = Actor("Ann Analyst", frozenset({"analyst"}))


@pytest.fixture(scope="module")
def budgeted_grocer(shop_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The grocer's own workspace, whose promise to the insurer's research has a budget now."""
    home = tmp_path_factory.mktemp("budgeted") / "shop"
    shutil.copytree(shop_folder, home)
    budget = "release: {min_group: 20, epsilon: 40 per 90 days, each: 10, at_most: 50 rows}"
    policy = (home / "policy.yaml").read_text()
    before, key, after = policy.partition("  insurer_research:")
    assert key
    (home / "policy.yaml").write_text(before + key + after.replace("release: {min_group: 20}", budget, 1))
    _edit(home / "datamap.yaml", "{coarsen: band 5, measure: true, currency: USD", ", between: [0, 20]")
    ages = ", fides_meta: {bailee: {values: [19-24, 25-34, 35-44, 45-54, 55-64, 65+]}}"
    _edit(home / "datamap.yaml", "description: Age band, data_categories: [user.demographic.age_range]", ages)
    return home


def _edit(path: Path, after: str, added: str) -> None:
    """Add something after a text that is there once."""
    text = path.read_text()
    assert 1 == text.count(after)
    path.write_text(text.replace(after, after + added))


def test_the_grocers_offer_from_its_draft_to_a_noisy_release(budgeted_grocer: Path, tmp_path: Path) -> None:
    """M22, R51: refused, its nearest version states an epsilon; that is screened, agreed and released at just that."""
    with bailee.open(budgeted_grocer) as gate:
        gate.clock = lambda: LATER
        file = budgeted_grocer / "deals" / "harbour-premiums.yaml"
        offer = load_deal(file, gate.promise.policy, gate.promise.datamap)
        first = screen(gate, offer, actor=grocer.COUNSEL, seed=7, beside=file.parent)
        assert first.nearest is not None
        best = first.nearest.deal
        assert (Form.AGGREGATE, "insurer_research", Decimal(10)) == (best.form, best.purpose, best.treated.epsilon)
        assert 0.2 < first.nearest.kept < 0.7
        said = first.nearest.text.replace("expires: 2026-06-30", "expires: 2028-06-30")
        said = said.replace("epsilon: 10}", "epsilon: 8.5}")
        deal = parse_deal(said, gate.promise.policy, datamap=gate.promise.datamap)
        again = screen(gate, deal, actor=grocer.COUNSEL, seed=7, beside=file.parent)
        assert Verdict.CONDITIONS is again.verdict
        assert "at an epsilon of 8.5" in next(f for f in again.findings if f.test is Kind.IDENTIFICATION).sentence
        agreeing.propose(gate, said, actor=shop.SALES)
        now = agreeing.screened(gate, said, again, actor=shop.PRIVACY)
        agreeing.met(gate, now.digest, "recipient", "The gaps are mended in the contract.", actor=COUNSEL)
        for actor in (COUNSEL, shop.PRIVACY):
            agreeing.approve(gate, now.digest, actor=actor)
        agreeing.agree(gate, now.digest, actor=COUNSEL)
        assert Decimal(0) == gate.budgets("insurer_research", "harbour_mutual")[0].spent
        done = releasing.release(gate, now.digest, Asked(key=TO, into=tmp_path), actor=ANALYST)
        assert Decimal("8.5") == gate.budgets("insurer_research", "harbour_mutual")[0].spent
    sealed = (done.folder / "departments_by_age.parquet.age").read_bytes()
    table = parquet.read_table(io.BytesIO(pyrage.decrypt(sealed, [OWN])))
    told = json.loads((done.folder / "manifest.json").read_text())["noise"]["departments_by_age"]
    half = float(told["aggregates"][0]["half_width"])
    assert table.num_rows > 10
    with duckdb.connect(str(budgeted_grocer / "warehouse.duckdb"), read_only=True) as con:
        most = con.execute(
            "SELECT age, department, sum(least(sales_value, 20)) FROM transactions JOIN products USING (product_id) "
            "JOIN demographics USING (household_id) GROUP BY ALL"
        ).fetchall()
    whole = {(age, department): value for age, department, value in most}
    for row in table.to_pylist():  # of those who stand at most what all together spent, but for noise
        assert row["spent"] <= whole.get((row["age"], row["department"]), 0) + 10 * half
