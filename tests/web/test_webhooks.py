"""A server tells other systems of choices by itself."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

import bailee
from tests.web.served import serving_of


def test_a_choice_over_http_is_told_to_whoever_the_settings_name(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A withdrawal that the server acknowledged reaches the endpoint of `[[webhooks]]`, signed, while it serves."""
    heard: list[tuple[dict[str, str], dict[str, object]]] = []
    came = threading.Event()

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append(({name.lower(): value for name, value in self.headers.items()}, json.loads(body)))
            self.send_response(204)
            self.end_headers()
            came.set()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    endpoint = HTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=endpoint.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("HOOK_SECRET", "whsec_" + "c2VjcmV0" * 6)
    with (home / "bailee.toml").open("a") as file:
        file.write(f'\n[[webhooks]]\nname = "crm"\nurl = "http://127.0.0.1:{endpoint.server_port}/"\n')
        file.write('secret = "env:HOOK_SECRET"\n')
    try:
        with serving_of(bailee.open(home)) as served, served.client(headers=served.bearer("1")) as client:
            said = client.post("/v1/choices", json={"choices": [{"purpose": "offers", "act": "withdraw"}]})
            assert came.wait(timeout=20)
    finally:
        endpoint.shutdown()
    headers, word = heard[-1]
    assert said.status_code == 201
    assert {"webhook-id", "webhook-timestamp", "webhook-signature"} <= headers.keys()
    assert "withdraw" in json.dumps(word)
