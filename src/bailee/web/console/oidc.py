"""Signing in with the company's identity provider: OpenID Connect, code flow with PKCE and a nonce (Authlib).

What must come back (state, nonce, verifier) waits in a cookie of ten minutes that only this server can read, sealed
under a key that follows from the client's secret: so any worker can go on, and nothing is kept here.
"""

from __future__ import annotations

import json
import re
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from typing import Any

import httpx
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from fastapi import Request
from joserfc.errors import JoseError
from starlette.responses import RedirectResponse, Response

from bailee.gate.server_settings import Server
from bailee.people.key_sources import secret
from bailee.web import who

COOKIE = "oidc"
LASTS, NONCE_BYTES = 600, 12
SCOPE = "openid profile email"
MOST_ROLES = 200
_ROLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
_SECONDS = 10.0


class NotBelieved(Exception):
    """What came back from the provider does not hold; the message says why."""


class Unreachable(Exception):
    """The provider cannot be asked."""


@dataclass(frozen=True, slots=True)
class Known:
    """Whom the provider vouched for, and the page that they wanted."""

    name: str
    roles: frozenset[str]
    then: str


class Provided:
    """The identity provider of `[server.oidc]`; WorkspaceError where the client's secret cannot be had."""

    def __init__(self, server: Server) -> None:
        if server.provider is None:
            raise ValueError("no provider is configured")
        self._settings, self._base = server.provider, server.base
        held = secret(self._settings.secret, Path(), "secret").strip()
        self._key = HKDF(SHA256(), 32, None, b"bailee sign-in state").derive(held)
        registry = _registry()
        registry.register(
            "provider",
            client_id=self._settings.client,
            client_secret=held.decode(),
            server_metadata_url=f"{self._settings.issuer}/.well-known/openid-configuration",
            client_kwargs={"scope": SCOPE, "code_challenge_method": "S256", "timeout": _SECONDS},
        )
        self._client: Any = registry.create_client("provider")

    @property
    def name(self) -> str:
        """What the provider is called: its host."""
        return str(httpx.URL(self._settings.issuer).host)

    async def go(self, request: Request, then: str) -> Response:
        """Redirect to the provider; raises Unreachable."""
        await self._metadata()
        session: dict[str, Any] = {}
        request.scope["session"] = session
        response: Response = await self._client.authorize_redirect(request, f"{self._base}/sign-in/back")
        self._hold(request, response, {"session": session, "then": then})
        return response

    async def back(self, request: Request) -> Known:
        """Whom the provider vouches for; raises NotBelieved and Unreachable."""
        held = self._held(request)
        if held is None:
            raise NotBelieved("this sign-in was not begun here, or more than ten minutes ago; begin again")
        await self._metadata()
        request.scope["session"] = held["session"]
        client = self._settings.client
        options = {
            "iss": {"essential": True, "value": self._settings.issuer},
            "aud": {"essential": True, "value": client},
            "sub": {"essential": True},
            "nonce": {"essential": True},
        }
        from authlib.common.errors import AuthlibBaseError

        try:
            token = await self._client.authorize_access_token(request, claims_options=options)
        except (AuthlibBaseError, JoseError, ValueError, KeyError) as error:
            # Its description may quote what somebody sent.
            raise NotBelieved(f"the identity provider's word does not hold ({type(error).__name__})") from None
        except httpx.HTTPError as error:
            raise self._unreachable(error) from None
        claims = token.get("userinfo")
        if not claims or not _for_us(claims, client):
            raise NotBelieved("the identity provider did not say who you are")
        return Known(_name(claims), _roles(claims, self._settings.roles), str(held["then"]))

    async def out(self, request: Request) -> Response:
        """Redirect to the provider's own sign-out, or back where it has none."""
        metadata = await self._metadata()
        if not metadata.get("end_session_endpoint"):
            return RedirectResponse("/sign-in", 303)
        back = f"{self._base}/sign-in"
        made = await self._client.create_logout_url(post_logout_redirect_uri=back, client_id=self._settings.client)
        return RedirectResponse(made["url"], 303)

    def forget(self, request: Request, response: Response) -> None:
        """Take the cookie of a sign-in back."""
        who.drop_cookie(request, response, COOKIE)

    async def _metadata(self) -> Mapping[str, Any]:
        """What the provider says of itself (OpenID Connect Discovery 1.0); its issuer is the one that was named."""
        try:
            found: Mapping[str, Any] = await self._client.load_server_metadata()
        except (httpx.HTTPError, ValueError) as error:
            raise self._unreachable(error) from None
        if str(found.get("issuer", "")).rstrip("/") != self._settings.issuer:
            raise Unreachable("the identity provider calls itself otherwise than `issuer` in `[server.oidc]`")
        return found

    def _unreachable(self, error: Exception) -> Unreachable:
        return Unreachable(f"the identity provider {self.name} cannot be asked now ({type(error).__name__}); try again")

    def _hold(self, request: Request, response: Response, what: Mapping[str, object]) -> None:
        nonce = token_bytes(NONCE_BYTES)
        plain = json.dumps({**what, "until": time.time() + LASTS}).encode()
        sealed = urlsafe_b64encode(nonce + AESGCM(self._key).encrypt(nonce, plain, None)).decode()
        secure = bool(request.app.state.server.secure)
        name = who.cookie_name(request, COOKIE)
        response.set_cookie(name, sealed, LASTS, path="/", secure=secure, httponly=True, samesite="lax")

    def _held(self, request: Request) -> dict[str, Any] | None:
        try:
            sealed = urlsafe_b64decode(request.cookies.get(who.cookie_name(request, COOKIE), ""))
            plain = AESGCM(self._key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
            held: dict[str, Any] = json.loads(plain)
        except (NotBase64, ValueError, InvalidTag):
            return None
        return held if held["until"] > time.time() else None


def _registry() -> Any:
    """Authlib's, which is only loaded where there is a provider. It tells at its import that httpx has a successor."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from authlib.integrations.starlette_client import OAuth
    return OAuth()


def _for_us(claims: Mapping[str, Any], client: str) -> bool:
    """Whether a token of several audiences names us as the party it was made for (OpenID Connect Core 3.1.3.7)."""
    audience = claims.get("aud")
    several = isinstance(audience, list) and len(audience) > 1
    return bool(claims.get("azp", None if several else client) == client)


def _name(claims: Mapping[str, Any]) -> str:
    """What the ledger calls somebody. Only `sub` is theirs alone and for ever, so it is always there."""
    subject = str(claims["sub"])
    said = next((claims[each] for each in ("name", "preferred_username", "email") if claims.get(each)), None)
    name = re.sub(r"[^\w .,@'-]", "", str(said))[:100].strip() if said else ""
    return f"{name} ({subject})" if name and name != subject else subject


def _roles(claims: Mapping[str, Any], claim: str) -> frozenset[str]:
    """The roles of a claim, which is one name or a list; `realm_access.roles` looks inside."""
    found: Any = claims.get(claim)
    if found is None:
        found = claims
        for step in claim.split("."):
            found = found.get(step) if isinstance(found, Mapping) else None
    listed = found if isinstance(found, list) else [found]
    return frozenset(each for each in listed[:MOST_ROLES] if isinstance(each, str) and _ROLE.fullmatch(each))
