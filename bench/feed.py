"""Standing handed out to processes far from the store: how large, how soon, how late, and how many verdicts a second.

A million customers and eight purposes: what the gate needs to name everybody and to seal a snapshot, what a follower
needs to load it, and verdicts. How late: a shop of 20,000, with a ledger, followed through an HTTP server on this
machine; from a withdrawal acknowledged until the follower's first refusal.
"""

from __future__ import annotations

import resource
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from bench.figure import Figure, interleaved

if TYPE_CHECKING:
    from bailee.gate.feed.following import Feed

CUSTOMERS, FEW, PURPOSES, ROUNDS, LATE = 1_000_000, 20_000, 8, 3, 40
ASKED, ACTIVE = 200_000, 10_000
SECRET = b"s" * 32
_STEP = 50_000


def rows() -> Iterator[Figure]:
    """Sizes, seconds, microseconds and verdicts a second."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _handed_out(Path(folder))
        # A process of its own, so that the memory of the gate is none of the follower's.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            yield from alone.submit(_followed, Path(folder)).result()
    with tempfile.TemporaryDirectory() as folder:
        yield from _late(Path(folder))


def _handed_out(folder: Path) -> Iterator[Figure]:
    from datetime import UTC, datetime, timedelta

    import numpy as np

    from bailee import decide
    from bailee.gate.feed import layout, sealed
    from bailee.gate.feed.layout import Head, Used
    from bailee.gate.feed.roll import Roll
    from bailee.people import customers, progress
    from bailee.people.database import open_database
    from bailee.people.instants import micros
    from bailee.people.standing import Standing
    from bailee.policy import canonical
    from bench.imports import policy

    ours, now = policy(), datetime.now(UTC)
    compiled = decide.compile(ours, canonical.policy_digest(ours))  # type: ignore[arg-type]
    database = open_database(folder / "state.db", create=True)
    for start in range(0, CUSTOMERS, _STEP):
        with database.write() as connection:
            some = [customers.NewCustomer(f"customer-{number}") for number in range(start, start + _STEP)]
            customers.add_many(connection, some, now)
    random = np.random.default_rng(7)
    columns = tuple(np.append(1, random.choice([0, 14, 16], CUSTOMERS)).astype(np.uint8) for _ in range(PURPOSES))
    with database.read() as connection:
        version = progress.read(connection).changed
    standing = [Standing(compiled.digest, 1, version, None, b"", CUSTOMERS, 1, columns)]
    sealing = sealed.Sealing(SECRET)
    roll = Roll(database, compiled, sealing, range(PURPOSES), lambda: standing[0])
    began = time.perf_counter()
    roll.follow(now, timedelta(minutes=2))
    yield Figure("everybody read and named, once a run", time.perf_counter() - began, "s")
    uses = [Used(f"purpose_{number}", None, None, None) for number in range(PURPOSES)]
    tip = secrets.token_bytes(sealed.DIGEST_BYTES).hex()
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        data = roll.snapshot(uses, tip).to_bytes()
        file = sealing.seal(layout.snapshot_name(1), data, secrets.token_bytes)
        (folder / "snapshot-1").write_bytes(file)
        taken.append(time.perf_counter() - began)
    yield Figure("a snapshot made and sealed", min(taken), "s", spread=_spread(taken))
    yield Figure("a snapshot", len(file) / 1e6, "MB")
    yield Figure("a snapshot, a customer", len(file) / CUSTOMERS, "bytes")
    base = sealed.digest(file).hex()
    head = Head(micros(datetime.now(UTC)), 86_400.0, 1.0, 1, 1, base, len(file), tip, 1, compiled.digest)
    (folder / "head").write_bytes(sealing.seal("head", head.to_bytes(), secrets.token_bytes))
    (folder / "feed.key").write_bytes(sealed.written(SECRET))
    changed = [column.copy() for column in columns]
    for column in changed:
        column[1000:2000] = 15
    standing.append(Standing(compiled.digest, 2, version, None, b"", CUSTOMERS, 1, tuple(changed)))
    standing.pop(0)
    began = time.perf_counter()
    moved = roll.follow(now, timedelta(minutes=2))[1]
    yield Figure("1,000 changes found among everybody", (time.perf_counter() - began) * 1e3, "ms")
    file = sealing.seal("changes-2", layout.changes_to_bytes(2, PURPOSES, moved.rows), secrets.token_bytes)
    yield Figure("a change, of a thousand in a file", len(file) / moved.customers, "bytes")
    one = layout.changes_to_bytes(2, PURPOSES, moved.rows[: layout.row_bytes(PURPOSES)])
    yield Figure("a change alone in its file", len(sealing.seal("changes-2", one, secrets.token_bytes)), "bytes")
    database.close()


def _followed(folder: Path) -> list[Figure]:
    began = time.perf_counter()
    import bailee

    follow = bailee.follow
    imported = time.perf_counter() - began
    before = _held()
    feed: Feed = follow(folder, key=folder / "feed.key", max_lag=86_400.0)
    grown = (_held() - before) / 1e6
    feed.close()
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        feed = follow(folder, key=folder / "feed.key", max_lag=86_400.0)
        taken.append(time.perf_counter() - began)
        feed.close()
    feed = follow(folder, key=folder / "feed.key", max_lag=86_400.0)
    random = Random(7)
    keys = [f"customer-{random.randrange(CUSTOMERS)}" for _ in range(ASKED)]
    checks = [feed.checker(f"purpose_{number}") for number in range(PURPOSES)]
    anybody = [(random.choice(checks).may, key) for key in keys]
    active = [(may, keys[number % ACTIVE]) for number, (may, _) in enumerate(anybody)]
    asked = interleaved({"anybody": partial(_ask, anybody), "active": partial(_ask, active)})
    feed.close()
    return [
        Figure("importing what follows", imported * 1e3, "ms"),
        Figure("a snapshot loaded", min(taken), "s", spread=_spread(taken)),
        Figure("memory of a follower", grown, "MB"),
        _verdicts("verdicts on anybody at random", asked["anybody"]),
        _verdicts(f"verdicts on {ACTIVE:,} customers who are there", asked["active"]),
    ]


def _held() -> int:
    """Bytes of memory that this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _ask(calls: list[tuple[Callable[[object], object], str]]) -> None:
    for may, key in calls:
        may(key)


