"""Tokens of the shop: believed only if signed by a key of the settings, this server, and a scope of that key."""

from __future__ import annotations

import base64
import hmac
import json
import time
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey

import bailee
from bailee.gate.server_settings import Server, TokenKey
from bailee.web.tokens import BadToken, Tokens
from tests.web.served import SECRET, VARIABLE, Served


def signed(served: Served, header: dict[str, Any], **claims: Any) -> str:
    """A token with some claims changed; None takes one away, and a span of time is from now on."""
    now = int(time.time())
    said = {"sub": "1", "aud": served.url, "exp": now + 600, **claims}
    later = {name: now + value.total_seconds() for name, value in said.items() if isinstance(value, timedelta)}
    kept = {name: value for name, value in {**said, **later}.items() if value is not None}
    return jwt.encode(header, kept, OctKey.import_key(SECRET.encode()), algorithms=["HS256", "HS512"])


def part(value: dict[str, Any]) -> str:
    """A part of a token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def hs256(head: dict[str, Any], said: dict[str, Any], secret: bytes) -> str:
    """A token signed by hand, as a library would not."""
    text = f"{part(head)}.{part(said)}"
    digest = hmac.new(secret, text.encode(), "sha256").digest()
    return f"{text}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def status(served: Served, token: str) -> int:
    """What a token gets."""
    with served.client() as client:
        return client.get("/v1/choices", headers={"Authorization": f"Bearer {token}"}).status_code


GOOD = {"alg": "HS256", "kid": "shop"}


def test_a_good_token_is_believed(served: Served) -> None:
    """Signed by the shop, for this server, not run out; it may name its key or not."""
    assert [status(served, signed(served, head)) for head in (GOOD, {"alg": "HS256"})] == [200, 200]


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"exp": timedelta(hours=25)},
        {"nbf": timedelta(minutes=10)},
        {"aud": None},
        {"aud": "https://elsewhere.example"},
        {"aud": []},
        {"sub": None},
        {"sub": ""},
        {"sub": 1},
        {"sub": "x" * 513},
        {"scope": "everything"},
        {"scope": ["shop"]},
        {"roles": "marketing"},
    ],
    ids=str,
)
def test_a_token_with_a_wrong_claim_is_not_believed(served: Served, claims: dict[str, Any]) -> None:
    """Each claim is looked at."""
    assert status(served, signed(served, GOOD, **claims)) == 401


def test_no_other_signature_is_believed(served: Served) -> None:
    """Not none, not another algorithm of the same secret, not another key, and not a changed token."""
    body = {"sub": "1", "aud": served.url, "exp": int(time.time()) + 600}
    good = signed(served, GOOD)
    head, _, signature = good.split(".")
    forged = [
        f"{part({'alg': 'none'})}.{part(body)}.",
        f"{part({'alg': 'none', 'kid': 'shop'})}.{part(body)}.{signature}",
        signed(served, {"alg": "HS512", "kid": "shop"}),
        jwt.encode(GOOD, body, OctKey.import_key(b"another secret, as long as that one is")),
        signed(served, {"alg": "HS256", "kid": "another"}),
        f"{head}.{part({**body, 'sub': '2'})}.{signature}",
        good[:-2],
        ".",
        "..",
        "a.b.c",
        "x" * 9_000,
        f"{part({'alg': 'HS256', 'kid': ['shop']})}.{part(body)}.{signature}",
    ]
    assert {status(served, token) for token in forged} == {401}


def test_a_key_is_believed_for_its_scopes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key for customers does not make somebody an analyst."""
    monkeypatch.setenv(VARIABLE, SECRET)
    tokens = Tokens(Server(keys={"shop": TokenKey("shop", "HS256", f"env:{VARIABLE}", ("customer",))}))
    now = int(time.time())
    said = {"sub": "ana", "aud": Server().base, "exp": now + 60, "scope": "analyst", "roles": ["marketing"]}
    with pytest.raises(BadToken, match="not believed for this `scope`"):
        tokens.read(jwt.encode(GOOD, said, OctKey.import_key(SECRET.encode())))


@pytest.mark.parametrize(("algorithm", "kind", "curve"), [("Ed25519", OKPKey, "Ed25519"), ("ES256", ECKey, "P-256")])
@pytest.mark.parametrize("form", ["pem", "jwk"])
def test_public_keys_are_read_from_files(tmp_path: Any, algorithm: str, kind: Any, curve: str, form: str) -> None:
    """The shop keeps its private key; the server has the public one, as PEM or JWK."""
    key = kind.generate_key(curve)
    path = tmp_path / "key"
    path.write_bytes(key.as_pem(private=False) if form == "pem" else json.dumps(key.as_dict(private=False)).encode())
    tokens = Tokens(Server(keys={"shop": TokenKey("shop", algorithm, str(path))}))
    said = {"sub": "1228", "aud": Server().base, "exp": int(time.time()) + 60}
    token = jwt.encode({"alg": algorithm, "kid": "shop"}, said, key, algorithms=[algorithm])
    assert tokens.read(token).subject == "1228"
    # The public key is no secret to sign with (RFC 8725, 3.1).
    forged = hs256({"alg": "HS256", "kid": "shop"}, said, path.read_bytes())
    with pytest.raises(BadToken):
        tokens.read(forged)


def test_a_short_secret_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that can be guessed stops the server, in words."""
    monkeypatch.setenv(VARIABLE, "short")
    with pytest.raises(bailee.BaileeError, match="has 5 bytes, expected at least 32"):
        Tokens(Server(keys={"shop": TokenKey("shop", "HS256", f"env:{VARIABLE}")}))
