"""A tenth of ten million customers and a hundred million choices: how much disk, time and memory the state takes.

Not part of `make bench`, because it takes many minutes: `python bench/run.py scale`. `BAILEE_BENCH_SCALE` says which
part of the whole is made (0.1). Each step runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench import imports
from bench.figure import Figure

PART = float(os.environ.get("BAILEE_BENCH_SCALE", "0.1"))
CUSTOMERS, CHOICES, FILE = int(10_000_000 * PART), int(100_000_000 * PART), 1_000_000
ROOTS = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "src")]
STEP = """
import sys
sys.path[:0] = sys.argv[3:]
from bench import scale
scale.step(sys.argv[1], sys.argv[2])
"""


def rows() -> Iterable[Figure]:
    """Seconds, peak memory and bytes of each step."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        done = {name: _run(name, folder) for name in STEPS}
    for name, (words, unit) in STEPS.items():
        found = done[name]
        yield Figure(f"scale: {words}", found["value"], unit)
        yield Figure(f"scale: {words}, peak memory", found["peak"] / 1024, "MiB")
    yield Figure("scale: state on disk", done["import"]["bytes"] / 2**20, "MiB")
    yield Figure("scale: state on disk once derived", done["derive"]["bytes"] / 2**20, "MiB")


def write(folder: Path) -> None:
    """Write the customers, and the choices a million a file, as Parquet."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    luck = np.random.default_rng(20261122)
    keys = pa.array([f"hh-{number:08}" for number in range(CUSTOMERS)])
    born = pa.array((luck.integers(-10_000, 13_000, CUSTOMERS)).astype("datetime64[D]"))
    place = pa.array(np.array(["US-VT", "US-MA", "DE", "GB-ENG"])[luck.integers(0, 4, CUSTOMERS)])
    pq.write_table(pa.table({"key": keys, "born": born, "place": place}), folder / "customers.parquet")
    purposes = np.array(imports.PURPOSES)
    notices = np.array([imports.notice(purpose) for purpose in imports.PURPOSES])
    now = np.datetime64(imports.NOW.replace(tzinfo=None), "us")
    for start in range(0, CHOICES, FILE):
        count = min(FILE, CHOICES - start)
        purpose, granted = luck.integers(0, len(purposes), count), luck.random(count) < 0.6
        columns = {
            "customer": keys.take(pa.array(luck.integers(0, CUSTOMERS, count))),
            "purpose": pa.array(purposes[purpose]),
            "act": pa.array(np.where(granted, "grant", "withdraw")),
            "at": pa.array(now - luck.integers(0, 6 * 10**13, count), pa.timestamp("us", "UTC")),
            "instrument": pa.array(np.array(["checkbox", "banner", "api"])[luck.integers(0, 3, count)]),
            "notice": pa.array(np.where(granted, notices[purpose], None), pa.string()),
        }
        pq.write_table(pa.table(columns), folder / f"choices-{start:012}.parquet")


def _run(name: str, folder: str) -> dict[str, float]:
    """One step in a process of its own."""
    done = subprocess.run([sys.executable, "-c", STEP, name, folder, *ROOTS], check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout)
    sys.stderr.write(f"  {name}: {found}\n")
    return found


def step(name: str, folder: str) -> None:
    """Do one step and print what it took."""
    import time

    work = {"customers": _customers, "import": _import, "derive": _derive, "restart": _restart, "one": _one}[name]
    began = time.perf_counter()
    count = work(Path(folder))
    seconds = time.perf_counter() - began
    found = {
        "value": count / seconds if count else seconds,
        "peak": _peak(),
        "bytes": sum(file.stat().st_size for file in Path(folder).glob("state.db*")),
    }
    print(json.dumps(found))


def _peak() -> int:
    """Peak memory of this process in KiB; `ru_maxrss` would begin with that of the process which started it."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


#: What each step is called, and in what it is measured: a rate where the work has a count, else seconds.
STEPS: Mapping[str, tuple[str, str]] = {
    "customers": ("customers imported", "rows/s"),
    "import": ("choices imported", "rows/s"),
    "derive": ("everybody's standing rebuilt, with its tree", "s"),
    "restart": ("opened again, and everybody's standing read", "s"),
    "one": ("opened again, a withdrawal recorded, derived and read", "s"),
}


def _open(folder: Path, *, create: bool = False):  # type: ignore[no-untyped-def]
    from bailee.people.database import open_database

    return open_database(folder / "state.db", create=create)


def _customers(folder: Path) -> int:
    from bailee.people import notices
    from bailee.people.customer_imports import import_customers
    from bailee.policy.terms import terms_of

    ours, database = imports.policy(), _open(folder, create=True)
    with database.write() as connection:
        for key, each in ours.purposes.items():  # type: ignore[attr-defined]
            notices.register(connection, terms_of(ours, each), key, "en", "we ask", imports.NOW)  # type: ignore[arg-type]
    import_customers(database, folder / "customers.parquet", imports.NOW, by="bench")
    return CUSTOMERS


def _import(folder: Path) -> int:
    from bailee.people.imports import import_choices

    database = _open(folder)
    for file in sorted(folder.glob("choices-*.parquet")):
        import_choices(database, imports.policy(), file, imports.NOW, by="bench")  # type: ignore[arg-type]
    return CHOICES


def _compiled():  # type: ignore[no-untyped-def]
    from bailee import decide
    from bailee.policy import canonical

    ours = imports.policy()
    return decide.compile(ours, canonical.policy_digest(ours))  # type: ignore[arg-type]


def _derive(folder: Path) -> int:
    from bailee.people.derivation import derive

    with _open(folder).write() as connection:
        derive(connection, _compiled(), imports.NOW)
    return 0


def _restart(folder: Path) -> int:
    from bailee.people.standing import Board

    Board(_open(folder)).fresh(_compiled(), imports.NOW)
    return 0


def _one(folder: Path) -> int:
    from bailee.people import choices
    from bailee.people.choices import Said
    from bailee.people.kinds import Kind
    from bailee.people.standing import Board

    database = _open(folder)
    with database.write() as connection:
        said = Said("hh-00000007", Kind("offers", "withdraw", "api"), imports.NOW)
        choices.record(connection, imports.policy(), said, imports.NOW)  # type: ignore[arg-type]
    Board(database).fresh(_compiled(), imports.NOW)
    return 0
