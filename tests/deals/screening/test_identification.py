"""Test 5: who would be found, held against counts of the test's own and against rows whose truth was made."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest

from bailee.deals.evidence import CUSTOMER, Evidence
from bailee.deals.finding import Finding, Outcome
from bailee.deals.model import Form, Treated
from bailee.deals.screening import identification
from bailee.deals.screening.attributes import attributes
from bailee.deals.screening.linkage import linked
from bailee.deals.screening.purchases import events, singled_out
from tests.deals.shops import deal, evidence, people, shop


def _figure(finding: Finding, part: str) -> float:
    found = [figure.value for figure in finding.figures if part in figure.name]
    assert len(found) == 1, [figure.name for figure in finding.figures]
    return found[0]


def _with(evidence: Evidence, form: Form, **treated: object) -> Evidence:
    return replace(evidence, deal=replace(evidence.deal, form=form, treated=Treated(**treated)))  # type: ignore[arg-type]


def test_the_grocers_households_are_as_unique_as_the_data_map_says(harbour: Evidence) -> None:
    """289 of 801 are the only one of their kind, and the offer is refused for it whatever becomes of the key."""
    for form in (Form.IDENTIFIED, Form.PSEUDONYMOUS):
        found = identification.find(_with(harbour, form))
        assert Outcome.REFUSED == found.outcome
        assert 289 / 801 == pytest.approx(_figure(found, "the only one"))
        assert _figure(found, "4 known rows of `purchases`") > 0.9
        assert 1.0 == _figure(found, "greatest chance of finding a customer who is known")


def test_the_grocers_answers_about_groups_pass(harbour: Evidence) -> None:
    """M12: groups of at least twenty find nobody; groups of five are smaller than one in eleven allows."""
    found = identification.find(_with(harbour, Form.AGGREGATE, min_group=20))
    assert Outcome.PASSED == found.outcome
    assert _figure(found, "smallest group shown") >= 20
    assert Outcome.REFUSED == identification.find(_with(harbour, Form.AGGREGATE, min_group=5)).outcome


def test_risks_are_one_over_the_sizes_of_classes() -> None:
    """M9: the three attackers' figures, counted in plain Python over the cohort's rows."""
    sent, those = shop()
    found = identification.find(evidence(deal(("identified", "pseudonymous")), sent, those))
    rows = sent["people"].to_pylist()
    classes = Counter((row["age"], row["town"]) for row in rows if row[CUSTOMER] % 10)
    everybody = Counter((row["age"], row["town"]) for row in rows)
    total = sum(classes.values())
    assert 1 / min(classes.values()) == pytest.approx(_figure(found, "who is known to be in it"))
    assert len(classes) / total == pytest.approx(_figure(found, "matching everybody finds"))
    assert max(1 / everybody[key] for key in classes) == pytest.approx(_figure(found, "not known who of our customers"))
    below = sum(size for size in classes.values() if size < 11)
    assert below / total == pytest.approx(_figure(found, "customers above 1 in 11"))


def test_a_name_is_found_without_being_told_of() -> None:
    """M9: a column with another value for nearly everybody names them, whatever its category says."""
    sent, those = shop()
    names = pa.array([f"n{each}" for each in range(400)])
    sent["people"] = sent["people"].append_column("nick", names)
    wanted = deal(("columns: [card, age, town]", "columns: [card, age, town, nick]"), ("identified", "pseudonymous"))
    found = identification.find(evidence(wanted, sent, those))
    assert Outcome.REFUSED == found.outcome
    assert "`nick` names customers one by one" in found.sentence


def test_recoding_what_identifies_passes_where_rows_cannot_be_joined() -> None:
    """M12: with k = 11 over age and town, and lines that say neither when nor in which basket, nobody is found."""
    sent, those = shop()
    wanted = deal(
        ("[card, at, aisle, spent]", "[card, aisle, spent]"),
        ("form: identified", "form: deidentified"),
        ("", "treated: {k: 11, identifiers: [age, town]}"),
        ("  months:\n    title: What is spent each month\n", ""),
        ("    question: SELECT date_trunc('month', \"at\") AS month, sum(spent) AS spent FROM lines GROUP BY 1\n", ""),
        ("    by: [month]\n", ""),
    )
    found = identification.find(evidence(wanted, sent, those))
    assert Outcome.PASSED == found.outcome
    assert _figure(found, "who is known to be in it") <= 1 / 11


def test_an_identifier_left_out_of_the_recoding_is_found() -> None:
    """Whoever names only the age leaves the town as it is."""
    sent, those = shop()
    wanted = deal(("form: identified", "form: deidentified"), ("", "treated: {k: 11, identifiers: [age]}"))
    found = identification.find(evidence(wanted, sent, those))
    assert any("`town`" in remedy.sentence for remedy in found.remedies)


def test_what_cannot_be_measured_is_refused() -> None:
    """M8: rows that could not be looked at, and a treatment that cannot be kept."""
    sent, those = shop()
    assert Outcome.REFUSED == identification.find(evidence(deal(), {"lines": sent["lines"]}, those)).outcome
    unkept = deal(("form: identified", "form: deidentified"), ("", "treated: {k: 11}"))
    found = identification.find(evidence(unkept, sent, those))
    assert Outcome.REFUSED == found.outcome
    assert "could not be measured" in found.sentence


def test_the_linkage_attack_finds_whom_it_should() -> None:
    """M10: everybody where each has an own town and the register is right; one in so many where they share it."""
    for share_it, expected in ((1, 1.0), (4, 0.25)):
        table = pa.table({"card": np.arange(400), "town": np.arange(400) // share_it, CUSTOMER: np.arange(400)})
        made = attributes(deal(), {"people": table}, {"people": {"town": ("user.contact.address.city",)}})
        assert made is not None
        found = linked(made, made, ("town",), {}, share=1.0, error=0.0, seed=3)
        assert 400 == found.entries == found.matched
        assert expected == pytest.approx(found.success, abs=0.06)
        assert (400 if share_it == 1 else 0) == found.alone == found.sure


def test_an_error_in_the_register_finds_the_wrong_person() -> None:
    """M10: of entries that are all somebody else's, hardly any find the right one."""
    table = pa.table({"card": np.arange(400), "town": np.arange(400), CUSTOMER: np.arange(400)})
    made = attributes(deal(), {"people": table}, {})
    assert made is not None
    assert linked(made, made, ("town",), {}, share=1.0, error=1.0, seed=3).success < 0.02


