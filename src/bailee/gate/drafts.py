"""Whether the workspace's policy file is what is in force: said by `bailee check`, which opens no gate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bailee.errors import BaileeError, Problem
from bailee.gate.settings import KEYS, POLICY, Settings
from bailee.policy.model import Policy


def unpublished(home: Path, settings: Settings, policy: Policy | None) -> Iterator[Problem]:
    """A warning where another version was published than the file says; nothing where the store cannot be read."""
    from bailee.gate.promise import recorded_policy
    from bailee.gate.workspace import STATE, holds
    from bailee.people import versions
    from bailee.people.database import open_database
    from bailee.people.key_sources import Source
    from bailee.policy.canonical import policy_digest

    if settings.store is None and not holds(home, STATE):
        return
    at, keys = datetime.now(UTC), settings.keys
    try:
        source = Source(home / KEYS, keys.encryption, keys.encryption_previous)
        database = open_database(settings.store or home / STATE, read_only=True, keys=source)
        with closing(database), database.read() as connection:
            current, coming = versions.in_force(connection, at), versions.coming(connection, at)
            held = None if current is None else recorded_policy(connection, current.policy)
    except BaileeError:
        return
    if current is None or held is None:
        return
    digest = None if policy is None else policy_digest(policy)
    if digest not in (current.policy, coming.policy if coming else current.policy):
        told = (
            f"this is not what is in force, which is version `{held.version}`: `bailee policy compare` says what it "
            "would change, `bailee policy publish` or `bailee policy schedule` puts it in force"
        )
        yield Problem(POLICY, 1, 1, told)
