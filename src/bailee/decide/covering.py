"""Which of the terms ever shown cover today's, by purpose (`spec/decision.md` D5)."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from types import MappingProxyType

from bailee.decide.codes import NOTHING_SHOWN, STANDS, TERMS_WIDENED
from bailee.policy.terms import Terms, covers


class Covering:
    """Answers for the terms registered when it was made; make another when a notice is registered.

    `known` may be shared by the coverings of one policy: it maps a purpose and a digest to whether those terms cover
    today's, which never changes.
    """

    def __init__(
        self, registered: Mapping[str, Terms], today: Mapping[str, Terms], known: MutableMapping[tuple[str, str], bool]
    ) -> None:
        self.registered: Mapping[str, Terms] = MappingProxyType(dict(registered))
        self._today, self._known = today, known

    def covers(self, purpose: str, digest: str) -> bool:
        """Whether these terms are registered and cover today's terms of the purpose."""
        if digest not in self.registered:
            return False
        found = self._known.get((purpose, digest))
        if found is None:
            found = covers(self.registered[digest], self._today[purpose])
            self._known[purpose, digest] = found
        return found

    def code(self, purpose: str, digest: str | None) -> int:
        """Of a grant under these terms: it stands, or nothing was shown, or the terms were widened since."""
        if digest is None or digest not in self.registered:
            return NOTHING_SHOWN
        return STANDS if self.covers(purpose, digest) else TERMS_WIDENED
