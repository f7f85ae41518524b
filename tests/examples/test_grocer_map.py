"""The grocer's policy refuses what it should, and its `reveals` rules find what real products give away."""

from __future__ import annotations

import re

import duckdb
import pytest

from bailee.examples import grocer
from bailee.policy.lint import lint
from bailee.policy.meaning import category_treatment, column_treatment, refusals, subject_treatment
from bailee.policy.model import DataMap, Policy
from bailee.policy.special import is_special
from bailee.vocabulary import Actor, Basis, Effect, Treatment, Use

COUNTS = """
    SELECT count(DISTINCT p.product_id), count(t.household_id), count(DISTINCT t.household_id)
    FROM products p LEFT JOIN transactions t USING (product_id) WHERE """


def _of_readme() -> list[tuple[str, int, int, int]]:
    text = (grocer.FOLDER / "README.md").read_text()
    rows = re.findall(r"^\| [^|]+ \| (user\.[a-z_.]+) \| (\d+) \| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    return [(category, int(a), int(b), int(c)) for category, a, b, c in rows]


def _use(policy: Policy, purpose: str) -> Use:
    return Use(purpose, Actor("somebody", policy.purposes[purpose].roles), own=policy.purposes[purpose].own_request)


def test_every_purpose_but_the_proposal_is_permitted(policy: Policy) -> None:
    """Standards refuse the drafted purpose and nothing else; no key is one that this version cannot enforce."""
    refused = {key for key in policy.purposes if refusals(policy, _use(policy, key))}
    assert refused == {"premium_setting"}


def test_the_check_finds_what_is_meant_to_be_found(policy: Policy, datamap: DataMap) -> None:
    """The proposal that nobody may use, and nothing else."""
    (proposal,) = lint(policy, datamap)
    assert policy.line("purposes", "premium_setting") == proposal.problem.line


def test_three_columns_are_read_only_to_see_what_a_deal_would_give_away(policy: Policy, datamap: DataMap) -> None:
    """Income, home ownership and marital status serve no customer: no purpose but the weighing of offers reads them."""
    table = datamap.tables["demographics"]
    for name in ("income", "home_ownership", "marital_status"):
        ours = [key for key, purpose in policy.purposes.items() if not purpose.own_request]
        readers = {
            key for key in ours if column_treatment(policy, _use(policy, key), table, name) is not Treatment.WITHHELD
        }
        assert readers == {"weigh_offers"}


@pytest.mark.parametrize("effect", [None, Effect.PRICE, Effect.ADVERSE])
def test_underwriting_is_refused_by_a_standard(policy: Policy, effect: Effect | None) -> None:
    """The insurer's proposal fails on the standard that is about it, whichever effect is asked for."""
    use = Use("premium_setting", Actor("sam", frozenset({"sales"})), effect, "harbour_mutual")
    first = refusals(policy, use)[0]
    assert (first.code, "no_individual_underwriting" in first.sentence) == ("standard", True)


def test_no_marketing_and_no_outsider_reads_what_is_intimate(policy: Policy, datamap: DataMap) -> None:
    """Whatever a basket reveals is withheld from marketing and from every third party."""
    revealed = {rule.category for rule in datamap.tables["products"].reveals}
    outside = [p.key for p in policy.purposes.values() if set(p.recipients) & {"harbour_mutual", "northfield_foods"}]
    for purpose in ["personal_offers", *outside]:
        seen = {category_treatment(policy, _use(policy, purpose), category) for category in revealed}
        assert seen == {Treatment.WITHHELD}, purpose


def test_special_categories_are_read_by_five_purposes_only(policy: Policy, datamap: DataMap) -> None:
    """To pack, to keep the books, to show people themselves, to weigh offers, and to advise who asked, by health."""
    special = {rule.category for rule in datamap.tables["products"].reveals if is_special(policy, rule.category)}
    readers = {
        key: {c for c in special if category_treatment(policy, _use(policy, key), c) is not Treatment.WITHHELD}
        for key in policy.purposes
    }
    assert {key: read for key, read in readers.items() if read} == {
        "fulfil_orders": special,
        "tax_records": special,
        "answer_requests": special,
        "weigh_offers": special,
        "health_advice": {"user.health_and_medical"},
    }


def test_no_role_sees_receipts_by_card_and_by_pseudonym(policy: Policy, datamap: DataMap) -> None:
    """Receipt numbers would join the two, so whoever sees lines under a pseudonym never sees them under the card."""
    lines, subject = datamap.tables["transactions"], [datamap.tables["transactions"]]
    seen: dict[str, set[Treatment]] = {}
    for key in set(policy.purposes) - {"premium_setting"}:
        use = _use(policy, key)
        if column_treatment(policy, use, lines, "basket_id") is Treatment.CLEAR:
            for role in policy.purposes[key].roles:
                seen.setdefault(role, set()).add(subject_treatment(policy, use, subject))
    assert {role: len(treatments) for role, treatments in seen.items()} == dict.fromkeys(seen, 1)


def test_health_answers_are_for_their_programme_alone(datamap: DataMap) -> None:
    """What was volunteered to the dietitians is for no other purpose but showing it to whoever volunteered it."""
    kept = frozenset({"health_advice", "answer_requests"})
    assert datamap.tables["synthetic_health_answers"].only_for == kept


def test_optional_choices_never_stand_under_a_service(policy: Policy) -> None:
    """An order and its delivery rest on the contract, so refusing everything costs no service."""
    needed = {key: purpose.basis for key, purpose in policy.purposes.items() if key.endswith("_orders")}
    assert set(needed.values()) == {Basis.CONTRACT}


def test_every_rule_matches_real_products_and_the_readme_says_how_many(
    warehouse: duckdb.DuckDBPyConnection, datamap: DataMap
) -> None:
    """The README's table is what its query gives today, rule by rule, and no rule is idle."""
    counted = [
        (rule.category, *warehouse.execute(COUNTS + str(rule.when)).fetchone())
        for rule in datamap.tables["products"].reveals
    ]
    assert counted == _of_readme()
    assert min(products for _, products, _, _ in counted) > 0


def test_only_products_of_which_nothing_is_known_are_in_doubt(
    warehouse: duckdb.DuckDBPyConnection, datamap: DataMap
) -> None:
    """A rule is unsure only where neither aisle nor kind is recorded, or the kind alone is recorded and sensitive."""
    for rule in datamap.tables["products"].reveals:
        doubted = warehouse.execute(
            f"SELECT DISTINCT product_category, product_type FROM products WHERE ({rule.when}) IS NULL"
        ).fetchall()
        kinds = {kind for category, kind in doubted if kind is not None}
        assert all(category is None for category, _ in doubted)
        assert kinds <= {"CIGARETTES", "CHEWING TOBACCO", "BEERALEMALT LIQUORS", "VODKAS(42 UNDER PROOF)"}


@pytest.mark.parametrize(
    "kind",
    [
        "PREGNANCY TEST KITS",
        "PROPHYLACTICS",
        "FEMALE CONTRACEPTIVES",
        "SLEEPING AIDS",
        "HEMORRHOIDAL",
        "LAXATIVES",
        "DIET CONTROL TABLETS/CAPSULE",
        "SMOKING CESSATION",
        "FEM YEAST TREATMENTS",
        "RX MEDICATED OTC DRUGS",
        "KOSHER FOODS",
        "KOSHER/SPECIALTY",
        "ETHNIC HAIR CARE",
        "BABY DIAPERS",
        "INFANT FORMULA MILK BASE",
        "BABY FOOD - BEGINNER",
        "CIGARETTES",
        "SNUFF",
        "BEERALEMALT LIQUORS",
        "TRADITIONAL VODKA",
        "ITALIAN WINES",
    ],
)
def test_no_aisle_hides_a_kind_from_the_rules(
    warehouse: duckdb.DuckDBPyConnection, datamap: DataMap, kind: str
) -> None:
    """Every product of a sensitive kind is caught or in doubt, in whichever aisle it stands."""
    rules = " OR ".join(f"coalesce({rule.when}, true)" for rule in datamap.tables["products"].reveals)
    missed = warehouse.execute(
        f"SELECT product_category FROM products WHERE product_type = ? AND NOT ({rules})", [kind]
    ).fetchall()
    there = warehouse.execute("SELECT count(*) FROM products WHERE product_type = ?", [kind]).fetchone()
    assert (missed, there > (0,)) == ([], True)


def test_the_readme_counts_what_is_hidden_from_offers(warehouse: duckdb.DuckDBPyConnection, datamap: DataMap) -> None:
    """Lines hidden by the rules, by what is not recorded, and by products that the list lacks."""
    rules = " OR ".join(f"coalesce({rule.when}, true)" for rule in datamap.tables["products"].reveals)
    lines, households = warehouse.execute(
        f"""SELECT count(*), count(DISTINCT household_id) FROM transactions
            WHERE product_id NOT IN (SELECT product_id FROM products WHERE NOT ({rules}))"""
    ).fetchone()
    coupons = warehouse.execute(
        f"""SELECT count(*) FROM coupon_redemptions WHERE coupon_upc IN (
            SELECT coupon_upc FROM coupons
            WHERE product_id NOT IN (SELECT product_id FROM products WHERE NOT ({rules})))"""
    ).fetchone()
    text = " ".join((grocer.FOLDER / "README.md").read_text().split())
    assert f"{lines:,} lines (3.3 %) of {households:,} households" in text
    assert f"{coupons[0]} of 2,102 are hidden" in text
