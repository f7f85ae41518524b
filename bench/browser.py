"""How soon a real browser knows what a banner shows: Chromium, without a window, on a page of another origin."""

from __future__ import annotations

import importlib.util
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROUNDS = 7
#: From asking for the script to the last byte of what it asked; None as long as that is not there.
_TAKEN = """() => {
  const parts = performance.getEntriesByType('resource');
  const script = parts.find((each) => each.name.endsWith('/banner.js'));
  const call = parts.find((each) => each.name.includes('/v1/banner'));
  return script && call && call.responseEnd ? call.responseEnd - script.startTime : null;
}"""


def missing() -> str | None:
    """What is lacking for this to be measured, if anything is."""
    if importlib.util.find_spec("playwright") is None:
        return "no Playwright"
    return "no Chromium" if _chromium() is None else None


def _chromium() -> str | None:
    return os.environ.get("BAILEE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def shop() -> Iterator[tuple[str, list[str]]]:
    """The origin of a shop whose one page loads the banner of the server that is put into the list."""
    hosts: list[str] = []

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Any page."""
            tag = f'<script src="{hosts[-1]}/banner.js" async></script>' if hosts else ""
            body = f"<!doctype html><html lang=en><title>A shop</title>{tag}<h1>Bread and milk</h1>".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", hosts
        server.shutdown()


def known(origin: str) -> list[float]:
    """Milliseconds from asking for the script to knowing what to show, of people who come there for the first time."""
    from playwright.sync_api import sync_playwright

    taken = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=_chromium(), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        for _ in range(ROUNDS):
            context = browser.new_context()  # with an empty cache
            page = context.new_page()
            page.goto(origin)
            taken.append(float(page.wait_for_function(_TAKEN).json_value()))
            context.close()
        browser.close()
    return taken
