"""What many customers were told of a purpose and said about it last, whether or not that gives them standing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from bailee.decide.covering import Covering
from bailee.decide.law import Law
from bailee.decide.record import Sheet
from bailee.decide.slate import Mask
from bailee.vocabulary import EVERY_PURPOSE


def told(law: Law, sheet: Sheet, covering: Covering) -> Mask:
    """Whether a notice of all of today's terms of a purpose was given to each, or cited by what they said."""
    crowd, found = sheet.crowd, np.zeros(len(sheet.crowd), np.bool_)
    covers = np.array([*(covering.covers(law.purpose.key, digest) for digest in crowd.terms), False], np.bool_)
    for each in (crowd.notices, sheet.choices):
        about = _named(sheet, each.purpose, law.lineage) & (each.at <= sheet.now)
        found[each.row[about & covers[each.terms]]] = True
    return found


def last_act(law: Law, sheet: Sheet, recipient: str) -> npt.NDArray[np.integer[Any]]:
    """The last that each said about a purpose and a recipient, as an index into `crowd.ACTS`; -1 for nothing."""
    choices, recipients = sheet.choices, sheet.crowd.recipients
    to = recipients.index(recipient) if recipient in recipients else -1
    about = _named(sheet, choices.purpose, law.names) & (choices.at <= sheet.now)
    about &= (choices.recipient == -1) | (choices.recipient == to)
    found = np.full(len(sheet.crowd), -1, np.int64)
    found[choices.row[about]] = choices.act[about]  # in order of time: the last wins
    return found


def shown(sheet: Sheet, among: Mask) -> dict[tuple[str, str], int]:
    """How many of some customers were given or cited a notice, by the purpose that they know it by and its terms."""
    crowd = sheet.crowd
    digests = list(dict.fromkeys(crowd.terms))
    number = np.array([digests.index(digest) for digest in crowd.terms], np.int64)
    every, keys = sheet.code(EVERY_PURPOSE), []
    for each, but in ((crowd.notices, -1), (sheet.choices, every)):
        counts = (each.purpose >= 0) & (each.purpose != but) & (each.terms >= 0) & (each.at <= sheet.now)
        counts &= among[each.row]
        named = each.purpose[counts].astype(np.int64) * len(digests) + number[each.terms[counts]]
        keys.append(named * len(crowd) + each.row[counts])
    pairs = np.sort(np.concatenate(keys))
    once = pairs[np.append(True, pairs[1:] != pairs[:-1])[: len(pairs)]]
    many = np.bincount(once // max(len(crowd), 1)).tolist()
    return {
        (crowd.purposes[at // len(digests)], digests[at % len(digests)]): count
        for at, count in enumerate(many)
        if count
    }


def _named(sheet: Sheet, codes: npt.NDArray[np.integer[Any]], names: Iterable[str]) -> Mask:
    """Which of some codes of purposes are of these names."""
    return np.isin(codes, [sheet.code(name) for name in names])
