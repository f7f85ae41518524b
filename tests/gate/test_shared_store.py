"""A workspace whose store is PostgreSQL: made, opened by several servers, and told of in words."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

import bailee
from bailee.errors import SettingsError, WorkspaceError
from bailee.gate.settings import load_settings
from bailee.gate.workspace import create
from tests.gate.shop import MAP, ORDERS, POLICY, Clock, make, notice, opened
from tests.postgres import Cluster

ROOT = Path(__file__).parents[2]


@pytest.fixture
def url(postgres: Cluster) -> Iterator[str]:
    made = postgres.new()
    yield made
    postgres.drop(made)


@pytest.fixture
def home(url: str, tmp_path: Path) -> Path:
    made = tmp_path / "shop"
    make(made, store=url)
    return made


@pytest.fixture
def elsewhere(home: Path, tmp_path: Path) -> Path:
    """The same workspace on another machine: a copy of its folder, with the same store."""
    copied = tmp_path / "elsewhere"
    shutil.copytree(home, copied)
    return copied


def test_a_workspace_in_a_shared_store(home: Path, url: str) -> None:
    """Its folder says where the store is, for its owner only, and holds no records itself."""
    assert not (home / "state.db").exists()
    assert (url, 0o600) == (load_settings(home).store, (home / "bailee.toml").stat().st_mode & 0o777)
    with bailee.open(home, clock=Clock()) as gate:
        assert url == gate.status().store
        assert [{"customer_id": n, "spent": n * 10} for n in range(1, 7)] == gate.ask(
            ORDERS, purpose="offers"
        ).arrow().to_pylist()
        assert gate.head() == gate.verify()
        assert gate.replay(gate.head().size - 1).agrees


def test_two_servers_see_each_others_choices(home: Path, elsewhere: Path) -> None:
    """What one server acknowledged, the next question on another honours, and its checker within a second."""
    with bailee.open(home, clock=Clock()) as here, bailee.open(elsewhere, clock=Clock()) as there:
        check = there.checker("offers")
        for turn in range(4):
            act, stands = ("withdraw", False) if turn % 2 == 0 else ("grant", True)
            here.choose(1, act, "offers", instrument="checkbox", notice=notice(here) if stands else None)
            ids = there.ask(ORDERS, purpose="offers").arrow().column("customer_id").to_pylist()
            assert stands == (1 in ids)
            assert stands == bool(there.may("offers", customer=1))
            time.sleep(1.05)
            assert stands == bool(check("1"))
        check.close()
        assert here.head() == there.verify()


def test_a_checker_that_looks_again_records_nothing_new(home: Path) -> None:
    """A checker of a shared store looks each second; while nobody's standing differs, one leaf stands for a minute."""
    seconds = [0.0]
    with opened(home, Clock(), monotonic=lambda: seconds[0]) as gate:
        check, before = gate.checker("offers"), gate.head().size
        for _ in range(10):
            assert check("1")
            seconds[0] += 1.0
        assert before + 1 == gate.head().size
        gate.choose(2, "withdraw", "offers")
        assert not check("2")
        assert before + 3 == gate.head().size  # the choice, and an entry that continues the minute
        check.close()
        assert before + 4 == gate.head().size
        assert not check("2")  # which begins anew
        check.close()
        kinds = [gate.leaf(position)["kind"] for position in range(before, gate.head().size)]
        points = ["points_opened", "points_closed"]
        assert ["points_opened", "choice", *points, *points] == kinds


def test_checkers_of_a_shared_store_read_it_once_a_second(home: Path) -> None:
    """However many checkers look again, standing is read for all of them by whoever comes first."""
    seconds, begun = [0.0], []
    with opened(home, Clock(), monotonic=lambda: seconds[0]) as gate:
        checks = [gate.checker(purpose) for purpose in ("offers", "offers", "offers")]
        assert all(check("1") for check in checks)
        event.listen(gate.database._engine, "begin", begun.append)
        for _ in range(5):
            seconds[0] += 1.0
            assert all(check("1") for check in checks)
        # One transaction sees which policy is in force, another what standing is.
        assert 2 * 5 == len(begun)
        gate.choose(1, "withdraw", "offers")
        assert not any(check("1") for check in checks)


