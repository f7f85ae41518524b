"""Every known way around a rewrite, with canaries: it is refused, or neither answer nor error has a hidden value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from bailee.errors import Refused
from tests.rewrite import shop as made

CASES = (Path(__file__).parent / "bypasses.sql").read_text(encoding="utf-8")


def _cases() -> Iterator[tuple[str, str]]:
    """Each case of `bypasses.sql`: a line `-- name`, then the statement up to the next such line."""
    for block in re.split(r"^-- case: ", CASES, flags=re.MULTILINE)[1:]:
        name, _, sql = block.partition("\n")
        text = sql.strip("\n")
        yield name.strip(), re.sub(r"<U\+([0-9A-F]{4,6})>", lambda found: chr(int(found[1], 16)), text)


@pytest.fixture(scope="module", params=["joined", "masked"])
def shop(request: pytest.FixtureRequest) -> made.Shop:
    """One shop, locked, for all cases, with each kind of allow table; views live in a cursor of their own."""
    opened = made.open_shop()
    opened.masked = request.param == "masked"
    for question in ("SELECT * FROM customers", "SELECT * FROM orders", "SELECT * FROM lines"):
        opened.run(opened.govern(question, made.ruling()))
    made.lock(opened)
    return opened


def _leaks(text: str) -> bool:
    return "CANARY" in text or re.search(r"(?<![0-9A-Za-z])666(?![0-9])", text) is not None


@pytest.mark.parametrize(("name", "sql"), list(_cases()), ids=[name for name, _ in _cases()])
def test_a_bypass_shows_no_hidden_value(shop: made.Shop, name: str, sql: str) -> None:
    """A bypass is refused, or what it answers or fails with holds no hidden row's or withheld column's value."""
    try:
        governed = shop.govern(sql, made.ruling())
        heading, rows = shop.run(governed)
        shown = repr((heading, rows))
    except Refused as refusal:
        shown = str(refusal)
    except duckdb.Error as error:
        shown = re.sub(r"LINE \d+:.*", "", str(error), flags=re.DOTALL)
    for word in re.findall(r"CANARY\w*|666", sql):
        shown = shown.replace(word, "")
    assert not _leaks(shown), f"{name}: {shown}"


def test_the_canaries_are_there(shop: made.Shop) -> None:
    """The plain question shows every canary, so that their absence elsewhere means something."""
    plain = repr(shop.con.execute("SELECT * FROM company.main.customers, company.main.orders").fetchall())
    assert _leaks(plain)
    assert "CANARYSSN1" in plain


def test_there_are_as_many_cases_as_we_say() -> None:
    """The list is not emptied by an edit, and no name stands twice."""
    names = [name for name, _ in _cases()]
    assert len(names) == len(set(names))
    assert len(names) >= 320
