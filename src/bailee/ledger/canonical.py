"""Canonical JSON (RFC 8785) for what the ledger keeps: text, whole numbers, true, false, null, lists and objects.

Without fractions, and with ASCII names only, the standard library's encoder already gives RFC 8785's bytes, seven
times sooner than a general one; the tests hold it against the package `rfc8785`. Everything else is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from bailee.errors import RecordError

#: Whole numbers must stay below this to survive every JSON reader (RFC 8785, 3.2.2.3).
LARGEST = 2**53 - 1
_DEEPEST = 32

_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")).encode


def canonical(value: Mapping[str, object]) -> bytes:
    """Return the RFC 8785 bytes of an object; RecordError where it holds what the ledger does not keep."""
    plain = value if type(value) is dict else dict(value)
    _check(plain, 0)
    try:
        return _encode(plain).encode()
    except UnicodeEncodeError:
        raise RecordError("the ledger cannot record text with half a surrogate pair; mend the text") from None


def _check(value: object, depth: int) -> None:
    if value is None or isinstance(value, (str, bool)):
        return
    if isinstance(value, int):
        if not -LARGEST <= value <= LARGEST:
            raise RecordError(f"the ledger cannot record a number beyond {LARGEST}; give it as text")
        return
    if depth == _DEEPEST:
        raise RecordError(f"the ledger cannot record an object nested more than {_DEEPEST} deep")
    if isinstance(value, dict):
        for name, part in value.items():
            if not (isinstance(name, str) and name.isascii()):
                raise RecordError("the ledger cannot record an object whose names are not plain ASCII text")
            if type(part) is not str and part is not None:
                _check(part, depth + 1)
    elif isinstance(value, (list, tuple)):
        for part in value:
            _check(part, depth + 1)
    elif isinstance(value, float):
        raise RecordError("the ledger cannot record a fraction, which readers round differently; give it as text")
    else:
        raise RecordError(
            f"the ledger cannot record a `{type(value).__name__}`; give text, whole numbers, lists, objects"
        )
