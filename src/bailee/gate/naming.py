"""Whether the text of a record names a customer, as a question does that asks about them by their key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

#: What a record says of who asked and of the ruling names no customer.
_NOT_ABOUT = frozenset({"actor", "by", "ruling"})
_BEFORE = r"(?<!\w)(?<!\d[-.:])(?<!limit )(?<!offset )"
_AFTER = r"(?!\w)(?![-.:]\d)"


class Names:
    """True of a record in which one of these keys stands as a word of its own, in any case of letters.

    A number within a date, a time or a decimal is no key, nor is that of a LIMIT. What cannot be told apart names them:
    a record that goes in vain costs less than one that stays.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        words = {re.escape(spelled) for key in keys for spelled in (key, key.replace("'", "''"))}
        longest_first = sorted(words, key=len, reverse=True)
        self._pattern = re.compile(f"{_BEFORE}(?:{'|'.join(longest_first)}){_AFTER}", re.IGNORECASE)

    def __call__(self, record: Mapping[str, object]) -> bool:
        """Whether the record names one of them."""
        return any(self.text(text) for text in _texts(record))

    def text(self, text: str) -> bool:
        """Whether a text names one of them."""
        return self._pattern.search(text) is not None


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, part in value.items():
            if name not in _NOT_ABOUT:
                yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
