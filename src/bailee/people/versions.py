"""Which published version of the policy is in force when: a short list, kept as one setting of the workspace.

A workspace that never published has none; its file is its promise then (`spec/decision.md` D11).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from bailee.people import documents
from bailee.people.instants import instant, instant_or_none, micros, micros_or_none

_NAME = "policy versions"


@dataclass(frozen=True, slots=True)
class Version:
    """A policy (by digest) and the instant from which it is in force.

    `began` is when it was first recorded as in force, `withdrawn` when it was taken back before.
    """

    policy: str
    since: datetime
    recorded: datetime
    began: datetime | None = None
    withdrawn: datetime | None = None


def listed(connection: Connection) -> tuple[Version, ...]:
    """Every version that was published or scheduled, in that order."""
    kept = json.loads(documents.setting(connection, _NAME) or "[]")
    return tuple(
        Version(policy, instant(since), instant(recorded), instant_or_none(began), instant_or_none(withdrawn))
        for policy, since, recorded, began, withdrawn in kept
    )


def in_force(connection: Connection, at: datetime) -> Version | None:
    """The version in force at an instant, or None where nothing was published yet.

    What began stays in force though a clock is set back, or another machine's is slow.
    """
    found = None
    for each in listed(connection):
        if each.withdrawn is None and (each.began is not None or each.since <= at):
            found = each
    return found


def coming(connection: Connection, at: datetime) -> Version | None:
    """The version that is scheduled and not in force yet at an instant, or None."""
    waiting = (each for each in listed(connection) if each.withdrawn is None and each.began is None and each.since > at)
    return next(waiting, None)


def add(connection: Connection, policy: str, since: datetime, now: datetime, *, began: bool = False) -> None:
    """Take a version on record in the caller's write transaction."""
    _keep(connection, [*listed(connection), Version(policy, since, now, now if began else None)])


def begin(connection: Connection, now: datetime) -> None:
    """Note that the version in force has been recorded as in force, in the caller's write transaction."""
    current = in_force(connection, now)
    if current is not None and current.began is None:
        _change(connection, current, replace(current, began=now))


def withdraw(connection: Connection, version: Version, now: datetime) -> None:
    """Take back a version that is not in force yet, in the caller's write transaction."""
    _change(connection, version, replace(version, withdrawn=now))


def _change(connection: Connection, old: Version, new: Version) -> None:
    _keep(connection, [new if each == old else each for each in listed(connection)])


def _keep(connection: Connection, versions: Iterable[Version]) -> None:
    rows = [
        [each.policy, micros(each.since), micros(each.recorded), *map(micros_or_none, (each.began, each.withdrawn))]
        for each in versions
    ]
    documents.set_setting(connection, _NAME, json.dumps(rows))
