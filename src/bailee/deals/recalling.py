"""Asking recipients to delete: whoever withdrew or was erased since a release, all of it at its end, or when recalled.

A notice is kept first, with its entry, and sent or handed over after: again and again until the recipient has taken it,
and told as overdue until they confirm that it is done.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from bailee.deals import agreeing
from bailee.deals.agreed import Did
from bailee.errors import FactRejected
from bailee.gate import deleting
from bailee.gate.disclosing import members
from bailee.people import customers, deals
from bailee.people.deals import Deletion, Release
from bailee.people.keys import open_keys
from bailee.vocabulary import Actor

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bailee.gate.gate import Gate, Leaf

#: OpenDSR, version 2.0: the body of a request to erase a person, as marketing systems take it.
OPENDSR = "2.0"
LONGEST = 1_000


@dataclass(frozen=True, slots=True)
class Made:
    """How many notices were made, of customers and of whole releases."""

    customers: int = 0
    releases: int = 0


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice as it is sent: its message's name, the recipient, and the body."""

    deletion: Deletion
    release: Release
    body: bytes


def look(gate: Gate) -> Made:
    """Make the notices that are due now: of whoever is in a release and does not stand any more, and of what ended.

    Whoever has withdrawn and agreed again before this looked is not asked for, so it should be run often.
    """
    with gate.database.read() as connection:
        every = deals.releases(connection, opened=True)
    people, whole = 0, 0
    for release in every:
        if release.delete_by is not None and release.delete_by <= gate.clock():
            whole += _ended(gate, release, release.delete_by)
        else:
            people += _left(gate, release)
    return Made(people, whole)


def _ended(gate: Gate, release: Release, by: datetime) -> bool:
    """Ask for the deletion of a release whose time is over."""
    if None in _asked(gate, release):
        return False
    return gate.together(
        lambda connection, at, leaf: deleting.of_all(connection, release, deleting.EXPIRED, at, by, leaf)
    )


def _left(gate: Gate, release: Release) -> int:
    """Ask for the deletion of those who are in a release and do not stand for it any more."""
    gone, before = _gone(gate, release), _asked(gate, release)
    if None in before or before.issuperset(gone):
        return 0
    keys = open_keys(gate.home / "keys")
    return gate.together(
        lambda connection, at, leaf: deleting.of_people(connection, keys, release, gone, deleting.WITHDRAWN, at, leaf)
    )


def recall(gate: Gate, digest: str, why: str, *, actor: Actor) -> Made:
    """Call back all that was released under a version: nothing more is, and all is to be deleted.

    FactRejected where nothing was released under it; then `withdraw` is meant.
    """
    if not why.strip() or len(why) > LONGEST:
        raise FactRejected(f"say why, in 1 to {LONGEST:,} characters")

    def work(connection: Connection, at: datetime, leaf: Leaf) -> Made:
        mine = [each for each in deals.releases(connection, opened=True) if each.digest == digest]
        if not mine:
            raise FactRejected("nothing was released under this deal; `bailee deal withdraw` takes an agreement back")
        agreeing.note(gate, connection, digest, Did.RECALLED, actor, {"why": why}, at, leaf)
        count = sum(
            deleting.of_all(connection, each, deleting.RECALLED, at, deleting.due(each, at), leaf) for each in mine
        )
        return Made(releases=count)

    return gate.together(work)


