"""A new version of the policy: what it changes for whom, when it may come into force, and putting it there.

The rules are `spec/decision.md` D11. A comparison is made in the transaction that publishes, so nobody slips between.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bailee import decide
from bailee.errors import FactRejected, Refused
from bailee.gate import noticing
from bailee.gate.answer import NoticeReceipt
from bailee.gate.effects import Effects, PurposeStep, effects
from bailee.gate.intake import Intake
from bailee.gate.ledger import came_into_force
from bailee.gate.promise import candidate, keep_policy, recorded_policy
from bailee.gate.record import Recorder
from bailee.people import customers, documents, versions
from bailee.people.versions import Version
from bailee.policy.diff import Difference, diff
from bailee.policy.model import Policy
from bailee.policy.terms import terms_of
from bailee.policy.wording import Changed, Written, compare, languages
from bailee.vocabulary import Principle, Reason

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bailee.people.database import Database

#: Where a version of the policy comes from: its bytes and what errors call them.
Source = tuple[bytes, str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a new version changes. `earliest` is when it may come into force, None for at once."""

    old: str
    new: str
    old_version: str
    new_version: str
    difference: Difference
    effects: Effects
    earliest: datetime | None
    notice_days: int

    @property
    def purposes(self) -> tuple[PurposeStep, ...]:
        """Each purpose that changes, and for how many customers."""
        return self.effects.purposes

    @property
    def first_day(self) -> str:
        """The first whole day in UTC on which it may come into force, where customers must be given notice."""
        return _day(self)

    @property
    def material(self) -> bool:
        """Whether customers must be given notice before it comes into force."""
        return self.earliest is not None


