"""A real HTTP server on this machine that takes, fails, hangs, drips or redirects, and keeps what it was sent."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[["Server", BaseHTTPRequestHandler, dict[str, Any]], None]


class Server:
    """What came in, in order; `answer` says what is done with each."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.heads: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers["content-length"]))
                with server.lock:
                    server.heads.append({name.lower(): value for name, value in self.headers.items()})
                    server.bodies.append(data)
                server.answer(server, self, json.loads(data))

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/hook?token=CANARYTOKEN"

    @property
    def told(self) -> list[tuple[str, str]]:
        """The customer and act of each body."""
        data = [json.loads(body)["data"] for body in self.bodies]
        return [(each["customer"], each["act"]) for each in data]


def status(code: int, **headers: str) -> Answer:
    def answer(_: Server, handler: BaseHTTPRequestHandler, __: dict[str, Any]) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("content-length", "0")
        handler.end_headers()

    return answer


def hang(_: Server, __: BaseHTTPRequestHandler, ___: dict[str, Any]) -> None:
    time.sleep(3)


def drip(_: Server, handler: BaseHTTPRequestHandler, __: dict[str, Any]) -> None:
    """A byte of a head now and then, for ever."""
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nx: ")
        for _n in range(100):
            handler.wfile.write(b"y")
            handler.wfile.flush()
            time.sleep(0.1)
    except OSError:
        pass


def nonsense(_: Server, handler: BaseHTTPRequestHandler, __: dict[str, Any]) -> None:
    handler.wfile.write(b"SSH-2.0-whatever\r\n")


@contextmanager
def serving(answer: Answer) -> Iterator[Server]:
    server = Server(answer)
    thread = threading.Thread(target=server.http.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()
