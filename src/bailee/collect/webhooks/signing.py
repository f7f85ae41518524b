"""How word is signed: Standard Webhooks (https://www.standardwebhooks.com), symmetric signatures of version 1."""

from __future__ import annotations

import base64
import binascii
import hmac
from datetime import datetime

from bailee.errors import WorkspaceError

_PREFIX = "whsec_"
#: How long a secret may be, in bytes.
_SHORTEST, _LONGEST = 24, 64


def secret(text: bytes, name: str) -> bytes:
    """The key that a secret spells, `whsec_` and base64; WorkspaceError, which never shows it, where it is none."""
    try:
        words = text.decode("ascii").strip().removeprefix(_PREFIX)
        key = base64.b64decode(words, validate=True)
    except (UnicodeDecodeError, binascii.Error, ValueError):
        key = b""
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise WorkspaceError(
            f"the secret of the webhook `{name}` is none: expected `{_PREFIX}` and base64 of {_SHORTEST} to {_LONGEST} "
            "bytes"
        )
    return key


def headers(key: bytes, message: str, at: datetime, body: bytes) -> dict[str, str]:
    """What goes with a body: the message's name, which stays the same however often it is sent, time, and signature."""
    stamp = str(int(at.timestamp()))
    signed = base64.b64encode(hmac.digest(key, f"{message}.{stamp}.".encode() + body, "sha256")).decode()
    return {
        "content-type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{signed}",
        "user-agent": "bailee",
    }
