"""A look at what one customer chose, by somebody who works for the company: a use like any other, and recorded.

What somebody chose is data about them (`user.privacy_preferences` of the Fides taxonomy). So a look needs a purpose
that reads it clear, an actor whom the purpose admits, and a customer who stands for it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bailee import decide
from bailee.decide import Ruling
from bailee.errors import Refused
from bailee.gate.record import ANSWERED, REFUSED, Recorder
from bailee.people import choices
from bailee.people.choices import Recorded
from bailee.people.standing import Standing
from bailee.policy.reasons import STANDING_CODES, ruling_reason, standing_reason
from bailee.vocabulary import Reason, Treatment

PREFERENCES = "user.privacy_preferences"
_UNKNOWN = STANDING_CODES.index("unknown_customer")


def look(
    recorder: Recorder, ruling: Ruling, customer: str, fresh: Callable[[], Standing], at: datetime
) -> tuple[tuple[Recorded, ...], int]:
    """All that a customer said, oldest first, and the entry that says who looked; Refused, recorded too."""
    about = recorder.numbers([customer])
    private: dict[str, object] = {"question": "choices", "customer": customer}
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
        found = tuple(choices.history(connection, about[0]))
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
