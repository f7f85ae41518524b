"""What a client may take of the server: requests by address, bytes and time of a head, threads."""

from __future__ import annotations

import socket
import sys
import threading
import time
from contextlib import suppress
from ipaddress import ip_address, ip_network

import pytest

from bailee.web import wire
from bailee.web.api.asking import MOST
from bailee.web.limits import NETWORK, Buckets, sender
from tests.web.served import Served


def test_a_range_of_ipv6_is_one_sender() -> None:
    """Whoever has one address of a network of IPv6 has all of it, and gets no more for each."""
    clients = [f"2001:db8:1:2::{number:x}" for number in range(1, 300)]
    buckets = Buckets(10, lambda: 0.0)
    assert sum(buckets.wait(each) == 0 for each in clients) == 10
    assert buckets.wait("2001:db8:1:3::1") == 0, "the neighbours have their own"
    network = ip_network(f"{sender(clients[0])}/{NETWORK}")
    assert all(ip_address(each) in network for each in clients)


def test_an_address_of_ipv4_is_the_same_however_it_is_written() -> None:
    """A socket of IPv6 shows a client of IPv4 in a way of its own; it is one sender, and no network."""
    assert sender("::ffff:192.0.2.7") == sender("192.0.2.7") == "192.0.2.7"
    assert sender("192.0.2.8") != sender("192.0.2.7")
    assert sender("fe80::1%eth0") == sender("fe80::2")
    assert sender("testclient") == "testclient"


def test_threads_that_take_at_once_take_no_more() -> None:
    """Where many threads take from one bucket at once, it gives as much as it holds."""
    before, taken = sys.getswitchinterval(), []
    buckets = Buckets(1_000, lambda: 0.0)
    start = threading.Barrier(8)

    def take() -> None:
        start.wait()
        taken.extend(buckets.wait("192.0.2.7") == 0 for _ in range(1_000))

    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=take) for _ in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    finally:
        sys.setswitchinterval(before)
    assert sum(taken) == 1_000


def connected(served: Served) -> socket.socket:
    """A connection to the server."""
    made = socket.create_connection((served.server.address, served.server.port))
    made.settimeout(10)
    return made


def poured(raw: socket.socket, piece: bytes) -> int:
    """How many bytes go into a connection, of at most two million, before it ends."""
    sent = 0
    with suppress(ConnectionError):
        for _ in range(250):
            raw.sendall(piece)
            sent += len(piece)
            time.sleep(0.002)
    return sent


def ends(raw: socket.socket) -> bool:
    """Whether the server ends a connection."""
    try:
        while raw.recv(65_536):
            continue
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nX-A: b\r\n", b"\r\n", b"G"])
def test_a_head_that_does_not_end_is_given_up(served: Served, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    """Whoever connects and sends no whole head is cut off after a while, on a fresh connection or a used one."""
    monkeypatch.setattr(wire, "HEAD_SECONDS", 0.5)
    with connected(served) as fresh, connected(served) as used:
        used.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 200 " in used.recv(4_096)
        for raw in (fresh, used) if sent else (fresh,):
            raw.sendall(sent)
            began = time.monotonic()
            assert ends(raw)
            assert time.monotonic() - began < 5


@pytest.mark.parametrize("piece", [b"X-A: b\r\n", b"a"], ids=["many", "long"])
def test_a_head_that_is_too_large_is_not_kept(served: Served, piece: bytes) -> None:
    """Neither many headers nor a long one is taken beyond the limit, also after a body in pieces."""
    heads = [
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nY: ",
        b"POST /v1/choices HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nY: b\r\n",
    ]
    for head in heads[: 1 if piece == b"a" else 2]:
        with connected(served) as raw:
            raw.sendall(head)
            sent = poured(raw, piece * (8_192 // len(piece)))
            assert sent < 1_000_000


def test_a_slow_answer_and_a_kept_connection_are_none_of_that(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that asks again within its time goes on, and a body may come after the time of the head."""
    monkeypatch.setattr(wire, "HEAD_SECONDS", 0.3)
    with connected(served) as raw:
        for _ in range(3):
            raw.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b" 200 " in raw.recv(4_096)
            time.sleep(0.5)
        raw.sendall(b"POST /v1/choices HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n")
        time.sleep(0.6)
        raw.sendall(b"{}")
        assert b" 401 " in raw.recv(4_096)


def test_questions_that_wait_leave_room_for_choices(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many questions an analyst has waiting, the rest are told to come again, and a withdrawal is heard."""
    go, began = threading.Event(), threading.Semaphore(0)
    whole = type(served.gate).ask

    def waits(*given: object, **named: object) -> object:
        began.release()
        assert go.wait(30)
        return whole(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(type(served.gate), "ask", waits)
    token, found = served.bearer("ana", "analyst", roles=["marketing"]), []
    question = {"purpose": "offers", "sql": "SELECT count(*) FROM products"}

    def ask() -> None:
        with served.client() as client:
            found.append(client.post("/v1/ask", json=question, headers=token).status_code)

    threads = [threading.Thread(target=ask) for _ in range(MOST + 10)]
    for each in threads:
        each.start()
    try:
        for _ in range(MOST):
            assert began.acquire(timeout=20)
        with served.client(headers=served.bearer("1")) as client:
            body = {"choices": [{"purpose": "offers", "act": "withdraw"}]}
            assert client.post("/v1/choices", json=body, timeout=5).status_code == 201
    finally:
        go.set()
        for each in threads:
            each.join(60)
    assert sorted(found) == [200] * MOST + [503] * 10
