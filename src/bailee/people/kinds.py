"""What choices have in common: everything that was said but by whom, when, and on what evidence.

A file of a million choices holds a few dozen kinds, so each is checked once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from bailee.people import notices
from bailee.people.nearest import expected
from bailee.policy.model import Policy
from bailee.vocabulary import EVERY_PURPOSE, Act, Instrument

_ACTS = frozenset(map(str, Act))
_INSTRUMENTS = frozenset(map(str, Instrument))
LONGEST = 128


class Kind(NamedTuple):
    """A kind of choice, as the words of a file or a form; `notice` is the digest of the notice that was shown."""

    purpose: str
    act: str
    instrument: str
    notice: str | None = None
    language: str | None = None
    recipient: str | None = None
    channel: str | None = None
    conflict_shown: bool = False


class Wrong(NamedTuple):
    """Why a choice cannot be taken, and which of its fields says so."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Known:
    """What a choice may name: purposes of the policy (and what they were called), recipients, registered notices."""

    purposes: frozenset[str]
    recipients: frozenset[str]
    notices: Mapping[str, tuple[int, str, str]]

    @classmethod
    def of(cls, connection: Connection, policy: Policy, cited: Collection[str] | None = None) -> Known:
        """All that may be named under a policy; with `cited`, of notices only those."""
        purposes = frozenset(policy.purposes).union(*(purpose.was for purpose in policy.purposes.values()))
        return cls(purposes, frozenset(policy.recipients), notices.known(connection, cited))

    def shown(self, kind: Kind) -> int | None:
        """Our number of the notice that the choice was made under; None if it is not one about its purpose."""
        number, purpose, _ = self.notices.get(kind.notice or "", (None, "", ""))
        return number if purpose == kind.purpose else None

    def told(self, kind: Kind) -> Kind:
        """The kind with the language of its notice, where it names none."""
        if kind.language is not None or self.shown(kind) is None:
            return kind
        return kind._replace(language=self.notices[kind.notice or ""][2])

    def grants_nothing(self, kind: Kind) -> bool:
        """Whether this is a grant of which no registered notice shows what was agreed to."""
        return kind.act == Act.GRANT and self.shown(kind) is None

    def wrong(self, kind: Kind) -> Wrong | None:
        """Why no choice of this kind can be taken, or None."""
        for field, value in zip(Kind._fields, kind, strict=True):
            if isinstance(value, str) and len(value) > LONGEST:
                return Wrong(field, f"a choice's {field} has at most {LONGEST} characters, found {len(value):,}")
        if kind.act not in _ACTS:
            return Wrong("act", f"`{kind.act}` is no act: {expected(kind.act, _ACTS)}")
        if kind.instrument not in _INSTRUMENTS:
            return Wrong(
                "instrument", f"`{kind.instrument}` is no instrument: {expected(kind.instrument, _INSTRUMENTS)}"
            )
        return self._wrong_purpose(kind) or self._wrong_rest(kind)

    def _wrong_purpose(self, kind: Kind) -> Wrong | None:
        if kind.purpose == EVERY_PURPOSE and kind.act == Act.GRANT:
            return Wrong("purpose", f"a grant names one purpose: {expected('', self.purposes)}")
        if kind.purpose != EVERY_PURPOSE and kind.purpose not in self.purposes:
            return Wrong(
                "purpose",
                f"there is no purpose `{kind.purpose}` in the policy: {expected(kind.purpose, self.purposes)}",
            )
        return None

    def _wrong_rest(self, kind: Kind) -> Wrong | None:
        if kind.instrument == Instrument.GPC and kind.act == Act.GRANT:
            return Wrong("act", "Global Privacy Control never grants: expected `refuse` or `object`")
        if kind.recipient is not None and kind.recipient not in self.recipients:
            hint = expected(kind.recipient, self.recipients)
            return Wrong("recipient", f"there is no recipient `{kind.recipient}` in the policy: {hint}")
        return None
