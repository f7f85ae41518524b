"""Which texts are exactly a value of a key's type, and what else an allow table knows of a key.

PostgreSQL before 16 cannot try a cast, and a cast takes many texts for one value (`07`, ` 7`): two keys would be one
subject. So exactness is decided here, before anything is sent.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable

from bailee.engines.postgres.faults import Wrong

_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,18}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_DECIMAL_TYPE = re.compile(r"DECIMAL\((\d{1,2}),\s?(\d{1,2})\)", re.ASCII)
_BITS = {"SMALLINT": 16, "INTEGER": 32, "BIGINT": 64}
#: Sums of digests wrap here.
_SUM = 1 << 256

Exact = Callable[[str], bool]


def column_type(key_type: str) -> str:
    """PostgreSQL's name for the type of a key; raises `Wrong` for a type that no key can have."""
    found = {"SMALLINT": "int2", "INTEGER": "int4", "BIGINT": "int8", "UUID": "uuid", "VARCHAR": "text"}.get(key_type)
    decimal = _DECIMAL_TYPE.fullmatch(key_type)
    if found is None and decimal is not None and int(decimal[2]) <= int(decimal[1]) <= 38:
        found = f"numeric({decimal[1]},{decimal[2]})"
    if found is None:
        raise Wrong("key type")
    return found


def exact(key_type: str) -> Exact:
    """Whether a text is the one that PostgreSQL writes for a value of the type."""
    if key_type in _BITS:
        half = 1 << (_BITS[key_type] - 1)
        return lambda key: _WHOLE.fullmatch(key) is not None and -half <= int(key) < half
    if key_type == "UUID":
        return lambda key: _UUID.fullmatch(key) is not None
    decimal = _DECIMAL_TYPE.fullmatch(key_type)
    return _text if decimal is None else _decimal(int(decimal[1]), int(decimal[2]))


def _decimal(precision: int, scale: int) -> Exact:
    before = precision - scale
    whole = "0" if before == 0 else rf"(0|[1-9][0-9]{{0,{before - 1}}})"
    pattern = re.compile(rf"-?{whole}" + (rf"\.[0-9]{{{scale}}}" if scale else ""), re.ASCII)
    zero = re.compile(r"-[0.]+")
    return lambda key: pattern.fullmatch(key) is not None and zero.fullmatch(key) is None


def _text(key: str) -> bool:
    """PostgreSQL holds every text but those with a NUL, or with half a character."""
    return "\0" not in key and not any("\ud800" <= letter <= "\udfff" for letter in key)


def pseudonym(secret: bytes, key: str) -> str:
    """The first 32 hex characters of HMAC-SHA256 (RFC 2104); made here, so the secret never reaches the server."""
    return hmac.digest(secret, key.encode(), "sha256").hex()[:32]


def total(keys: Iterable[str]) -> int:
    """A sum of digests that is the same for the same keys in any order; what goes and comes is taken off and added."""
    return counted(keys)[0]


def counted(keys: Iterable[str]) -> tuple[int, int]:
    """The total of keys, gone through once, and how many they are."""
    summed = count = 0
    for key in keys:
        summed += _number(hashlib.sha256(key.encode(errors="surrogatepass")).digest())
        count += 1
    return summed % _SUM, count


def _number(digest: bytes) -> int:
    return int.from_bytes(digest, "big")


def tag(key_type: str, secret: bytes | None) -> str:
    """What beside its keys an allow table depends on, showing nothing of the secret."""
    marked = b"-" if secret is None else hashlib.sha256(b"bailee allow table" + secret).digest()
    return hashlib.sha256(key_type.encode() + b"\0" + marked).hexdigest()[:32]


def state(tagged: str, summed: int) -> str:
    """The name of a table's content: equal where, and only where, two servers would have put the same."""
    return f"{tagged}:{summed % _SUM:064x}"