def _verdicts(name: str, seconds: list[float]) -> Figure:
    return Figure(name, ASKED / min(seconds), "a second", spread=_spread(seconds))


def _late(folder: Path) -> Iterator[Figure]:
    """From a withdrawal acknowledged to the follower's refusal."""
    import bailee

    starter = files("bailee.examples") / "starter"
    documents = [(starter / name).read_bytes() for name in ("policy.yaml", "datamap.yaml")]
    people = folder / "people.csv"
    people.write_text("key\n" + "".join(f"c{number}\n" for number in range(FEW)))
    marketing = bailee.Actor("bench", frozenset({"marketing"}))
    with bailee.create(folder / "shop", documents[0], documents[1]) as gate:
        gate.import_customers(people)
        notice = gate.add_notice("personal_offers", "we ask").digest
        for number in range(LATE):
            gate.choose(f"c{number}", "grant", "personal_offers", notice=notice)
        with gate.feed(folder / "feed", "personal_offers", actor=marketing) as exporter:
            stop, first = threading.Event(), threading.Event()
            writer = threading.Thread(target=exporter.run, args=(stop, lambda _: first.set()))
            writer.start()
            first.wait()
            with (
                _served(folder / "feed") as url,
                bailee.follow(url, key=folder / "shop" / "keys" / "feed.key") as feed,
            ):
                check, taken = feed.checker("personal_offers"), []
                for number in range(LATE):
                    gate.choose(f"c{number}", "withdraw", "personal_offers")
                    began = time.perf_counter()
                    while check(f"c{number}"):
                        time.sleep(0.001)
                    taken.append(time.perf_counter() - began)
            stop.set()
            writer.join()
    taken.sort()
    yield Figure(
        "a withdrawal acknowledged until it is refused, median",
        taken[len(taken) // 2] * 1e3,
        "ms",
        "the lag: at most 5,000 ms",
        taken[-1] <= 5.0,
        _spread(taken),
    )


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _spread(seconds: list[float]) -> str:
    return f"{min(seconds) * 1e3:.3g} to {max(seconds) * 1e3:.3g} ms"


if __name__ == "__main__":
    for figure in rows():
        print(figure)