def test_standing_read_for_one_checker_is_no_newer_for_another(home: Path, elsewhere: Path) -> None:
    """What another machine acknowledged is honoured within a second of the reading, whichever checker goes by it."""
    seconds = [0.0]
    with opened(home, Clock(), monotonic=lambda: seconds[0]) as here, bailee.open(elsewhere, clock=Clock()) as there:
        first, second = here.checker("offers"), here.checker("offers")
        assert first("1")
        there.choose(1, "withdraw", "offers")
        seconds[0] = 0.9
        second("1")  # goes by what was read for the first
        seconds[0] = 1.0
        assert (False, False) == (bool(first("1")), bool(second("1")))


WRITER = """
import sys, threading
sys.path[:0] = [sys.argv[2], sys.argv[2] + "/src"]
import bailee
from tests.gate.shop import Clock
with bailee.open(sys.argv[1], clock=Clock()) as gate:
    def say(customer):
        for _ in range(15):
            gate.may("offers", customer=customer)
            sys.stdout.write(f"{gate.choose(customer, 'refuse', 'offers').position}\\n")
    threads = [threading.Thread(target=say, args=(customer,)) for customer in range(1, 7)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""


def test_two_processes_append_at_once(home: Path, elsewhere: Path) -> None:
    """No position of the ledger is given twice or left out, and the whole of it verifies."""
    with bailee.open(home, clock=Clock()) as gate:
        before = gate.head().size
        running = [
            subprocess.Popen([sys.executable, "-c", WRITER, str(place), str(ROOT)], stdout=subprocess.PIPE, text=True)
            for place in (home, elsewhere)
        ]
        said = [int(word) for child in running for word in child.communicate()[0].split()]
        assert [0, 0] == [child.returncode for child in running]
        size = gate.verify().size
        assert 2 * 6 * 15 == len(said) == len(set(said))
        kinds = [gate.leaf(position)["kind"] for position in range(before, size)]
        assert sorted(said) == [position for position, kind in enumerate(kinds, before) if kind == "choice"]
        assert len(said) == kinds.count("use")


def test_threads_share_commits(home: Path, postgres: Cluster) -> None:
    """Thirty threads that choose at once need far fewer commits than choices."""
    with bailee.open(home, clock=Clock()) as gate:
        commits = "SELECT max(number) FROM bailee.commits"
        name = gate.status().store.split("/")[3].split("?")[0]
        ((before,),) = postgres.run(commits, name)
        threads = [
            threading.Thread(target=lambda n=n: [gate.choose(n % 12 + 1, "refuse", "offers") for _ in range(4)])  # type: ignore[misc]
            for n in range(30)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ((after,),) = postgres.run(commits, name)
        assert isinstance(before, int)
        assert isinstance(after, int)
        assert after - before < 60
        assert gate.head() == gate.verify()


def test_a_store_that_is_taken(home: Path, url: str, tmp_path: Path) -> None:
    """Another workspace does not take over the records of one, and leaves no files behind."""
    with pytest.raises(WorkspaceError, match="holds a workspace already; name another database"):
        create(tmp_path / "other", POLICY, MAP, store=url)
    assert not (tmp_path / "other").exists()


def test_a_schema_of_its_own(postgres: Cluster, url: str, tmp_path: Path) -> None:
    """It lives beside other tables, and needs no right but those on its own schema."""
    name = url.split("/")[3].split("?")[0]
    postgres.run("CREATE TABLE customers (theirs TEXT)", name)
    postgres.run("CREATE ROLE shopkeeper LOGIN", name)
    try:
        theirs = postgres.url(name, "shopkeeper")
        with pytest.raises(WorkspaceError, match="it needs all rights on the schema `bailee`"):
            create(tmp_path / "shop", POLICY, MAP, store=theirs)
        postgres.run("CREATE SCHEMA bailee AUTHORIZATION shopkeeper", name)
        create(tmp_path / "shop", POLICY, MAP, store=theirs).close()
        with bailee.open(tmp_path / "shop") as gate:
            assert 0 == gate.status().customers
        assert [] == postgres.run("SELECT * FROM public.customers", name)
    finally:
        postgres.drop(url)
        postgres.run("DROP ROLE shopkeeper")


def test_the_url_may_be_in_the_environment(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`env:NAME` keeps the URL, and its password, out of the file."""
    monkeypatch.setenv("SHOP_STORE", url)
    create(tmp_path / "shop", POLICY, MAP, store="env:SHOP_STORE").close()
    assert '[store]\nurl = "env:SHOP_STORE"\n' == (tmp_path / "shop" / "bailee.toml").read_text()
    bailee.open(tmp_path / "shop").close()
    monkeypatch.delenv("SHOP_STORE")
    with pytest.raises(SettingsError, match=r"environment variable `SHOP_STORE`, .* is not set"):
        bailee.open(tmp_path / "shop")


