"""Ways around a rewrite in PostgreSQL, run on a real one: each is refused, or nothing hidden is in answer or error.

The connection is a superuser's, so that nothing but the rewrite stands in the way.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bailee.errors import Refused
from tests.postgres import Cluster
from tests.rewrite import shop as made
from tests.rewrite.postgres_shop import PostgresShop, open_shop

CASES = (Path(__file__).parent / "postgres_bypasses.sql").read_text(encoding="utf-8")
#: What must not come out of any of them, beside the canaries: files, settings, the server, its catalogue.
TOLD = re.compile(r"CANARY|(?<![0-9A-Za-z])666(?![0-9])|PostgreSQL \d|/bailee-postgres-|pg_class|regproc")


def _cases() -> Iterator[tuple[str, str]]:
    for block in re.split(r"^-- case: ", CASES, flags=re.MULTILINE)[1:]:
        name, _, sql = block.partition("\n")
        yield name.strip(), re.sub(r"<U\+([0-9A-F]{4,6})>", lambda found: chr(int(found[1], 16)), sql.strip("\n"))


@pytest.fixture(scope="module")
def shop(postgres: Cluster) -> PostgresShop:
    """One shop for all cases."""
    return open_shop(postgres)


def _fate(shop: PostgresShop, sql: str) -> tuple[str, str]:
    """What became of a case, and all that is shown of it."""
    try:
        return "answered", repr(shop.run(shop.govern(sql, made.ruling())))
    except Refused as refusal:
        return "refused", str(refusal)
    except psycopg.Error as error:
        return "failed", str(error).partition("\nLINE ")[0]


@pytest.mark.parametrize(("name", "sql"), list(_cases()), ids=[name for name, _ in _cases()])
def test_a_bypass_shows_no_hidden_value(shop: PostgresShop, name: str, sql: str) -> None:
    """A bypass is refused, or what it answers or fails with holds no hidden row's or withheld column's value."""
    shown = _fate(shop, sql)[1]
    for word in re.findall(r"CANARY\w*|666|pg_class|regproc", sql):
        shown = shown.replace(word, "")
    assert not TOLD.search(shown), f"{name}: {shown}"


def test_the_plain_questions_show_canaries(shop: PostgresShop) -> None:
    """Without the rewrite, the same connection shows what is hidden."""
    plain = 0
    for _, sql in _cases():
        if re.search("pg_terminate|pg_sleep|COPY", sql):
            continue
        try:
            shop.con.execute("BEGIN; SET LOCAL search_path = public")
            plain += "CANARY" in repr(shop.con.execute(sql, binary=True).fetchall())
        except (psycopg.Error, ValueError):
            pass
        finally:
            shop.con.execute("ROLLBACK")
    assert plain >= 60


def test_all_fates_occur(shop: PostgresShop) -> None:
    """Not everything is refused: a third runs, safely."""
    fates = Counter(_fate(shop, sql)[0] for _, sql in _cases())
    assert fates["answered"] >= 45, fates
    names = [name for name, _ in _cases()]
    assert len(names) == len(set(names))
    assert len(names) >= 240
