"""Standing columns and row-level security of a PostgreSQL server, on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import bailee
from tests.postgres import Cluster
from tests.standing_shop import Shop

OFFERS = ("--purpose", "offers", "--role", "dashboard")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, postgres: Cluster) -> Iterator[Shop]:
    made = Shop(tmp_path_factory.mktemp("doors") / "shop", postgres)
    made.make()
    made.run("CREATE ROLE dashboard LOGIN")
    yield made
    postgres.drop(made.url)
    postgres.run("DROP ROLE dashboard")


def test_columns_are_kept(shop: Shop) -> None:
    """The first time all rows, then nothing; on an engine of any kind that has some."""
    first = bailee("engines", "maintain", "--home", str(shop.home))
    assert (0, "") == (first.exit_code, first.stderr)
    assert "orders.bailee_standing: 12 rows written, for the standing of all customers" in first.stdout
    assert bailee("engines", "maintain", "--home", str(shop.home)).stdout.startswith("nothing to do")


def test_what_is_printed_can_be_run(shop: Shop) -> None:
    """It says what changes and what is left out, and every statement runs as it is printed; so does the undoing."""
    shown = bailee("engines", "emit-rls", *OFFERS, "--home", str(shop.home))
    assert shown.exit_code == 0
    assert "without the gate seeing each question" in shown.stdout
    assert "`customers.age` is left out" in shown.stdout
    assert "nothing was run" in shown.stderr
    shop.run(shown.stdout)
    assert shop.read("SELECT count(*) FROM orders", "dashboard") == [(7,)]
    undo = bailee("engines", "emit-rls", "--role", "dashboard", "--undo", "--home", str(shop.home))
    shop.run(undo.stdout)
    assert [(0,)] == shop.read("SELECT count(*) FROM pg_policy")


def test_it_is_run_as_the_owner(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the owner's URL from the environment; a superuser's is enough, the keeper's own is not."""
    run = ("engines", "emit-rls", *OFFERS, "--run", "--json", "--home", str(shop.home))
    monkeypatch.setenv("BAILEE_OWNER_URL", shop.url)
    done = json.loads(bailee(*run).stdout)
    assert (True, "dashboard") == (done["ran"], done["role"])
    assert shop.read("SELECT count(*) FROM orders", "dashboard") == [(7,)]
    assert 0 == bailee("engines", "test", "--home", str(shop.home)).exit_code
    monkeypatch.setenv("BAILEE_OWNER_URL", shop.cluster.url(shop.name, "kim"))
    refused = bailee(*run)
    assert refused.exit_code == 1
    assert "so none was" in refused.stdout


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--role", "dashboard"), 2, "needs --purpose"),
        (("--role", "nobody_here", "--purpose", "offers"), 3, "there is no role `nobody_here`"),
        (("--role", "dashboard", "--purpose", "research", "--to", "insurer"), 3, "about groups"),
        (("--role", "dashboard", "--purpose", "offers", "--lag", "0"), 1, "a lag of 0 seconds"),
        (("--role", "nobody_here", "--undo"), 1, "no door was made for `nobody_here`"),
    ],
)
def test_what_cannot_be_is_told(shop: Shop, words: tuple[str, ...], status: int, said: str) -> None:
    """Each with its exit status, in a sentence."""
    asked = bailee("engines", "emit-rls", *words, "--home", str(shop.home))
    assert status == asked.exit_code
    assert said in asked.stderr.replace("\n", " ")


def test_another_kind_of_engine_has_no_doors(tmp_path: Path) -> None:
    """DuckDB has no roles."""
    from tests.gate.shop import make

    make(tmp_path / "shop")
    asked = bailee("engines", "emit-rls", *OFFERS, "--home", str(tmp_path / "shop"))
    assert asked.exit_code == 1
    assert "written for PostgreSQL" in asked.stderr
