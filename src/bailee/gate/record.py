"""What the ledger keeps of each use: keys and digests in the leaf, everything else in the private record."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, cast

from bailee.decide import Ruling
from bailee.errors import FactRejected, RecordError, Refused, Superseded, WorkspaceError
from bailee.gate.promise import ANNOUNCED, Promise
from bailee.ledger import log
from bailee.ledger.leaves import ALL, SOME
from bailee.people import customers, documents, keyring, versions
from bailee.people.database import Database
from bailee.people.standing import Standing
from bailee.policy.canonical import digest
from bailee.rewrite import VERSION
from bailee.vocabulary import Actor, Effect

if TYPE_CHECKING:
    from sqlalchemy import Connection

ANSWERED, REFUSED, FAILED = "answered", "refused", "failed"

REWRITER = digest({"rewriter": VERSION})


class Recorder:
    """Writes the leaves of uses; every method raises RecordError when it could not, and then nothing was written."""

    def __init__(
        self, database: Database, promise: Promise, random: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        self.database, self.promise, self.random = database, promise, random

    def use(
        self,
        ruling: Ruling,
        decision: str,
        private: Mapping[str, object],
        at: datetime,
        *,
        as_of: datetime | None = None,
        standing: Standing | None = None,
        subjects: Sequence[int] = (),
        some: bool = False,
        spent: Mapping[str, object] | None = None,
    ) -> int:
        """Record one use, over the standing it was answered from and about those customers if it is known about whom.

        `spent` is what it spent of a privacy budget and what that left. `some` says that it was about nobody else, also
        where none of them is on record. Returns its leaf's position.
        """
        public = {
            **self.named(ruling),
            "decision": decision,
            "policy": ruling.policy,
            "map": self.promise.map_digest,
            "rewriter": REWRITER,
            **standing_of(standing),
            "as_of": as_of or at,
            "about": SOME if some or subjects else ALL,
            **(spent or {"spent": None, "left": None}),
        }
        return self.append("use", public, {**described(ruling), **private}, at, subjects)

    def named(self, ruling: Ruling) -> dict[str, object]:
        """Purpose, effect and recipient as far as the policy knows them: typed words do not belong in a leaf."""
        use, policy = ruling.use, self.promise.policy
        return {
            "purpose": use.purpose if use.purpose in policy.purposes else None,
            "effect": use.effect if isinstance(use.effect, Effect) else None,
            "recipient": use.recipient if use.recipient in policy.recipients else None,
        }

    def numbers(self, keys: Sequence[str] | None) -> tuple[int, ...]:
        """The numbers of those customers that are on record, to be found before anything is asked about them."""
        if not keys:
            return ()
        with self.database.read() as connection:
            return tuple(customers.find_many(connection, keys).values())

    def append(
        self,
        kind: str,
        public: Mapping[str, object],
        private: Mapping[str, object] | None,
        at: datetime,
        subjects: Sequence[int] = (),
    ) -> int:
        """Record an entry about a use in a transaction of its own and return its position."""

        def work(connection: Connection) -> int:
            # What was judged while a policy was in force may be recorded later, and nothing else.
            if kind != "points_closed":
                self.must_be_in_force(connection, str(public["policy"]), at)
            return self.within(connection, kind, public, private, at, subjects)

        try:
            return self.database.commit(work)
        except (WorkspaceError, FactRejected) as error:  # a customer may have been erased since the question began
            raise RecordError(f"the ledger could not record, so nothing was released: {error}") from None

    def must_be_in_force(self, connection: Connection, policy: str, at: datetime) -> None:
        """Raise Superseded where a published version other than this policy is in force at an instant.

        WorkspaceError if the ledger has announced another policy or map than this process works under.
        """
        version = versions.in_force(connection, at)
        if version is not None and version.policy != policy:
            raise Superseded
        announced = documents.setting(connection, ANNOUNCED)
        if announced == self.announcement:
            return
        if version is not None and announced is not None and announced.endswith(f" {self.promise.map_digest}"):
            raise Superseded  # a version comes into force at this moment, in another thread or process
        raise WorkspaceError("another process put another policy or data map in force; open the workspace again")

    @property
    def announcement(self) -> str:
        """The policy and map of this process, as `ANNOUNCED` names them."""
        return f"{self.promise.digest} {self.promise.map_digest}"

    def within(
        self,
        connection: Connection,
        kind: str,
        public: Mapping[str, object],
        private: Mapping[str, object] | None,
        at: datetime,
        subjects: Sequence[int] = (),
    ) -> int:
        """Record an entry in the caller's transaction, which also writes the fact, and return its position.

        Its record opens only with the keys of all its subjects, which are customers' numbers.
        """
        safe, random = keyring.of(connection), self.random(log.RANDOM_BYTES)
        about = tuple(subjects)
        told, aside = _aside(private) if about and private else (private, None)
        return log.append(connection, kind, public, told, at, random, safe=safe, subjects=about, aside=aside)


def standing_of(standing: Standing | None) -> dict[str, object]:
    """What a leaf shows of everybody's standing: which it was, and the root over it."""
    if standing is None:
        return {"standing_sequence": None, "standing_root": None}
    return {"standing_sequence": standing.sequence, "standing_root": standing.root.hex()}


