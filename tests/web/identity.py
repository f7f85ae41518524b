"""An identity provider that lies as a test tells it to: discovery, keys and tokens over real HTTP."""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

Claims = dict[str, Any]


@dataclass
class Liar:
    """What the provider says: `lie` changes the claims of its ID token, `key` signs it, `head` is the token's."""

    url: str
    issuer: str
    lie: Callable[[Claims], Claims] = lambda claims: claims
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    published: RSAKey | None = None
    client: str = "console"
    asked: dict[str, str] = field(default_factory=dict)
    verified: bool = False

    def authorized(self, location: str) -> str:
        """What the provider's own page redirects to, for a request to authorize."""
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        return f"{self.asked['redirect_uri']}?code=a-code&state={self.asked['state']}"

    def token(self, form: dict[str, list[str]]) -> dict[str, object]:
        """The answer of the token endpoint."""
        digest = sha256(form["code_verifier"][0].encode()).digest()
        expected = urlsafe_b64encode(digest).rstrip(b"=").decode()
        self.verified = self.asked["code_challenge_method"] == "S256" and self.asked["code_challenge"] == expected
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": self.client,
            "sub": "u-1",
            "iat": now,
            "exp": now + 300,
            "nonce": self.asked["nonce"],
            "name": "Ana Lucía",
            "roles": ["marketing"],
        }
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, self.lie(claims), self.key)
        return {"access_token": "x", "token_type": "Bearer", "id_token": signed}

    def metadata(self) -> dict[str, object]:
        """What discovery says."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "id_token_signing_alg_values_supported": ["RS256"],
        }


@contextmanager
def lying() -> Iterator[Liar]:
    """Run such a provider."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/jwks":
                self.say({"keys": [(liar.published or liar.key).as_dict(private=False)]})
            else:
                self.say(liar.metadata())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self.say(liar.token(parse_qs(body)))

        def say(self, document: object) -> None:
            data = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    url = f"http://127.0.0.1:{server.server_port}"
    liar = Liar(url, url)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield liar
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
