"""Bringing in files: a million choices of half a million customers, each round in a process of its own.

So its peak memory is that of the import. Deriving everybody's standing afterwards is told apart.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from bench.figure import Figure

CUSTOMERS, CHOICES, ROUNDS = 500_000, 1_000_000, 3
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PURPOSES = ("offers", "insight", "research", "advice", "service", "fraud", "recommendations", "reports")

HEADER = (
    *("customer", "purpose", "act", "at", "instrument"),
    *("notice", "language", "recipient", "channel", "evidence"),
)

ROUND = """
import json, resource, sys, time
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from bench import imports
print(json.dumps(imports.round(Path(sys.argv[1]))))
"""


def rows(customers: int = CUSTOMERS, count: int = CHOICES, rounds: int = ROUNDS) -> Iterable[Figure]:
    """Rows a second, the memory of the process, and what deriving takes."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), customers, count)
        roots = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "src")]
        found = []
        for _ in range(rounds):
            done = subprocess.run(
                [sys.executable, "-c", ROUND, folder, *roots], check=True, capture_output=True, text=True
            )
            found.append(json.loads(done.stdout))
    yield _rate("choices from CSV", count, [each["choices"] for each in found], 100_000)
    yield _rate("choices from CSV, processor time only", count, [each["choices_cpu"] for each in found], None)
    yield _rate(
        "choices from the same rows as Parquet, all on record already", count, [e["parquet"] for e in found], None
    )
    yield _rate("customers from CSV", customers, [each["customers"] for each in found], None)
    yield Figure("peak memory of the process", max(each["peak"] for each in found) / 1024, "MiB")
    yield Figure("of that before the choices", max(each["before"] for each in found) / 1024, "MiB")
    derived = [each["derive"] for each in found]
    yield Figure(
        "deriving everybody's standing, 8 purposes",
        min(derived),
        "s",
        spread=f"{min(derived):.2f} to {max(derived):.2f} s",
    )
    yield Figure("reading everybody's standing into memory", min(each["publish"] for each in found), "s")
    yield Figure("recording a withdrawal and deriving it", min(each["one"] for each in found) * 1e3, "ms")
    yield Figure("database on disk", max(each["bytes"] for each in found) / 2**20, "MiB")


def _rate(name: str, count: int, seconds: list[float], bar: int | None) -> Figure:
    best = count / min(seconds)
    told = f"at least {bar:,}" if bar else None
    return Figure(
        name, best, "rows/s", told, best >= bar if bar else None, f"{min(seconds):.2f} to {max(seconds):.2f} s"
    )


def write(folder: Path, customers: int, count: int) -> None:
    """Write the files: half of the customers say something twice, with evidence and times of the last two years."""
    import csv

    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    luck = Random(20261122)
    with (folder / "customers.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["key", "born", "place", "last_activity"])
        for number in range(customers):
            born = f"{luck.randrange(1940, 2015)}-{luck.randrange(1, 13):02}-{luck.randrange(1, 29):02}"
            out.writerow([f"hh-{number:07}", born, luck.choice(["US-VT", "US-MA", "DE", "GB-ENG", ""]), ""])
    notices = {purpose: notice(purpose) for purpose in PURPOSES}
    with (folder / "choices.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow([*HEADER])
        for row in range(count):
            purpose = luck.choice(PURPOSES)
            act = luck.choice(["grant", "grant", "grant", "withdraw", "refuse"])
            at = NOW - timedelta(seconds=luck.random() * 6e7)
            out.writerow(
                [
                    f"hh-{luck.randrange(customers):07}",
                    purpose,
                    act,
                    at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                    luck.choice(["checkbox", "banner", "api"]),
                    notices[purpose] if act == "grant" else "",
                    "en",
                    "",
                    "",
                    f"form {row}",
                ]
            )
    pq.write_table(pc.read_csv(folder / "choices.csv"), folder / "choices.parquet")


def policy() -> object:
    from bailee.policy.model import Keep, Policy, Purpose, Who
    from bailee.policy.units import Duration
    from bailee.vocabulary import Basis, Effect, Treatment

    made = {
        key: Purpose(
            key,
            key,
            "analytics.reporting",
            Basis.LEGITIMATE_INTEREST if key == "fraud" else Basis.CONSENT,
            frozenset({Effect.LEARN}),
            "because",
            "something",
            "something",
            {"user.contact": Treatment.CLEAR},
            Keep(Duration(months=13)),
            who=Who(min_age=18 if key == "offers" else None),
            consent_lasts=Duration(months=24) if key == "advice" else None,
        )
        for key in PURPOSES
    }
    return Policy("Marigold", "v1", made)


def notice(purpose: str) -> str:
    from bailee.people import notices
    from bailee.policy.terms import terms_of

    ours = policy()
    return notices.digests(terms_of(ours, ours.purposes[purpose]), purpose, "en", "we ask")[1]  # type: ignore[attr-defined,arg-type]


def round(folder: Path) -> dict[str, float]:
    """Import everything once into a new database; seconds, and kibibytes of memory."""
    import resource
    import time

    from bailee import decide
    from bailee.people import choices, notices
    from bailee.people.choices import Said
    from bailee.people.customer_imports import import_customers
    from bailee.people.database import open_database
    from bailee.people.imports import import_choices
    from bailee.people.kinds import Kind
    from bailee.people.standing import Board
    from bailee.policy import canonical
    from bailee.policy.terms import terms_of

    ours = policy()
    for old in folder.glob("state.db*"):
        old.unlink()
    database = open_database(folder / "state.db", create=True)
    with database.write() as connection:
        for key, each in ours.purposes.items():  # type: ignore[attr-defined]
            notices.register(connection, terms_of(ours, each), key, "en", "we ask", NOW)  # type: ignore[arg-type]
    found: dict[str, float] = {}

    def timed(name: str, job: object) -> object:
        wall, cpu = time.perf_counter(), time.process_time()
        result = job()  # type: ignore[operator]
        found[name], found[f"{name}_cpu"] = time.perf_counter() - wall, time.process_time() - cpu
        return result

    def choose(file: str) -> object:
        return import_choices(
            database,
            ours,
            folder / file,
            NOW,
            by="bench",
        )

    def peak() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    timed("customers", lambda: import_customers(database, folder / "customers.csv", NOW, by="bench"))
    found["before"] = peak()
    timed("choices", lambda: choose("choices.csv"))
    found["peak"] = peak()
    compiled = decide.compile(ours, canonical.policy_digest(ours))  # type: ignore[arg-type]

    def derive() -> None:
        from bailee.people.derivation import derive

        with database.write() as connection:
            derive(connection, compiled, NOW)

    timed("derive", derive)
    board = Board(database)
    timed("publish", lambda: board.fresh(compiled, NOW))

    def one() -> None:
        said = Said("hh-0000007", Kind("offers", "withdraw", "api"), NOW)
        with database.write() as connection:
            choices.record(connection, ours, said, NOW)  # type: ignore[arg-type]
        board.fresh(compiled, NOW)

    timed("one", one)
    found["bytes"] = sum(file.stat().st_size for file in folder.glob("state.db*"))
    timed("parquet", lambda: choose("choices.parquet"))
    return found


if __name__ == "__main__":
    for figure in rows():
        print(figure)