def described(ruling: Ruling) -> dict[str, object]:
    """The use that was asked for, who asked, and the digest of the ruling, so that it can be derived again."""
    use = ruling.use
    return {
        "use": {
            "purpose": use.purpose,
            "effect": use.effect,
            "recipient": use.recipient,
            **({"own": True} if use.own else {}),
        },
        "actor": actor_json(use.actor),
        "ruling": ruling_digest(ruling),
        "reasons": [reason.code for reason in ruling.reasons],
    }


def _aside(private: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """What a record says to a customer whom it is about, and who of the company's people it names, which it does not.

    A customer learns by what role their data was used; who it was is that person's own data (CJEU C-579/21).
    """
    told, names = dict(private), dict[str, object]()
    if "by" in told:
        names["by"] = told.pop("by")
    actor = told.get("actor")
    if isinstance(actor, Mapping) and "name" in actor:
        names["actor"] = {"name": actor["name"]}
        told["actor"] = {field: value for field, value in actor.items() if field != "name"}
    return told, names


def described_file(digest: str, name: str, by: str) -> dict[str, object]:
    """A file that was imported, as the private record keeps it: whoever sees its digest can test what was in it."""
    return {"file": digest, "name": name, "by": by}


def word_of_effect(word: str | None) -> Effect | None:
    """The effect of a word. One that is none passes as it is, because the policy itself refuses and records it."""
    return Effect(word) if word in set(Effect) else cast("Effect | None", word)


def actor_json(actor: Actor) -> dict[str, object]:
    """Who asked, as the private record keeps it."""
    return {
        "name": actor.name,
        "roles": sorted(actor.roles),
        "trained": sorted(actor.trained),
        "self_declared": actor.self_declared,
    }


def refusal(error: Refused) -> dict[str, object]:
    """Why a question was refused, by codes: sentences may quote it."""
    return {"refused": [reason.code for reason in error.reasons]}


def ruling_digest(ruling: Ruling) -> str:
    """The digest of all that a ruling says, for deriving it again (law 12)."""
    said = {
        "permitted": ruling.permitted,
        # Codes never change meaning; sentences may be worded better one day.
        "reasons": [[r.code, r.principle] for r in ruling.reasons],
        "policy": ruling.policy,
        "effects": sorted(ruling.effects),
        "recipients": sorted(ruling.recipients),
        "bases": sorted(ruling.bases),
        "reads": {key: int(treatment) for key, treatment in ruling.reads.items()},
        "at_most": int(ruling.at_most),
        "withheld": {key: reason.code for key, reason in ruling.withheld.items()},
        "special": sorted(ruling.special),
        "slot": ruling.slot,
    }
    try:
        return digest(said)
    except ValueError:
        raise RecordError("the ledger cannot record text with half a surrogate pair; mend the text") from None
