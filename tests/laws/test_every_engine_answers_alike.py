"""Law 8. A governed answer is the plain answer over what is visible, whichever engine gives it."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import bailee
from bailee import decide
from bailee.engines.postgres.setup import statements
from bailee.gate.gate import Gate
from bailee.people import customers, notices
from bailee.policy import canonical
from bailee.policy.meaning_of_rows import Asked
from bailee.policy.terms import terms_of
from bailee.vocabulary import Act, Choice, Customer, Instrument, Use
from tests.gate.shop import Clock, notice
from tests.placed import ROWS, TYPES, Rows, as_user, in_duckdb, in_parquet, in_postgres
from tests.postgres import Cluster
from tests.rewrite.plain import filtered

HERE = Path(__file__).parent / "engines"
NOW = datetime(2026, 11, 22, 12, 0, 10, tzinfo=UTC)
ASKED = NOW - timedelta(days=60)
ENGINES = ("postgres", "lake", "jvm")
#: One question in so many is asked of Spark's own JVM, which takes seconds for some; `make soak` asks all.
SOME = 8
ANN = bailee.Actor("ann")
#: Everybody whom Bailee knows; 4 refuses, and nobody but those who stand has said yes.
KNOWN, STAND = (1, 2, 3, 4, 5, 6), (1, 2, 3, 5, 6)


@dataclass(frozen=True)
class Case:
    """A question of the corpus: the purpose is in its name."""

    name: str
    sql: str

    @property
    def purpose(self) -> str:
        found = re.search(r", for (\w+)$", self.name)
        return found[1] if found else "offers"


def corpus() -> list[Case]:
    """Every question of the file."""
    text = (HERE / "corpus.sql").read_text(encoding="utf-8")
    return [Case(*map(str.strip, part.split("\n", 1))) for part in text.split("-- case: ")[1:]]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Spark's own JVM does without what only pays for large tables; its plans are the same."""
    folder = tmp_path_factory.mktemp("conf")
    (folder / "spark-defaults.conf").write_text(
        "spark.sql.shuffle.partitions 1\nspark.sql.codegen.wholeStage false\nspark.sql.codegen.factoryMode NO_CODEGEN\n"
        "spark.sql.adaptive.enabled false\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_CONF_DIR", str(folder))
        yield


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, small: None, postgres: Cluster, sail: str) -> Iterator[Gate]:
    """A workspace over the same tables three times: a DuckDB file, a PostgreSQL database, and folders in Spark."""
    home = tmp_path_factory.mktemp("everywhere") / "shop"
    with everywhere(home, ROWS, (HERE / "policy.yaml").read_bytes(), postgres, sail) as opened:
        yield opened


@contextmanager
def everywhere(home: Path, rows: Mapping[str, Rows], policy: bytes, postgres: Cluster, sail: str) -> Iterator[Gate]:
    """The gate of a workspace over these rows in every engine, with the customers on record."""
    home.mkdir()
    in_duckdb(home / "warehouse.duckdb", rows)
    folders = in_parquet(home / "lake", rows)
    url = postgres.new()
    in_postgres(url, rows)
    database = url.split("/")[3].split("?")[0]
    for statement in statements({("public", name): list(columns) for name, columns in TYPES.items()}, "kim", database):
        postgres.run(statement, database)
    tables = ", ".join(f'{name} = "{folder}"' for name, folder in folders.items())
    (home / "bailee.toml").write_text(
        f'[engines.postgres]\nkind = "postgres"\nurl = "{as_user(url, "kim")}"\n'
        f'[engines.lake]\nkind = "spark"\nurl = "{sail}"\ntables = {{{tables}}}\n'
        f'[engines.jvm]\nkind = "spark"\nurl = "local[2]"\ntables = {{{tables}}}\n'
    )
    with bailee.create(home, policy, (HERE / "datamap.yaml").read_bytes(), clock=Clock(ASKED)) as made:
        enrol(made)
    with bailee.open(home, clock=Clock(NOW)) as opened:
        yield opened
    postgres.drop(url)


def enrol(gate: Gate) -> None:
    """Put the customers on record with what they said to every purpose."""
    with gate.database.write() as connection:
        customers.add_many(connection, [customers.NewCustomer(str(n)) for n in KNOWN], gate.clock())
        for key, purpose in gate.promise.policy.purposes.items():
            words = terms_of(gate.promise.policy, purpose)
            notices.register(connection, words, key, "en", f"About {key}.", gate.clock())
    for number in KNOWN:
        for purpose in gate.promise.policy.purposes:
            act = "grant" if number in STAND else "refuse"
            gate.choose(number, act, purpose, instrument="checkbox", notice=notice(gate, purpose))


