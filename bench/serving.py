"""The server under load: choices written and points answered a second, with 1, 8 and 64 clients, beside bare FastAPI.

One process or two serve a shop of 20,000 customers on this machine; the clients are coroutines of one other process,
each of which sends its next request when it has the answer to the last. Clients and server share the cores. A choice is
a grant under a notice, on the disk with its ledger entry; a point is asked of a checker, by the shop's token. `bare` is
FastAPI with the same JSON in and out and nothing between, in one process. Memory is that of the server's processes
together, in the course of `BAILEE_BENCH_MINUTES` (1, if not set) of both kinds of requests with 8 clients. How
soon a browser knows what to show is of people who come to a shop's page for the first time, at its best of several;
nobody else asks the server meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from itertools import count
from pathlib import Path

from bench import browser
from bench.figure import Figure

CUSTOMERS, SECONDS, CLIENTS = 20_000, 4.0, (1, 8, 64)
SECRET = "a secret for the bench, of more than 32 bytes"
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
#: Of the n-th request: its bytes.
Request = Callable[[int], bytes]


def rows() -> Iterator[Figure]:
    """Requests a second, milliseconds, and memory."""
    with tempfile.TemporaryDirectory() as folder, browser.shop() as (origin, hosts):
        home, notice = _shop(Path(folder) / "shop", origin)
        with _running([sys.executable, "-m", "uvicorn", "bench.bare:app", "--no-access-log"], {}) as port:
            bare = {name: _loaded(port, make(port, notice), 64)[0] for name, make in _KINDS.items()}
        for name, rate in bare.items():
            yield Figure(f"bare FastAPI, {name}, 64 clients", rate, "a second")
        for workers in (1, 2):
            served = [sys.executable, "-m", "bailee", "serve", "--home", str(home), "--workers", str(workers)]
            with _running(served, {"SHOP_SECRET": SECRET}) as port:
                for name, make in _KINDS.items():
                    yield from _of(name, workers, port, make(port, notice), bare[name])
                if workers == 1:
                    hosts.append(f"http://127.0.0.1:{port}")
                    yield from _banner(port, origin)
                if workers == 2:
                    yield from _memory(port, notice)


def _of(name: str, workers: int, port: int, request: Request, bare: float) -> Iterator[Figure]:
    processes = "1 process" if workers == 1 else f"{workers} processes"
    for clients in CLIENTS:
        rate, taken = _loaded(port, request, clients)
        middle, slow = (taken[min(int(len(taken) * part), len(taken) - 1)] * 1e3 for part in (0.5, 0.99))
        said = f"{name}, {processes}, {clients} client{'s' * (clients > 1)}"
        yield Figure(said, rate, "a second", spread=f"p50 {middle:.3g} ms, p99 {slow:.3g} ms")
    yield Figure(f"{name}, {processes}, 64 clients: of bare FastAPI in one process", rate / bare, "times")


def _banner(port: int, origin: str) -> Iterator[Figure]:
    """The script as it comes over the line, and how soon a stranger's browser at `origin` knows what to show."""
    import gzip
    import urllib.request

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/banner.js") as answer:
        script = answer.read()
    # What the load before has changed is derived once.
    urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/banner").close()
    packed = len(gzip.compress(script, 9))
    yield Figure("the banner's script, gzipped", packed, "bytes", "at most 10,240", packed <= 10_240)
    for name, path in (("the script", "/banner.js"), ("what to show a stranger", "/v1/banner")):
        ask = f"GET {path} HTTP/1.1\r\nHost: x\r\nOrigin: http://shop.example\r\n\r\n".encode()
        _, taken = _loaded(port, lambda _, ask=ask: ask, 1)  # type: ignore[misc]
        middle = taken[len(taken) // 2] * 1e3
        yield Figure(f"{name}, from the server, median", middle, "ms", "at most 50", middle <= 50)
    name, lacking = "from asking for the script to knowing what to show, in Chromium, at best", browser.missing()
    if lacking is not None:
        yield Figure(name, math.nan, "ms", "under 50", None, lacking)
        return
    shown = browser.known(origin)
    best = min(shown)
    yield Figure(name, best, "ms", "under 50", best < 50, f"{best:.3g} to {max(shown):.3g} ms")


def _memory(port: int, notice: str) -> Iterator[Figure]:
    minutes = float(os.environ.get("BAILEE_BENCH_MINUTES", "1"))
    before, began, held = _resident(), time.monotonic(), []
    while time.monotonic() < began + minutes * 60:
        for make in _KINDS.values():
            _loaded(port, make(port, notice), 8)
        held.append((time.monotonic() - began, _resident()))
    yield Figure("memory of 2 processes and their engines, before", before / 2**20, "MiB")
    # The first fifth fills caches; whatever leaks grows on.
    early = next(size for at, size in held if at >= minutes * 12)
    course = ", ".join(f"{size / 2**20:.0f}" for _, size in held[:: max(1, len(held) // 10)])
    yield Figure(f"after a fifth of {minutes:g} minutes of load", early / 2**20, "MiB")
    growth = held[-1][1] / early
    yield Figure("at the end, of that", growth, "times", "at most 1.05", growth <= 1.05, f"MiB: {course}")


def _resident() -> int:
    """Bytes that the processes started here hold, with those that they started."""
    import psutil

    return sum(each.memory_info().rss for each in psutil.Process().children(recursive=True))


_numbers = count()


def _choice(port: int, notice: str) -> Request:
    body = json.dumps({"choices": [{"purpose": "personal_offers", "act": "grant", "notice": notice}]}).encode()
    tokens = [_token(port, f"c{number}", "customer") for number in range(200)]

    def made(number: int) -> bytes:
        head = f"POST /v1/choices HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {tokens[number % len(tokens)]}\r\n"
        return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body

    return made


def _point(port: int, notice: str) -> Request:
    token = _token(port, "till", "shop")

    def made(number: int) -> bytes:
        path = f"/v1/may?purpose=personal_offers&customer=c{number * 7919 % CUSTOMERS}"
        return f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()

    return made


_KINDS: Mapping[str, Callable[[int, str], Request]] = {"points": _point, "choices": _choice}


def _token(port: int, subject: str, scope: str) -> str:
    from joserfc import jwt
    from joserfc.jwk import OctKey

    said = {"sub": subject, "scope": scope, "aud": f"http://127.0.0.1:{port}", "exp": int(time.time()) + 7200}
    said |= {"roles": ["marketing"]}
    return jwt.encode({"alg": "HS256", "kid": "shop"}, said, OctKey.import_key(SECRET.encode()))


def _loaded(port: int, request: Request, clients: int) -> tuple[float, list[float]]:
    """Requests a second, and how long each took, sorted, of so many clients for some seconds."""
    taken = asyncio.run(_clients(port, request, clients))
    return len(taken) / SECONDS, sorted(taken)


async def _clients(port: int, request: Request, clients: int) -> list[float]:
    taken: list[float] = []
    ends = time.perf_counter() + SECONDS
    await asyncio.gather(*(_client(port, request, ends, taken) for _ in range(clients)))
    return taken


async def _client(port: int, request: Request, ends: float, taken: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (began := time.perf_counter()) < ends:
        writer.write(request(next(_numbers)))
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        await reader.readexactly(int(length[1]) if length else 0)
        if not head.startswith(b"HTTP/1.1 20"):
            raise RuntimeError(head.decode())
        taken.append(time.perf_counter() - began)
    writer.close()


def _shop(home: Path, origin: str) -> tuple[Path, str]:
    """A shop of customers who agreed to nothing yet, and the notice of its offers."""
    import bailee

    starter = files("bailee.examples") / "starter"
    documents = [(starter / name).read_bytes() for name in ("policy.yaml", "datamap.yaml")]
    people = home.parent / "people.csv"
    people.write_text("key\n" + "".join(f"c{number}\n" for number in range(CUSTOMERS)))
    with bailee.create(home, documents[0], documents[1]) as gate:
        gate.import_customers(people)
        notice = gate.add_notice("personal_offers", "we ask").digest
    keys = '[server.keys.shop]\nalgorithm = "HS256"\nkey = "env:SHOP_SECRET"\nscopes = ["customer", "shop"]\n'
    (home / "bailee.toml").write_text(f'[server]\nrate = 1000000\norigins = ["{origin}"]\n\n{keys}')
    return home, notice


@contextmanager
def _running(words: list[str], environment: Mapping[str, str]) -> Iterator[int]:
    """A server in a process of its own, at the port that is given to it, until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = subprocess.Popen([*words, "--port", str(port)], env={**os.environ, **environment}, **quiet)  # type: ignore[call-overload]
    try:
        _wait(port, started)
        yield port
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(timeout=60)


def _wait(port: int, started: subprocess.Popen[bytes]) -> None:
    while started.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            time.sleep(2.0)  # the other workers
            return
    raise RuntimeError("the server did not start")