def confirm(gate: Gate, number: int, by: str, *, actor: Actor) -> Deletion:
    """Keep that a recipient has deleted; `by` says who said so and what proves it. FactRejected for what is none."""
    if not by.strip() or len(by) > LONGEST:
        raise FactRejected(f"say who confirmed it, and by what, in 1 to {LONGEST:,} characters")

    def work(connection: Connection, at: datetime, leaf: Leaf) -> Deletion:
        found = next(iter(deals.deletions(connection, "number = ?", (number,))), None) if number < 2**63 else None
        if found is None:
            raise FactRejected(f"there is no deletion number {number}; `bailee deal show` lists them")
        if found.confirmed_at is not None:
            raise FactRejected(f"deletion {number} was confirmed on {found.confirmed_at:%Y-%m-%d} already")
        release = next(each for each in deals.releases(connection) if each.number == found.release)
        about = [found.customer] if found.customer is not None and _on_record(connection, found.customer) else []
        private = {"deletion": number, "release": release.name, "confirmed": by, "by": actor.name}
        leaf("deletion", {"change": "confirmed", "disclosure": release.entry}, private, about)
        deals.confirm(connection, number, by, at)
        return deals.deletions(connection, "number = ?", (number,))[0]

    return gate.together(work)


def waiting(gate: Gate, recipient: str | None = None, *, untaken: bool = False) -> list[Notice]:
    """The notices that are not confirmed, or `untaken` those that nobody has taken and that may be tried now."""
    now = gate.clock()
    with gate.database.read() as connection:
        releases = {each.number: each for each in deals.releases(connection)}
        found = deals.deletions(connection, "confirmed_at IS NULL")
    company = gate.promise.policy.company
    return [
        Notice(each, releases[each.release], body(company, each, releases[each.release]))
        for each in found
        if recipient in (None, releases[each.release].recipient)
        if not untaken or (each.taken_at is None and each.try_at <= now)
    ]


def tried(gate: Gate, deletion: Deletion, told: str | None, pause: timedelta) -> None:
    """Keep what came of an attempt to send a notice: None is that it was taken."""
    now = gate.clock()
    gate.database.commit(lambda connection: deals.tried(connection, deletion.number, told, now, now + pause))


def body(company: str, deletion: Deletion, release: Release) -> bytes:
    """What is sent: of a customer as OpenDSR 2.0 has it and without why, of a whole release in our own words."""
    about = {"release": release.name, "delete_by": _time(deletion.due_by), "company": company}
    if deletion.customer is None:
        whole: Mapping[str, object] = {
            "type": "release.delete",
            "message": deletion.message,
            "timestamp": _time(deletion.asked_at),
            "data": {**about, "why": deletion.why},
        }
    else:
        whole = {
            "regulation": "gdpr",
            "subject_request_id": deletion.message,
            "subject_request_type": "erasure",
            "submitted_time": _time(deletion.asked_at),
            "subject_identities": [
                {
                    "identity_type": "controller_customer_id",
                    "identity_value": deletion.reference,
                    "identity_format": "raw",
                }
            ],
            "api_version": OPENDSR,
            "extensions": {"bailee": about},
        }
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def _gone(gate: Gate, release: Release) -> list[int]:
    """Who is in a release and does not stand for it any more; nobody where it names nobody."""
    if not release.private.get("people"):
        return []
    with gate.database.read() as connection:
        inside = members(connection, release.entry)
    effect = gate.leaf(release.entry)["effect"]
    asks = {"effect": effect, "recipient": release.recipient, "actor": _looker(gate)}
    if not gate.rule(release.purpose, **asks).permitted:  # the promise itself has ended
        return [int(number) for number in np.flatnonzero(inside)]
    outlet = gate.disclosing(release.purpose, **asks)
    stands = outlet.stands(outlet.standing())
    size = min(len(inside), len(stands))
    return [int(number) for number in np.flatnonzero(inside[:size] & ~stands[:size])]


def _looker(gate: Gate) -> Actor:
    """Whoever looks at standing alone, and is shown no data: in every role, so that the purpose's do not matter."""
    return Actor("bailee", frozenset(gate.promise.policy.roles), self_declared=False)


def _asked(gate: Gate, release: Release) -> set[int | None]:
    with gate.database.read() as connection:
        return deals.asked(connection, release.number)


def _on_record(connection: Connection, number: int) -> bool:
    return customers.keys(connection, [number])[0] is not None


def _time(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