def answered(gate: Gate, case: Case, engine: str | None) -> tuple[list[str], Any]:
    """Headings and rows of a question's answer; the rows in order where the question asks for one."""
    recipient = "insurer" if case.purpose == "research" else None
    found = gate.ask(case.sql, purpose=case.purpose, recipient=recipient, actor=ANN, engine=engine).arrow()
    rows = list(zip(*(map(plain, column.to_pylist()) for column in found.columns), strict=True))
    return [name.lower() for name in found.column_names], ordered(case, rows)


def ordered(case: Case, rows: list[tuple[object, ...]]) -> Any:
    return rows if " ORDER BY " in case.sql.split(" OVER ")[0] else Counter(rows)


def plain(value: object) -> object:
    """A value in the one kind in which engines' answers compare: numbers to nine places, instants in naive UTC.

    What an average is, a decimal or a double, is each engine's own.
    """
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return round(Decimal(value), 9).normalize() + 0
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    return value


def asked() -> Iterator[Any]:
    """Each engine with each question."""
    java = pytest.mark.skipif(
        shutil.which("java") is None, reason="no `java` was found, so Sail alone stands for Spark"
    )
    for at, case in enumerate(corpus()):
        for engine in ENGINES:
            marks = [java, *([pytest.mark.soak] if at % SOME else [])] if engine == "jvm" else []
            yield pytest.param(case, engine, marks=marks, id=f"{case.name}-{engine}")


@pytest.mark.parametrize(("case", "engine"), list(asked()))
def test_engines_answer_alike(gate: Gate, case: Case, engine: str) -> None:
    """D10.6: The same question gives the same rows as on DuckDB: decimals exact, NULLs and order as asked."""
    expected, found = answered(gate, case, None), answered(gate, case, engine)
    assert expected == found
    assert "CANARY" not in repr(found)
    assert "666" not in repr(found)


@pytest.mark.parametrize("case", [each for each in corpus() if "for" not in each.name and "pseudonym" not in each.name])
def test_the_answer_is_that_over_what_is_visible(gate: Gate, case: Case) -> None:
    """D10.6: DuckDB's answer, with which the others' are compared, is the plain one over what the meaning leaves."""
    policy = gate.promise.policy
    use = Use("offers", ANN)
    ruling = decide.compile(policy, canonical.policy_digest(policy)).rule(use)
    terms = {"t": terms_of(policy, policy.purposes["offers"])}
    people: Mapping[object, Customer] = {number: _customer(number) for number in KNOWN}
    rows = {name: [dict(zip(TYPES[name], row, strict=True)) for row in ROWS[name]] for name in TYPES}
    governed = gate.ask(case.sql, purpose="offers", actor=ANN).governed
    asked = Asked(policy, gate.promise.datamap, use, NOW, people, terms)
    cursor = filtered(asked, ruling, rows, TYPES, governed.tables).execute(case.sql)
    expected = [tuple(map(plain, row)) for row in cursor.fetchall()]
    assert ordered(case, expected) == answered(gate, case, None)[1]


def _customer(number: int) -> Customer:
    act = Act.GRANT if number in STAND else Act.REFUSE
    said = tuple(Choice(purpose, act, ASKED, 1, Instrument.CHECKBOX, "t") for purpose in ("offers",))
    return Customer(str(number), choices=said)


@pytest.mark.parametrize("engine", [None, "postgres", "lake"])
def test_a_withdrawal_counts_at_once(gate: Gate, engine: str | None) -> None:
    """Law 4: What was acknowledged before a question began is honoured by its answer, on every engine."""
    case = Case("withdrawn", "SELECT count(DISTINCT customer_id) AS n FROM orders")
    for _ in range(3):
        before = answered(gate, case, engine)[1]
        gate.choose(6, "withdraw", "offers")
        without = answered(gate, case, engine)[1]
        gate.choose(6, "grant", "offers", instrument="checkbox", notice=notice(gate))
        assert Counter([(Decimal(4),)]) == before == answered(gate, case, engine)[1]
        assert Counter([(Decimal(3),)]) == without


def test_a_persons_rows_are_counted_everywhere(gate: Gate) -> None:
    """What is left of somebody is the same on every engine, told by its name with the SQL that removes it."""
    found = gate.remaining(1)
    assert found.why is None
    here = {name: n for name, n in found.tables.items() if ": " not in name}
    assert {"customers": (1, 0, 0), "orders": (3, 0, 0), "lines": (8, 0, 0), "gifts": (0, 3, 0)} == here
    for engine in ("postgres", "lake"):
        assert here == {
            name.removeprefix(f"{engine}: "): n for name, n in found.tables.items() if name.startswith(f"{engine}: ")
        }
    told = [text for text in found.sql if text.startswith("postgres: DELETE")]
    assert {"customers", "orders", "lines", "gifts"} == {text.split('"')[3] for text in told}
