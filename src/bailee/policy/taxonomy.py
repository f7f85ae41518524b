"""The data categories and data uses of the Fides taxonomy, as dotted keys, and how such keys are compared.

The keys come from `data/fides_taxonomy.json`, read once when first asked for. A company may declare more in its policy.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

#: What Bailee itself keeps of everybody, in no table of the company's: what they chose and asked about their own data.
PREFERENCES = "user.privacy_preferences"

_FILE = Path(__file__).parent / "data" / "fides_taxonomy.json"


@cache
def _read() -> dict[str, Any]:
    return dict(json.loads(_FILE.read_text(encoding="utf-8")))


@cache
def categories() -> frozenset[str]:
    """The keys of what data can say about a person, such as `user.contact.email`."""
    return frozenset(_read()["categories"])


@cache
def uses() -> frozenset[str]:
    """The keys of what data can be used for, such as `marketing.advertising`."""
    return frozenset(_read()["uses"])


def covers(prefix: str, key: str) -> bool:
    """Whether `key` is `prefix` or lies under it, by whole dotted segments (`user.contact` not `user.contactless`)."""
    return key == prefix or key.startswith(f"{prefix}.")


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The word most like a misspelt one, or None when none is like it; of equals, the first in alphabetical order."""
    from difflib import get_close_matches

    found = get_close_matches(word, sorted(words), n=1)
    return found[0] if found else None