def test_purchases_that_single_out_agree_with_trying_all() -> None:
    """M11: the share of customers alone with two of their purchases, against every pair of every customer."""
    sent, _ = shop(3, 40, 5)
    lines = sent["lines"].drop_columns(["spent"])
    found = {each.known: each for each in singled_out(events("lines", lines, True), 2, 10_000, 1) if each.with_day}  # type: ignore[arg-type]
    bought: dict[int, set[tuple[str, object]]] = {}
    for row in lines.to_pylist():
        bought.setdefault(row[CUSTOMER], set()).add((row["aisle"], row["at"].date()))
    alone, chance = [], []
    for own in bought.values():
        pairs = [sum(set(pair) <= other for other in bought.values()) for pair in combinations(sorted(own), 2)]
        alone.append(np.mean([size == 1 for size in pairs]))
        chance.append(np.mean([1 / size for size in pairs]))
    assert np.mean(alone) == pytest.approx(found[2].alone, abs=0.1)
    assert np.mean(chance) == pytest.approx(found[2].chance, abs=0.1)


def test_everybody_who_buys_the_same_is_hidden_in_the_crowd() -> None:
    """M11: one hundred customers with the same purchases on the same days: the chance is one in a hundred."""
    who = np.repeat(np.arange(100), 6)
    lines = pa.table(
        {"what": np.tile(np.arange(6), 100), "day": np.tile(np.arange(6), 100).astype("datetime64[D]"), CUSTOMER: who}
    )
    made = events("lines", lines, True)
    assert made is not None
    assert {0.01} == {round(each.chance, 6) for each in singled_out(made, 6, 100, 1)}


def test_without_a_key_a_basket_is_what_joins_rows() -> None:
    """M11: a number that is of one customer each and joins rows is the unit; without one nothing can be joined."""
    who = np.repeat(np.arange(50), 8)
    lines = pa.table({"basket": np.arange(400) // 4, "what": np.arange(400) % 7, CUSTOMER: who})
    made = events("lines", lines, False)
    assert made is not None
    assert ("basket", "what") == (made.unit, made.what)
    assert events("lines", lines.drop_columns(["basket"]), False) is None


def test_small_counts_are_not_shown() -> None:
    """M8: a size of class that fewer than ten customers have is left empty."""
    sent, _ = shop(5, 400, 12)
    towns = sent["people"]["town"].to_pylist()
    towns[:3] = ["Elm", "Fir", "Gum"]
    sent["people"] = sent["people"].set_column(2, "town", pa.array(towns))
    found = identification.find(evidence(deal(("identified", "pseudonymous")), sent, people(400)))
    alone = next(row for series in found.series for row in series.rows if row[0] == "alone")
    assert alone[1] is None


def test_the_same_seed_finds_the_same() -> None:
    """M18: a finding can be repeated."""
    small = evidence(deal(("identified", "pseudonymous")), *shop())
    assert identification.find(small) == identification.find(small)


def test_a_deal_that_nobody_may_be_in_is_measured_as_if_they_were(harbour: Evidence) -> None:
    """M8: whoever asks only for those who stand, where nobody does, does not look harmless by that."""
    nobody = replace(harbour.deal, cohort=replace(harbour.deal.cohort, standing=True))
    found = identification.find(replace(harbour, deal=nobody))
    assert Outcome.REFUSED == found.outcome
    assert "nobody may be in this deal today" in found.assumed[0]
