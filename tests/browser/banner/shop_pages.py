"""The pages of a shop on another origin than Bailee's, under a strict content security policy of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

STYLE = """
body { font: 16px/1.5 sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; color: #222; background: #fff }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #181818 } a { color: #9cf } }
main { min-height: 120vh }
"""


@dataclass
class Shop:
    """A shop that runs. `tag` is what each of its pages loads; `host` is the origin that its policy lets in."""

    url: str
    host: str = ""
    tag: str = ""
    style: str = STYLE
    asked: list[str] = field(default_factory=list)
    heads: list[Message] = field(default_factory=list)

    @property
    def policy(self) -> str:
        """No inline script or style, and no way to make HTML of text."""
        return (
            f"default-src 'none'; script-src {self.host} 'self'; connect-src {self.host}; style-src 'self'; "
            f"form-action 'self' {self.host}; base-uri 'none'; frame-ancestors 'none'; "
            "require-trusted-types-for 'script'; trusted-types 'none'"
        )

    def page(self, path: str) -> tuple[str, str]:
        """The type and body of what lies at a path."""
        if path == "/shop.css":
            return "text/css", self.style
        inside = {
            "/": "<h1>Bread and milk</h1><p><a href='/basket'>To the basket</a></p>",
            "/basket": "<h1>Your basket</h1><p><a href='/checkout'>To the checkout</a></p>",
            "/checkout": (
                "<h1>Checkout</h1><p id='price'>Total: 12.40</p><form action='/done'>"
                "<label><input type='checkbox' name='terms' required> I accept the terms of sale</label>"
                "<p><button id='buy'>Buy for 12.40</button></p></form>"
            ),
            "/done": "<h1>Thank you</h1><p id='price'>Paid: 12.40</p>",
        }.get(path, "<h1>Nothing here</h1>")
        return "text/html; charset=utf-8", (
            "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>A shop</title>"
            "<meta name='viewport' content='width=device-width, initial-scale=1'>"
            f"<link rel='stylesheet' href='/shop.css'>{self.tag}</head><body><header><a href='/'>A shop</a></header>"
            f"<main>{inside}<p><input id='search' aria-label='Search'></p></main>"
            "<footer><p>The end of the page</p></footer></body></html>"
        )


@contextmanager
def running() -> Iterator[Shop]:
    """A shop on a free port, under a name that is not Bailee's."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shop.asked.append(self.path)
            shop.heads.append(self.headers)
            kind, body = shop.page(urlsplit(self.path).path)
            sent = body.encode()
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(sent)))
            self.send_header("Content-Security-Policy", shop.policy)
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shop = Shop(f"http://localhost:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield shop
    finally:
        server.shutdown()
        server.server_close()
