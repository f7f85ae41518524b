"""Tokens that the shop signs (JWT, RFC 7519): who its signed-in customer is, or that its own program asks.

`sub` is the customer's key, or the name of the program or analyst; `aud` is this server's URL; `exp` at most a day
away. `scope` is one of those that the key is believed for, `roles` the roles of an analyst.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

from bailee.errors import WorkspaceError
from bailee.gate.server_settings import Server, TokenKey
from bailee.people.key_sources import secret

LONGEST_LIFE = 86_400
#: Seconds by which clocks may differ.
LEEWAY = 30
LONGEST = 8_192
SHORTEST_SECRET = 32
#: What the key of a visitor, who is no customer of the shop's yet, begins with.
VISITOR = "visitor:"
_PEM: dict[str, Any] = {"Ed25519": OKPKey, "EdDSA": OKPKey, "ES256": ECKey, "RS256": RSAKey}


class BadToken(Exception):
    """The token is not believed; the message says why, and shows nothing of it."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a believed token says."""

    subject: str
    scope: str
    roles: frozenset[str]
    #: What names the token where it may pass once only: its `jti`, else the digest of what is signed.
    #: (Not of the signature, which may be written in other ways.)
    once: str
    #: When it runs out, in seconds of the epoch.
    ends: float


class Tokens:
    """The keys whose signatures are believed. WorkspaceError for one that cannot be had."""

    def __init__(self, server: Server) -> None:
        self._audience = server.base
        self._keys = {name: (each, _loaded(each)) for name, each in server.keys.items()}

    def read(self, token: str) -> Claims:
        """What a token says, once its signature, life and audience hold; raises BadToken."""
        if len(token) > LONGEST:
            raise BadToken("the token is too long")
        key, loaded = self._key(token)
        try:
            decoded = jwt.decode(token, loaded, algorithms=[key.algorithm])
        except (JoseError, ValueError, TypeError, KeyError):
            raise BadToken("the token's signature does not hold") from None
        return self._claims(decoded.claims, key, sha256(token.rpartition(".")[0].encode()).hexdigest())

    def _key(self, token: str) -> tuple[TokenKey, Any]:
        """The key that a token names in its head, or the only one."""
        from base64 import urlsafe_b64decode

        try:
            head = token.split(".", 1)[0]
            named = json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4))).get("kid")
        except (ValueError, AttributeError):
            raise BadToken("this is no signed token") from None
        if named is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        if not isinstance(named, str) or named not in self._keys:
            raise BadToken("the token names no key of `[server.keys]` as its `kid`")
        return self._keys[named]

    def _claims(self, claims: Mapping[str, Any], key: TokenKey, digest: str) -> Claims:
        now = time.time()
        ends, begins = claims.get("exp"), claims.get("nbf", claims.get("iat", 0))
        if not isinstance(ends, int | float) or isinstance(ends, bool) or not isfinite(ends):
            raise BadToken("the token does not say when it runs out (`exp`)")
        if now > ends + LEEWAY:
            raise BadToken("the token has run out")
        if ends > now + LONGEST_LIFE + LEEWAY:
            raise BadToken("the token lasts longer than a day")
        if not isinstance(begins, int | float) or begins > now + LEEWAY:
            raise BadToken("the token is not good yet")
        audience = claims.get("aud")
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise BadToken(f"the token is for somebody else: its `aud` should be `{self._audience}`")
        scope, subject = claims.get("scope", "customer"), claims.get("sub")
        if scope not in key.scopes:
            raise BadToken(f"the key `{key.name}` is not believed for this `scope`")
        if not isinstance(subject, str) or not 0 < len(subject) <= 512:
            raise BadToken("the token does not say whom it is about (`sub`)")
        if scope == "customer" and subject.startswith(VISITOR):
            # Where people choose their own names at the shop, somebody could else choose to be a visitor.
            raise BadToken("a customer's key does not begin like a visitor's; only their secret speaks for a visitor")
        roles = claims.get("roles", [])
        if not isinstance(roles, list) or not all(isinstance(each, str) for each in roles):
            raise BadToken("`roles` is no list of names")
        named = claims.get("jti")
        once = f"{key.name}:{named}" if isinstance(named, str) and named else digest
        return Claims(subject, scope, frozenset(roles), once, float(ends))


def _loaded(key: TokenKey) -> Any:
    where = f"`[server.keys.{key.name}]`"
    if key.algorithm == "HS256":
        held = secret(key.key, Path(), "secret").strip()
        if len(held) < SHORTEST_SECRET:
            raise WorkspaceError(f"the secret of {where} has {len(held)} bytes, expected at least {SHORTEST_SECRET}")
        return OctKey.import_key(held)
    try:
        text = secret(key.key, Path()) if ":" in key.key[:8] else Path(key.key).read_bytes()
    except OSError:
        raise WorkspaceError(f"the file of {where} cannot be read: `{key.key}`") from None
    try:
        if text.lstrip()[:1] == b"{":
            document = json.loads(text)
            if "keys" in document:
                return KeySet.import_key_set(document)
            return _PEM[key.algorithm].import_key(document)
        return _PEM[key.algorithm].import_key(text)
    except (JoseError, ValueError, TypeError):
        raise WorkspaceError(f"{where} is no {key.algorithm} key in PEM or JWK form") from None
