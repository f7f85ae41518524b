"""What the company promised, as the workspace's files say it now, and as it was recorded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bailee import decide
from bailee.errors import WorkspaceError
from bailee.gate.answer import PolicyOnRecord
from bailee.gate.settings import MAP, POLICY
from bailee.people import documents, versions
from bailee.people.database import Database
from bailee.policy import canonical
from bailee.policy.model import DataMap, Policy

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: Part of the key under which a parsed file is kept: raise it when the reader accepts or reads something else.
READER = b"6"

#: The setting that names the policy and map which the ledger announced last.
ANNOUNCED = "announced"

#: The setting that keeps a file's parsed form where its digest is on record from a file that was laid out otherwise.
LAYOUT = "{} as laid out last"

T = TypeVar("T", Policy, DataMap)


@dataclass(frozen=True, slots=True)
class Promise:
    """A policy and a data map with their digests, compiled."""

    policy: Policy
    digest: str
    datamap: DataMap
    map_digest: str
    compiled: decide.Compiled


@dataclass(frozen=True, slots=True)
class _Read:
    """A file as it was read: `new` says that its parsed form is not on record yet."""

    value: Policy | DataMap
    digest: str
    text: str
    source: str
    new: bool


def load(home: Path, database: Database, now: datetime, *, settled: bool = False) -> Promise:
    """Read both files of a workspace, taking what was parsed before from the database, and keep what is new.

    The policy is the published version in force, where there is one, and only else the file. `settled` takes policy and
    map as they were recorded in force last, whatever the files say now. Raises WorkspaceError where a file is missing,
    PolicyError and MapError with every problem in them.
    """
    with database.read() as connection:
        version, announced = versions.in_force(connection, now), documents.setting(connection, ANNOUNCED)
        last = announced.split() if announced and settled else [None, None]
        ruling = last[0] if version is None else version.policy
        policy = _policy(connection, bytes_of(home / POLICY)) if ruling is None else _known(connection, ruling)
        assert isinstance(policy.value, Policy)  # noqa: S101  (both read policies)
        if last[1] is None:
            datamap = _map(connection, bytes_of(home / MAP), policy.text.encode(), policy.value)
        else:
            map_ = _kept(connection, "datamaps", last[1])
            datamap = _Read(canonical.map_from_json(map_.canonical), map_.digest, map_.text, map_.source, new=False)
        assert isinstance(datamap.value, DataMap)  # noqa: S101
    if policy.new or datamap.new:
        with database.write() as connection:
            _keep(connection, "policies", policy, now)
            _keep(connection, "datamaps", datamap, now)
    compiled = decide.compile(policy.value, policy.digest)
    return Promise(policy.value, policy.digest, datamap.value, datamap.digest, compiled)


def promised_by(policy: Policy, digest: str, before: Promise) -> Promise:
    """The promise of another version of the policy over the same data map."""
    return Promise(policy, digest, before.datamap, before.map_digest, decide.compile(policy, digest))


def candidate(text: bytes, name: str, map_text: bytes) -> tuple[Policy, str]:
    """The policy of a file that is to be published, and its digest; PolicyError, or MapError where the map misfits."""
    from bailee.policy.datamap import parse_map
    from bailee.policy.document import parse_policy

    policy = parse_policy(text, name)
    parse_map(map_text, MAP, policy)
    return policy, canonical.policy_digest(policy)


def keep_policy(connection: Connection, policy: Policy, digest: str, text: bytes, now: datetime) -> None:
    """Keep a policy that is published, in the caller's transaction."""
    value, source = canonical.to_json(policy), hashlib.sha256(b"published\0" + text).hexdigest()
    documents.keep(connection, "policies", digest, value, text.decode("utf-8-sig"), source, now)


def _known(connection: Connection, digest: str) -> _Read:
    kept = _kept(connection, "policies", digest)
    return _Read(canonical.policy_from_json(kept.canonical), digest, kept.text, kept.source, new=False)


