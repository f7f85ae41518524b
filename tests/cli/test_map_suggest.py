"""`bailee map suggest`: what it prints and writes, what it never writes over, and the status by which a build fails."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from bailee.policy.datamap import load_map
from tests.cli.conftest import Shop

HANDY = "'+1 202 555 01' || lpad((n % 100)::VARCHAR, 2, '0')"


def written(shop: Shop, *statements: str) -> None:
    with duckdb.connect(str(shop.home / "warehouse.duckdb")) as con:
        for statement in statements:
            con.execute(statement)


@pytest.fixture
def grown(shop: Shop) -> Shop:
    """The shop after a release that nobody told the data map of."""
    written(
        shop,
        "ALTER TABLE orders ADD COLUMN ip_address VARCHAR",
        "UPDATE orders SET ip_address = '203.0.113.' || order_id",
        f"CREATE TABLE callers AS SELECT n AS call_id, {HANDY} AS c1, 'canary' || n AS c2 FROM range(60) t(n)",
        "CREATE TABLE weather AS SELECT n AS week, n * 1.5 AS rain FROM range(60) t(n)",
    )
    return shop


def test_a_mapped_shop(shop: Shop) -> None:
    """Where there is nothing to suggest it says so, and the check passes."""
    done = shop.run("map", "suggest", "--check")
    assert (0, "every column is mapped; nothing to suggest\n") == (done.exit_code, done.stdout)


def test_what_is_printed(grown: Shop) -> None:
    """Each table has what is proposed for it, each column what it says, how sure that is and why, and never a value."""
    done = grown.run("map", "suggest")
    assert 0 == done.exit_code
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert "orders: 60 rows; in the map, but for 1 column" in lines
    assert "  ip_address  user.device.ip_address  sure" in lines
    assert any(line.endswith("its name says so (`ipaddress`); 100 % look like IP addresses") for line in lines)
    assert "weather: 60 rows; about nobody: no column speaks of people, and none holds customers' keys" in lines
    assert "  2 columns: system.operations" in lines
    assert "canary" not in done.stdout
    assert "203.0" not in done.stdout


def test_the_document(grown: Shop) -> None:
    """With --json all is there, as it was recorded."""
    told = json.loads(grown.run("map", "suggest", "--table", "orders", "--json").stdout)
    (orders,) = told["tables"]
    (column,) = orders["columns"]
    assert (1, True, 60) == (told["personal"], orders["mapped"], orders["rows"])
    assert ("user.device.ip_address", "sure") == (column["category"], column["confidence"])
    assert isinstance(told["receipt"], int)


def test_the_status_of_a_check(grown: Shop) -> None:
    """M9: with --check a build fails where the map lacks what is surely or likely personal, and only there."""
    assert 1 == grown.run("map", "suggest", "--check").exit_code
    assert 0 == grown.run("map", "suggest", "--check", "--table", "weather").exit_code


def test_a_draft_that_check_reads(grown: Shop, tmp_path: Path) -> None:
    """The draft is a data map that is read without a problem, and stands on standard output as in a file."""
    file = tmp_path / "draft.yaml"
    assert 0 == grown.run("map", "suggest", "--out", file).exit_code
    assert {"weather"} == set(load_map(file).tables)
    assert 0o600 == file.stat().st_mode & 0o777
    printed = grown.run("map", "suggest", "--out", "-").stdout
    assert file.read_text(encoding="utf-8") == printed
    assert "canary" not in printed


def test_a_copy_of_the_map(grown: Shop, tmp_path: Path) -> None:
    """With --merge the workspace's map is copied with the suggestions in it; in its place, `check` finds no mistake."""
    file = tmp_path / "merged.yaml"
    assert 0 == grown.run("map", "suggest", "--merge", "--out", file).exit_code
    before = (grown.home / "datamap.yaml").read_text(encoding="utf-8").splitlines()
    lines = iter(file.read_text(encoding="utf-8").splitlines())
    assert all(line in lines for line in before)
    file.replace(grown.home / "datamap.yaml")
    done = grown.run("check", "--json")
    assert 0 == json.loads(done.stdout)["errors"], done.stdout
    assert not [each for each in json.loads(done.stdout)["problems"] if "lacks" in each["message"]]


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("--out", "datamap.yaml"), 1, "is the workspace's data map and was left as it is: name another file"),
        (("--merge", "--out", "datamap.yaml"), 1, "is the workspace's data map and was left as it is"),
        (("--out", "policy.yaml"), 1, "exists already and was left as it is"),
        (("--merge",), 2, "name it with `--out FILE`"),
        (("--json", "--out", "-"), 2, "are two forms on one output: give one"),
        (("--table", "ordrs"), 1, "the engine has no table `ordrs`; did you mean `orders`?"),
        (("--engine", "lake"), 1, "`lake`"),
        (("--sample", "3"), 2, "100<=x<=100000"),
    ],
)
def test_what_is_refused(grown: Shop, words: tuple[str, ...], status: int, told: str) -> None:
    """M5: nothing is written over, and each refusal names the remedy before anything was looked at."""
    before = (grown.home / "datamap.yaml").read_bytes()
    words = tuple(str(grown.home / word) if word.endswith(".yaml") else word for word in words)
    done = grown.run("map", "suggest", *words)
    assert status == done.exit_code
    assert told in " ".join(done.output.replace("│", " ").split())
    assert before == (grown.home / "datamap.yaml").read_bytes()


def test_nothing_that_could_be_a_map(shop: Shop, tmp_path: Path) -> None:
    """Where only tables of the map have new columns, a draft of other tables cannot be, and --merge is named."""
    written(shop, "ALTER TABLE orders ADD COLUMN ip_address VARCHAR")
    done = shop.run("map", "suggest", "--out", tmp_path / "draft.yaml")
    assert 1 == done.exit_code
    assert "--merge writes them into a copy of it" in done.stderr
    assert not (tmp_path / "draft.yaml").exists()


def test_check_warns_by_names_alone(grown: Shop) -> None:
    """M9: `bailee check` reads no data, and warns of a new column of a mapped table that is personal by its name."""
    problems = json.loads(grown.run("check", "--json").stdout)["problems"]
    (found,) = [each for each in problems if "lacks" in each["message"]]
    assert ("warning", "datamap.yaml") == (found["severity"], found["file"])
    assert (
        "`orders` has columns that the map lacks and that are personal by their names: `ip_address` "
        in found["message"]
    )
