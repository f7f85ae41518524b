"""The two stores side by side: how long until a choice is acknowledged, which is on the disk then, and files imported.

A choice goes through `gate.choose`, with its leaf in the ledger; writers are threads of one process, each with the next
choice as soon as the last one was acknowledged. PostgreSQL runs beside, behind a socket, with its own settings.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from importlib.resources import files
from pathlib import Path

import bailee
from bailee import decide
from bailee.gate.gate import Gate
from bailee.people import notices
from bailee.people.customer_imports import import_customers
from bailee.people.derivation import derive
from bailee.people.imports import import_choices
from bailee.policy import canonical
from bailee.policy.terms import terms_of
from bench import imports
from bench.figure import Figure
from tests.postgres import Cluster
from tests.stores import make

WRITERS, SECONDS, PEOPLE = (1, 8, 64), 3.0, 640
CUSTOMERS, CHOICES = 50_000, 100_000
STORES = ("SQLite", "PostgreSQL")


def rows() -> Iterable[Figure]:
    """Choices acknowledged durably with 1, 8 and 64 writers, and a file of 100,000 imported and derived, on both."""
    cluster = Cluster()
    try:
        with tempfile.TemporaryDirectory() as folder:
            found = list(_acknowledged(Path(folder), cluster))
            found += _imported(Path(folder), cluster)
        return found
    finally:
        cluster.remove()


def _acknowledged(folder: Path, cluster: Cluster) -> Iterator[Figure]:
    starter = files("bailee.examples") / "starter"
    documents = [(starter / name).read_bytes() for name in ("policy.yaml", "datamap.yaml")]
    people = folder / "people.csv"
    people.write_text("key\n" + "".join(f"c{number}\n" for number in range(PEOPLE)))
    gates = {}
    for name in STORES:
        url = None if name == "SQLite" else cluster.new()
        gates[name] = bailee.create(folder / name, documents[0], documents[1], store=url)
        gates[name].import_customers(people)
    for writers in WRITERS:
        for name, gate in gates.items():
            yield from _writing(gate, writers, f"{name}, {writers} {'writer' if writers == 1 else 'writers'}")
        synced = sorted(_synced(folder))
        yield Figure("one fdatasync of the same disk, median", synced[len(synced) // 2] * 1e3, "ms")
    for gate in gates.values():
        gate.close()


def _writing(gate: Gate, writers: int, name: str) -> Iterator[Figure]:
    purpose = next(iter(gate.promise.policy.purposes))
    taken: list[list[float]] = [[] for _ in range(writers)]
    begin, end = threading.Barrier(writers), time.perf_counter() + SECONDS

    def write(writer: int) -> None:
        begin.wait()
        turn = 0
        while time.perf_counter() < end:
            began = time.perf_counter()
            gate.choose(f"c{(writer * 10 + turn) % PEOPLE}", "refuse", purpose)
            taken[writer].append(time.perf_counter() - began)
            turn += 1

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    each = sorted(seconds for some in taken for seconds in some)
    half, last = each[len(each) // 2] * 1e3, each[len(each) * 99 // 100] * 1e3
    yield Figure(f"a choice acknowledged: {name}, median", half, "ms", spread=f"p99 {last:.3g} ms")
    yield Figure(f"choices acknowledged: {name}", len(each) / SECONDS, "choices/s")


def _synced(folder: Path) -> Iterator[float]:
    file = os.open(folder / "synced", os.O_CREAT | os.O_WRONLY)
    for _ in range(100):
        os.write(file, bytes(4096))
        began = time.perf_counter()
        os.fdatasync(file)
        yield time.perf_counter() - began
    os.close(file)


def _imported(folder: Path, cluster: Cluster) -> Iterator[Figure]:
    imports.write(folder, CUSTOMERS, CHOICES)
    ours = imports.policy()
    compiled = decide.compile(ours, canonical.policy_digest(ours))  # type: ignore[arg-type]
    for name in STORES:
        database = make(folder / "imported.db" if name == "SQLite" else cluster.new())
        with database.write() as connection:
            for key, each in ours.purposes.items():  # type: ignore[attr-defined]
                notices.register(connection, terms_of(ours, each), key, "en", "we ask", imports.NOW)  # type: ignore[arg-type]
        people, file = folder / "customers.csv", folder / "choices.csv"
        took = _seconds(lambda to=database, path=people: import_customers(to, path, imports.NOW, by="bench"))  # type: ignore[misc]
        yield Figure(f"customers imported: {name}", CUSTOMERS / took, "rows/s")
        took = _seconds(
            lambda to=database, path=file: import_choices(  # type: ignore[misc]
                to, ours, path, imports.NOW, by="bench"
            )
        )
        yield Figure(f"choices imported: {name}", CHOICES / took, "rows/s")
        with database.write() as connection:
            took = _seconds(lambda to=connection: derive(to, compiled, imports.NOW))  # type: ignore[misc]
        yield Figure(f"everybody's standing derived, {CUSTOMERS:,} customers: {name}", took, "s")
        database.close()


def _seconds(job: Callable[[], object]) -> float:
    began = time.perf_counter()
    job()
    return time.perf_counter() - began


if __name__ == "__main__":
    for figure in rows():
        print(figure)
