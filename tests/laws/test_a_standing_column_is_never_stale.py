"""Law 4. A standing column is used only where it says what a join would say now, whatever was done to anything.

A company's DuckDB file with a standing column: customers choose, come and are erased, the company inserts rows, gives
them to others and puts old copies of its file back, time passes, the gate is opened again, and maintenance runs or does
not, in any order. Each answer is compared with raw SQL over the rows of those who stand by point look-ups.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import duckdb
import pytest

import bailee
from bailee.people import customers
from tests.gate.shop import NOW, Clock, grant, make

ORDERS = "SELECT customer_id, total FROM orders"
STEPS = int(os.environ.get("BAILEE_SOAK_STEPS", "30"))


class Shop:
    """One shop, and everything that may happen to it."""

    def __init__(self, home: Path, luck: Random) -> None:
        self.home, self.luck, self.clock = home, luck, Clock()
        self.file = home / "warehouse.duckdb"
        self.people = list(range(1, 13))
        self.gone: set[int] = set()
        self.copies: list[Path] = []
        self.gate = bailee.open(home, clock=self.clock)

    @contextmanager
    def written(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The company writes its file while no question holds it."""
        with self.gate._sets().engine.released(), duckdb.connect(str(self.file)) as con:
            yield con

    def choose(self) -> None:
        person = self.luck.choice([n for n in self.people if n not in self.gone])
        purpose = self.luck.choice(["offers", "offers", "research"])
        if self.luck.random() < 0.5:
            grant(self.gate, person, purpose)
        else:
            self.gate.choose(person, "withdraw", purpose)

    def come(self) -> None:
        self.people.append(max(self.people) + 1)
        with self.gate.database.write() as connection:
            customers.add_many(connection, [customers.NewCustomer(str(self.people[-1]))], self.clock())
        if self.luck.random() < 0.7:
            grant(self.gate, self.people[-1])

    def erase(self) -> None:
        here = [n for n in self.people if n not in self.gone]
        if len(here) > 6:
            self.gone.add(self.luck.choice(here))
            self.gate.erase(*[n for n in here if n in self.gone], anew=False)

    def insert(self) -> None:
        person = self.luck.choice([*self.people, 999, None])
        with self.written() as con:
            con.execute(
                "INSERT INTO orders (customer_id, total, coupon, placed) VALUES (?, ?, 'x', ?)",
                [person, self.luck.randrange(99), NOW.replace(tzinfo=None)],
            )

    def move(self) -> None:
        """Rows change hands, with whatever bits they have."""
        with self.written() as con:
            one, other = self.luck.sample(self.people, 2)
            con.execute("UPDATE orders SET customer_id = ? WHERE customer_id = ?", [one, other])

    def copy(self) -> None:
        with self.gate._sets().engine.released():
            self.copies.append(self.home / f"copy-{len(self.copies)}")
            shutil.copy2(self.file, self.copies[-1])

    def put_back(self) -> None:
        """An old copy with the times that it had, in the place of the file or over it."""
        if not self.copies:
            return self.copy()
        copy, beside = self.luck.choice(self.copies), self.home / "beside"
        with self.gate._sets().engine.released():
            old = self.file.stat()
            if self.luck.random() < 0.5:
                shutil.copy2(copy, beside)
                beside.replace(self.file)
            else:
                shutil.copyfile(copy, self.file)
            os.utime(self.file, ns=(old.st_atime_ns, old.st_mtime_ns))
        return None

    def later(self) -> None:
        self.clock.forward(days=self.luck.choice([1, 30]))

    def again(self) -> None:
        self.gate.close()
        self.gate = bailee.open(self.home, clock=self.clock)

    def maintain(self) -> None:
        assert self.gate.maintain().fresh

    def step(self) -> str:
        """Something happens."""
        rare: list[Callable[[], object]] = [self.come, self.erase, self.insert, self.move, self.copy, self.later]
        acts = [self.choose] * 6 + [self.maintain] * 9 + rare + [self.again] + [self.put_back] * 3
        act = self.luck.choice(acts)
        act()
        return act.__name__

    def compare(self) -> str:
        """The answer, against all rows of the file whose customers stand one by one; by which way it was had."""
        answer = self.gate.ask(ORDERS, purpose="offers")
        cutoff = answer.cutoff
        assert cutoff is not None
        stand = {int(row.customer) for row in self.gate.standing("offers") if row.stands}
        with self.gate._sets().engine.released(), duckdb.connect(str(self.file), read_only=True) as con:
            rows = con.execute(f"{ORDERS} WHERE placed > ?", [cutoff.replace(tzinfo=None)]).fetchall()
        expected = Counter(row for row in rows if row[0] in stand)
        assert expected == Counter(tuple(row.values()) for row in answer.arrow().to_pylist())
        return answer.ways[0].by


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("columns") / "shop"
    make(home)
    text = (home / "datamap.yaml").read_text(encoding="utf-8")
    text = text.replace("{subject: customer_id, at: placed", "{subject: customer_id, at: placed, standing: bailee")
    (home / "datamap.yaml").write_text(text, encoding="utf-8")
    return home


@pytest.mark.parametrize("seed", range(2))
def test_an_answer_is_what_a_join_would_say(made: Path, tmp_path: Path, seed: int) -> None:
    """Whatever happened before, and by whichever way it is answered."""
    home = tmp_path / "shop"
    shutil.copytree(made, home)
    shop = Shop(home, Random(seed))
    done, by = [], Counter[str]()
    try:
        for _ in range(STEPS):
            done.append(shop.step())
            by[shop.compare()] += 1
    except AssertionError as error:
        raise AssertionError(f"after {done}: {error}") from error
    finally:
        shop.gate.close()
    assert by["column"] > STEPS / 9, by
    assert by["mask"] > STEPS / 9, by
