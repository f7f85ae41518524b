"""Spark's dialect without a Spark: golden pairs, known ways around it, and what its verifier refuses.

On a real Spark the same files run in `tests/engines`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bailee.errors import EngineError, Refused
from bailee.rewrite import rewrite
from tests.rewrite import golden
from tests.rewrite import shop as made
from tests.rewrite import spark_shop as spark

FOLDER = golden.GOLDEN / "spark"
CASES = (Path(__file__).parent / "spark_bypasses.sql").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "purpose", "question", "becomes"), list(golden.cases(FOLDER)))
def test_a_question_becomes_the_governed_sql(name: str, purpose: str, question: str, becomes: str) -> None:
    """The governed SQL is the golden one."""
    assert becomes == golden.text(spark.govern(question, golden.ruling(purpose)))


@pytest.mark.skipif(os.environ.get("BAILEE_GOLDEN") != "write", reason="writes the golden files again")
def test_write_the_golden_files() -> None:
    """Takes the questions as they stand and writes what they become."""
    golden.write(FOLDER, spark.govern)


def cases() -> Iterator[tuple[str, str, str]]:
    """Whether a case runs or is refused, its name, and its statement."""
    for fate, name, sql in re.findall(r"^-- (runs|refused): (.*)\n((?:(?!-- (?:runs|refused): ).*\n?)+)", CASES, re.M):
        yield fate, name, re.sub(r"<U\+([0-9A-F]{4,6})>", lambda found: chr(int(found[1], 16)), sql.strip("\n"))


@pytest.mark.parametrize(("fate", "name", "sql"), list(cases()), ids=[name for _, name, _ in cases()])
def test_a_bypass_is_refused_or_names_our_relations_only(fate: str, name: str, sql: str) -> None:
    """A bypass is refused; a question that is none names governed relations, and no withheld column."""
    try:
        governed = spark.govern(sql)
    except Refused:
        assert "refused" == fate
        return
    assert "runs" == fate, governed.sql
    for relation in spark.serialize(governed.sql)["relations"]:
        assert len(relation) == 1
        assert re.fullmatch(r"bailee_(rel|cte)_\d+", relation[0])
    assert not any(re.search("ssn|note", view.sql) for view in governed.views)


def test_there_are_as_many_cases_as_we_say() -> None:
    """The list is not emptied by an edit, and no name stands twice."""
    names = [name for _, name, _ in cases()]
    assert len(names) == len(set(names)) == CASES.count("\n-- ") + 1
    assert len(names) >= 140


QUESTION = "SELECT total FROM orders"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"statements": 2}, "not one SELECT"),
        ({"relations": None}, "not one SELECT"),
        ({"nodes": None}, "not one SELECT"),
        ({"relations": []}, "other tables"),
        ({"relations": [["bailee_rel_1"], ["bailee_rel_2"]]}, "other tables"),
        ({"relations": [["bailee_rel_1"], ["default", "bailee_rel_1"]]}, "the table `default.bailee_rel_1`"),
        ({"relations": [["bailee_rel_1"], ["parquet", "/etc/passwd"]]}, "the table `parquet./etc/passwd`"),
        ({"functions": [["reflect"]]}, "the function `reflect`"),
        ({"functions": [["default", "upper"]]}, "the function `default.upper`"),
        ({"functions": [[]]}, "the function"),
        ({"ctes": ["customers"]}, "a CTE that we did not see"),
        ({"nodes": ["Project", "ScriptTransformation"]}, "`ScriptTransformation`"),
        ({"nodes": ["UnresolvedHint"]}, "`UnresolvedHint`"),
    ],
)
def test_the_verifier_believes_nothing_else(change: dict[str, Any], words: str) -> None:
    """Whatever Spark reads beside what we wrote is refused."""
    with pytest.raises(Refused, match=re.escape(words)):
        _governed(change)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"functions": [["SUM"], ["system", "builtin", "upper"], ["builtin", "count"]]},
        {"nodes": ["Project", "Filter"]},
    ],
)
def test_the_verifier_knows_what_is_spark_s_own(change: dict[str, Any]) -> None:
    """Built-in functions by their full names are on the list too."""
    assert _governed(change).views


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("coupon RLIKE 'A('", "`RLIKE` is no column of the tables"),
        ("coupon LIKE 'A!%' ESCAPE '!'", "without ESCAPE"),
        ("coupon LIKE coupon", "write it out, without backslashes"),
        ("element_at(array(1), total) = 1", "`element_at` may not be used on rows here"),
        ("to_date(coupon) IS NULL", "`to_date` may not be used on rows here"),
    ],
)
def test_what_may_fail_on_one_row_is_refused(condition: str, words: str) -> None:
    """Without ANSI rules only patterns and odd functions fail; in questions about groups they are refused."""
    with pytest.raises(Refused, match=re.escape(words)):
        spark.govern(f"SELECT count(*) FROM orders WHERE {condition}", golden.ruling("research"))


def test_a_sealed_engine_proves_it_itself() -> None:
    """A server that shows no parse says so, and its engine then proves what a question reads before it runs."""

    def sealed(sql: str) -> dict[str, Any]:
        return {"parse": "sealed"}

    assert rewrite(QUESTION, made.ruling(), made.MAP, spark.CATALOG, sealed, spark.SPARK).views


def _governed(change: dict[str, Any]) -> Any:
    def serialize(sql: str) -> dict[str, Any]:
        return {**spark.serialize(sql), **change}

    return rewrite(QUESTION, made.ruling(), made.MAP, spark.CATALOG, serialize, spark.SPARK)


def test_a_parse_error_of_spark_refuses() -> None:
    """What Spark cannot read is refused in our words."""

    def serialize(sql: str) -> dict[str, Any]:
        raise EngineError("x", kind="parser error")

    with pytest.raises(Refused, match="not one SELECT"):
        rewrite(QUESTION, made.ruling(), made.MAP, spark.CATALOG, serialize, spark.SPARK)