WRONG = {
    "mysql://ann:secret@host/shop": "is no PostgreSQL database, expected `postgresql://user@host:5432/database`",
    "postgresql://ann:secret@host:port/shop": "cannot be read, expected",
    "postgresql://ann:secret@host": "names no database, expected",
    "env:NO_SUCH_SECRET": "the environment variable `NO_SUCH_SECRET`, which should hold the store's URL, is not set",
}


@pytest.mark.parametrize("store", WRONG)
def test_a_url_that_is_none(store: str, tmp_path: Path) -> None:
    """What cannot be a store is told before anything is made, without the password."""
    with pytest.raises(WorkspaceError, match=WRONG[store]) as found:
        create(tmp_path / "shop", POLICY, MAP, store=store)
    assert "secret" not in str(found.value)
    assert not (tmp_path / "shop").exists()
    (tmp_path / "bailee.toml").write_text(f'[store]\nurl = "{store}"\n')
    with pytest.raises(SettingsError, match=WRONG[store]) as told:
        load_settings(tmp_path)
    assert "secret" not in str(told.value)
    assert 2 == told.value.problems[0].line


def test_a_version_comes_into_force_on_every_server(url: str, tmp_path: Path) -> None:
    """Scheduled or published by one server, it rules the next use on the other, whose folder was told nothing."""
    home, clock = tmp_path / "one", Clock()
    make(home, url)
    shutil.copytree(home, tmp_path / "two")
    text = POLICY.replace(b"version: 1", b"version: 2").replace(b"keep: 13 months", b"keep: 3 years")
    (tmp_path / "2.yaml").write_bytes(text)
    (tmp_path / "3.yaml").write_bytes(text.replace(b"version: 2", b"version: 3").replace(b"3 years", b"2 years"))

    def monotonic() -> float:
        return clock.now.timestamp()

    with opened(home, clock, monotonic) as one, opened(tmp_path / "two", clock, monotonic) as two:
        check = two.checker("offers")
        assert (True, True) == (two.may("offers", customer=1).permitted, check(1).permitted)
        one.schedule_policy(tmp_path / "2.yaml", clock.now + timedelta(days=31))
        clock.forward(seconds=1)
        assert (True, True) == (two.may("offers", customer=1).permitted, check(1).permitted)
        clock.forward(days=31)
        assert ["terms_widened"] * 2 == [each.reasons[0].code for each in (check(1), two.may("offers", customer=1))]
        assert 0 == two.ask(ORDERS, purpose="offers").rows
        one.publish_policy(tmp_path / "3.yaml")
        assert 0 == two.ask(ORDERS, purpose="offers").rows
        assert ["3", "3"] == [gate.promise.policy.version for gate in (one, two)]
        clock.forward(seconds=1)
        assert "terms_widened" == check(1).reasons[0].code
        used = [n for n in range(one.verify().size) if one.leaf(n)["kind"] in ("use", "points_opened")]
        assert all(two.replay(n).agrees for n in used)