def _kept(connection: Connection, table: documents.Table, digest: str) -> documents.Document:
    found = documents.get(connection, table, digest)
    if found is None:
        raise WorkspaceError(f"`{digest}` is in force and not on record; restore a backup")
    return found


def recorded_policy(connection: Connection, digest: str) -> Policy | None:
    """The policy that had this digest when it was in force, or None."""
    found = documents.get(connection, "policies", digest)
    return None if found is None else canonical.policy_from_json(found.canonical)


def recorded_policies(connection: Connection) -> Iterator[Policy]:
    """Every policy that was ever in force, the oldest first."""
    for found in documents.every(connection, "policies"):
        yield canonical.policy_from_json(found.canonical)


def policies(database: Database, today: str) -> tuple[PolicyOnRecord, ...]:
    """The policies on record, the oldest first."""
    with database.read() as connection:
        return tuple(
            PolicyOnRecord(each.digest, str(each.canonical["version"]), each.recorded_at, each.digest == today)
            for each in documents.every(connection, "policies")
        )


def text(database: Database, digest: str) -> str | None:
    """The file of a policy on record."""
    with database.read() as connection:
        found = documents.get(connection, "policies", digest)
    return None if found is None else found.text


def recorded_map(connection: Connection, digest: str) -> DataMap | None:
    """The data map that had this digest when it was in force, or None."""
    found = documents.get(connection, "datamaps", digest)
    return None if found is None else canonical.map_from_json(found.canonical)


def read(path: Path) -> tuple[bytes, str]:
    """The bytes of a policy file and what errors call it; WorkspaceError where it cannot be read."""
    return bytes_of(path, "name the file of a policy"), path.name


def bytes_of(path: Path, remedy: str = "make a workspace with `bailee init`, or name it with `--home`") -> bytes:
    """The bytes of a file of the workspace; WorkspaceError, with what to do where it is not there."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise WorkspaceError(f"there is no `{path}`; {remedy}") from None
    except OSError as error:
        raise WorkspaceError(f"`{path}` cannot be read: {(error.strerror or 'unknown error').lower()}") from None


def _policy(connection: Connection, text: bytes) -> _Read:
    def parse() -> Policy:
        from bailee.policy.document import parse_policy

        return parse_policy(text, POLICY)

    return _read(connection, "policies", text, [text], parse, canonical.policy_from_json, canonical.policy_digest)


def _map(connection: Connection, text: bytes, policy_text: bytes, policy: Policy) -> _Read:
    def parse() -> DataMap:
        from bailee.policy.datamap import parse_map

        return parse_map(text, MAP, policy)

    # A map is checked against the policy's own categories and purposes, so it is read again with another policy.
    return _read(
        connection, "datamaps", text, [text, policy_text], parse, canonical.map_from_json, canonical.map_digest
    )


def _read(
    connection: Connection,
    table: documents.Table,
    text: bytes,
    parts: list[bytes],
    parse: Callable[[], T],
    decode: Callable[[dict[str, object]], T],
    digest: Callable[[T], str],
) -> _Read:
    source = hashlib.sha256(b"\0".join([READER, *(hashlib.sha256(part).digest() for part in parts)])).hexdigest()
    found = documents.of_source(connection, table, source)
    if found is not None:
        return _Read(decode(dict(found.canonical)), found.digest, found.text, source, new=False)
    kept = json.loads(documents.setting(connection, LAYOUT.format(table)) or "{}")
    if kept.get("source") == source:
        return _Read(decode(kept["canonical"]), kept["digest"], text.decode("utf-8"), source, new=False)
    value = parse()
    return _Read(value, digest(value), text.decode("utf-8"), source, new=True)


def _keep(connection: Connection, table: documents.Table, read: _Read, now: datetime) -> None:
    if not read.new:
        return
    value = canonical.to_json(read.value)
    if not documents.keep(connection, table, read.digest, value, read.text, read.source, now):
        parsed = {"source": read.source, "digest": read.digest, "canonical": value}
        documents.set_setting(connection, LAYOUT.format(table), json.dumps(parsed, ensure_ascii=False))
