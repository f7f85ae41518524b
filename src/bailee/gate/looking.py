"""A look at what one customer chose or asked, by somebody who works for the company: a use like any, and recorded.

What somebody chose, or asked about their own data, is data about them (`user.privacy_preferences` of the Fides
taxonomy). So a look needs a purpose that reads it clear, an actor whom the purpose admits, and a customer who stands
for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from bailee import decide
from bailee.decide import Ruling
from bailee.errors import Refused
from bailee.gate.record import ANSWERED, REFUSED, Recorder
from bailee.people.standing import Standing
from bailee.policy.reasons import STANDING_CODES, ruling_reason, standing_reason
from bailee.policy.taxonomy import PREFERENCES
from bailee.vocabulary import Reason, Treatment

if TYPE_CHECKING:
    from sqlalchemy import Connection

T = TypeVar("T")
_UNKNOWN = STANDING_CODES.index("unknown_customer")


def look(
    recorder: Recorder,
    ruling: Ruling,
    customer: str,
    question: Mapping[str, object],
    read: Callable[[Connection, int], T],
    fresh: Callable[[], Standing],
    at: datetime,
) -> tuple[T, int]:
    """What `read` finds of a customer, by number, and the entry that says who looked; Refused, recorded too.

    `question` says in the private record what was looked at.
    """
    about = recorder.numbers([customer])
    private: dict[str, object] = {**question, "customer": customer}
    why = forbidden(ruling)
    if why is not None or ruling.slot is None:
        reasons = ruling.reasons if why is None else (why,)
        raise _refused(recorder, ruling, reasons, private, at, about)
    standing = fresh()
    code = int(standing.codes(ruling.slot)[about[0]]) if about else _UNKNOWN
    private["verdict"] = STANDING_CODES[code]
    if code != 0:
        reason = standing_reason(code, ruling.use.purpose, ruling.line)
        raise _refused(recorder, ruling, (reason,), private, at, about, standing)
    with recorder.database.read() as connection:
        found = read(connection, about[0])
    entry = recorder.use(ruling, ANSWERED, private, at, as_of=at, standing=standing, subjects=about, some=True)
    return found, entry


def forbidden(ruling: Ruling) -> Reason | None:
    """Why a ruling lets nobody look at choices, or None."""
    if not ruling.permitted:
        return ruling.reasons[0]
    seen = decide.category(ruling, PREFERENCES)
    if seen.treatment is Treatment.CLEAR:
        return None
    asked = ruling.use.purpose
    return seen.reason or ruling_reason("not_read", ruling.line, purpose=asked, category=f"`{PREFERENCES}`")


def _refused(
    recorder: Recorder,
    ruling: Ruling,
    reasons: tuple[Reason, ...],
    private: dict[str, object],
    at: datetime,
    about: tuple[int, ...],
    standing: Standing | None = None,
) -> Refused:
    error = Refused(reasons)
    said = {**private, "refused": [reason.code for reason in reasons]}
    error.receipt = recorder.use(ruling, REFUSED, said, at, as_of=at, standing=standing, subjects=about, some=True)
    return error