@dataclass(frozen=True, slots=True)
class Published:
    """That a version is published: from when it is in force, its leaf, and the notices that were registered for it."""

    comparison: Comparison
    since: datetime
    position: int
    notices: tuple[tuple[Written, NoticeReceipt], ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A version of the policy on record: what its file calls it, and from when it is in force."""

    policy: str
    version: str
    since: datetime
    began: datetime | None = None
    withdrawn: datetime | None = None


@dataclass(frozen=True, slots=True)
class Versions:
    """How the policy stands: `published` says whether versions are, or the file rules; `scheduled` comes next.

    `file` is the digest of the workspace's `policy.yaml`, None where it cannot be read as a policy.
    """

    published: bool
    policy: str
    version: str
    since: datetime | None
    scheduled: Known | None
    file: str | None
    history: tuple[Known, ...]

    @property
    def differs(self) -> bool:
        """Whether the file says something else than what is in force, or will be."""
        return self.file not in (self.policy, self.scheduled.policy if self.scheduled else self.policy)


class Publishing:
    """Compares, publishes, schedules and withdraws; what raises was not done at all."""

    def __init__(self, home: Path, database: Database, recorder: Recorder, intake: Intake, notice_days: int) -> None:
        self._home, self._database, self._recorder, self._intake = home, database, recorder, intake
        self._notice_days = notice_days

    def compare(self, source: Source | None, map_text: bytes, now: datetime) -> Comparison:
        """What a version, without a source the scheduled one, would change; nothing is recorded."""
        with self._database.read() as connection:
            policy, digest = self._coming(connection, source, map_text, now)
            return self._compared(connection, policy, digest, now)

    def publish(self, source: Source, map_text: bytes, by: str, now: datetime) -> Published:
        """Put a version in force now; Refused where customers must be given notice first."""
        policy, digest = candidate(*source, map_text)
        with self._database.write() as connection:
            self._must_be_free(connection, policy, digest, now)
            found = self._compared(connection, policy, digest, now)
            if found.earliest is not None:
                raise too_early(found, f"schedule it with `bailee policy schedule {source[1]} --on {_day(found)}`")
            self._keep(connection, policy, digest, source[0], now)
            written = self._notices(connection, policy, now)
            versions.add(connection, digest, now, now)
            said = {"by": by, "file": source[1]}
            datamap = self._recorder.promise.map_digest
            position = came_into_force(connection, self._recorder, digest, datamap, now, said)
        return Published(found, now, position, written)

    def schedule(self, source: Source, map_text: bytes, on: datetime, by: str, now: datetime) -> Published:
        """Have a version come into force at an instant; Refused where that is before customers had notice."""
        if on.tzinfo is None or on <= now:
            raise FactRejected(f"`{on.isoformat()}` is not to come, or names no zone: expected an instant to come")
        policy, digest = candidate(*source, map_text)
        with self._database.write() as connection:
            self._must_be_free(connection, policy, digest, now)
            found = self._compared(connection, policy, digest, now)
            if found.earliest is not None and on < found.earliest:
                raise too_early(found, f"name `--on {_day(found)}` or later")
            self._keep(connection, policy, digest, source[0], now)
            written = self._notices(connection, policy, now)
            versions.add(connection, digest, on, now)
            public = {"policy": digest, "previous": found.old, "in_force": on}
            position = self._recorder.within(connection, "policy_scheduled", public, {"by": by, "file": source[1]}, now)
        return Published(found, on, position, written)

    def withdraw(self, by: str, now: datetime) -> tuple[Known, int]:
        """Take back the version that is scheduled; FactRejected where none is."""
        with self._database.write() as connection:
            version = versions.coming(connection, now)
            if version is None:
                raise FactRejected("no version of the policy is scheduled, so there is none to withdraw")
            versions.withdraw(connection, version, now)
            public = {"policy": version.policy, "in_force": version.since}
            position = self._recorder.within(connection, "policy_withdrawn", public, {"by": by}, now)
            return _named(connection, version), position

    def versions(self, now: datetime) -> Versions:
        """How the policy stands."""
        promise = self._recorder.promise
        with self._database.read() as connection:
            current, scheduled = versions.in_force(connection, now), versions.coming(connection, now)
            history = tuple(_named(connection, each) for each in versions.listed(connection))
            coming = None if scheduled is None else _named(connection, scheduled)
        since = None if current is None else current.since
        file = file_digest(self._home)
        return Versions(bool(history), promise.digest, promise.policy.version, since, coming, file, history)

    def asked_again(self, purpose: str, source: Source | None, map_text: bytes, now: datetime) -> tuple[str, ...]:
        """The keys of those who stand for a purpose today and would not under a version: whom to ask, in order.

        Without a source, under the version that is scheduled; FactRejected where none is, or it has no such purpose.
        """
        with self._database.read() as connection:
            policy, digest = self._coming(connection, source, map_text, now)
            if purpose not in policy.purposes:
                raise FactRejected(f"there is no purpose `{purpose}` in that version of the policy")
            found = effects(connection, self._recorder.promise.compiled, decide.compile(policy, digest), now)
            step = next((each for each in found.purposes if each.key == purpose), None)
            numbers = () if step is None else step.asked
            return tuple(key for key in customers.keys(connection, numbers) if key is not None)

    def changed(
        self, purpose: str, source: Source | None, map_text: bytes, language: str, now: datetime
    ) -> tuple[Changed, ...]:
        """What a version changes in the terms of a purpose, in words for its customers; as `asked_again`."""
        before = self._recorder.promise.policy
        with self._database.read() as connection:
            after, _ = self._coming(connection, source, map_text, now)
            if purpose not in after.purposes:
                raise FactRejected(f"there is no purpose `{purpose}` in that version of the policy")
            asked = after.purposes[purpose]
            old = next((before.purposes[key] for key in (purpose, *asked.was) if key in before.purposes), None)
            if old is None:
                return ()
            terms = terms_of(before, old), terms_of(after, asked)
            return compare(*terms, noticing.names_of(connection, after, terms, language))

    # ------------------------------------------------------------------------------------------------------------

    def _coming(
        self, connection: Connection, source: Source | None, map_text: bytes, now: datetime
    ) -> tuple[Policy, str]:
        if source is not None:
            return candidate(*source, map_text)
        version = versions.coming(connection, now)
        policy = None if version is None else recorded_policy(connection, version.policy)
        if version is None or policy is None:
            raise FactRejected("no version of the policy is scheduled; name a file to compare with")
        return policy, version.policy

    def _compared(self, connection: Connection, policy: Policy, digest: str, now: datetime) -> Comparison:
        promise = self._recorder.promise
        found = effects(connection, promise.compiled, decide.compile(policy, digest), now)
        earliest = now + timedelta(days=self._notice_days) if found.material and self._notice_days else None
        return Comparison(
            promise.digest,
            digest,
            promise.policy.version,
            policy.version,
            diff(promise.policy, policy),
            found,
            earliest,
            self._notice_days,
        )

    def _must_be_free(self, connection: Connection, policy: Policy, digest: str, now: datetime) -> None:
        """Refuse a version that is in force already, is called like it, or would overtake one that is scheduled."""
        promise = self._recorder.promise
        self._recorder.must_be_in_force(connection, promise.digest, now)
        waiting = versions.coming(connection, now)
        if waiting is not None:
            named = _named(connection, waiting)
            raise FactRejected(
                f"the version `{named.version}` is scheduled for {_told(waiting.since)}; take it back first with "
                "`bailee policy withdraw`"
            )
        if digest == promise.digest and versions.listed(connection):
            raise FactRejected(f"the version `{policy.version}` is in force already, and the file says nothing else")
        if digest != promise.digest and policy.version == promise.policy.version:
            raise FactRejected(
                f"the file calls itself version `{policy.version}`, as the one in force does, and says something else: "
                "give it another `version`"
            )

    def _keep(self, connection: Connection, policy: Policy, digest: str, text: bytes, now: datetime) -> None:
        """Keep the policy, and before the first that is published what was in force until now."""
        promise = self._recorder.promise
        if not versions.listed(connection) and digest != promise.digest:
            since = documents.get(connection, "policies", promise.digest)
            versions.add(connection, promise.digest, since.recorded_at if since else now, now, began=True)
        keep_policy(connection, policy, digest, text, now)

    def _notices(
        self, connection: Connection, policy: Policy, now: datetime
    ) -> tuple[tuple[Written, NoticeReceipt], ...]:
        """Register the notices of a version in every language."""
        written = [noticing.written(policy, key, language) for key in policy.purposes for language in languages()]
        return tuple((each, self._intake.keep(connection, each, now)) for each in written)


def too_early(found: Comparison, what: str) -> Refused:
    """That customers must be given notice before a version comes into force."""
    steps = [each for each in found.purposes if each.material]
    of = ", ".join(f"`{each.key}`" for each in steps) or "a standard"
    days = "1 day's" if found.notice_days == 1 else f"{found.notice_days} days'"
    sentence = (
        f"the version `{found.new_version}` widens what was promised ({of}), so customers get {days} notice: it can "
        f"come into force on {_day(found)}; {what}"
    )
    return Refused([Reason("notice_period", sentence, Principle.TRANSPARENCY)])


def file_digest(home: Path) -> str | None:
    """The digest of the workspace's policy file; None where it cannot be read as a policy."""
    from bailee.errors import BaileeError
    from bailee.gate.settings import POLICY
    from bailee.policy.canonical import policy_digest
    from bailee.policy.document import load_policy

    try:
        return policy_digest(load_policy(home / POLICY))
    except BaileeError:
        return None


def _named(connection: Connection, version: Version) -> Known:
    policy = recorded_policy(connection, version.policy)
    called = "unknown" if policy is None else policy.version
    return Known(version.policy, called, version.since, version.began, version.withdrawn)


def _day(found: Comparison) -> str:
    """The first whole day on which it may come into force."""
    earliest = (found.earliest or datetime.min.replace(tzinfo=UTC)).astimezone(UTC)
    midnight = earliest.replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight if midnight == earliest else midnight + timedelta(days=1)).date().isoformat()


def _told(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
