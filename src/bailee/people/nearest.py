"""The spelling that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

_LISTED = 12


def expected(found: str, known: Iterable[str]) -> str:
    """Return the end of a message about an unknown word: what was probably meant, or what is known."""
    return _expected(found, frozenset(known))


@lru_cache(1024)
def _expected(found: str, known: frozenset[str]) -> str:
    from difflib import get_close_matches

    words = sorted(known)
    close = get_close_matches(found.lower(), words, 1)
    if close:
        return f"did you mean `{close[0]}`?"
    more = f" and {len(words) - _LISTED} more" if len(words) > _LISTED else ""
    return f"expected one of {', '.join(f'`{word}`' for word in words[:_LISTED])}{more}" if words else "there is none"
