"""A past use derived again from the policy, the map and the standing of that time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bailee import decide
from bailee.decide import Ruling
from bailee.decide.points import verdicts_of
from bailee.errors import NotVerified
from bailee.gate import asked
from bailee.gate.promise import recorded_map, recorded_policy
from bailee.gate.record import ANSWERED, ruling_digest, word_of_effect
from bailee.people import customers, past, standing_tree
from bailee.policy.reasons import STANDING_CODES
from bailee.vocabulary import Actor, Treatment, Use

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: What an entry that closes a minute repeats of the one that opened it.
_SHARED = ("purpose", "effect", "recipient", "minute", "policy", "standing_sequence", "standing_root")
#: Gives the leaf of an entry, and its private record where that can be opened.
Opened = Callable[[int], tuple[dict[str, Any], dict[str, Any] | None]]

_UNKNOWN = STANDING_CODES.index("unknown_customer")


@dataclass(frozen=True, slots=True)
class Replay:
    """A past ruling derived again: both digests, and in words all that was looked at and does not agree."""

    position: int
    policy: str
    recorded: str
    derived: str
    checked: tuple[str, ...]
    disagreements: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether today's code says of the past what was said then."""
        return not self.disagreements


def replay(connection: Connection, position: int, leaf: dict[str, Any], record: dict[str, Any] | None) -> Replay:
    """Derive the ruling of a use, its columns, and whom it was about; NotVerified where there is nothing to derive.

    `record` is the private record, already held against the leaf.
    """
    if record is None or "ruling" not in record:
        raise NotVerified(
            f"entry `{position}` is no use with a private record that can be opened, so there is no ruling to derive"
        )
    digest = str(leaf["policy"])
    policy = recorded_policy(connection, digest)
    if policy is None:
        raise NotVerified(f"the policy of entry `{position}` is not on record; restore a backup")
    compiled = decide.compile(policy, digest)
    ruling = compiled.rule(_use(record))
    recorded, derived = str(record["ruling"]), ruling_digest(ruling)
    found: dict[str, tuple[str, ...]] = {
        "ruling": () if recorded == derived else (f"the ruling was {recorded}, now {derived}",)
    }
    if record.get("columns"):
        found["columns"] = tuple(_columns(connection, leaf, record, ruling))
    if leaf.get("standing_root") is not None:
        found["standing"] = tuple(_standing(connection, leaf, record, ruling))
    return Replay(position, digest, recorded, derived, tuple(found), sum(found.values(), ()))


def replay_minute(
    connection: Connection, position: int, leaf: dict[str, Any], record: dict[str, Any], opened: Opened
) -> Replay:
    """Derive the ruling of a checker's minute from its last opening, and hold its set against what both show.

    NotVerified where there is nothing to derive.
    """
    of, said = opened(int(leaf["opened"]))
    if of["kind"] != "points_opened":
        raise NotVerified(f"entry `{position}` closes entry `{leaf['opened']}`, which opened no minute of a checker")
    derived = replay(connection, int(leaf["opened"]), of, said)
    differs = [name for name in _SHARED if of[name] != leaf[name]]
    closes = tuple(f"the entry that opened the minute shows another `{name}`" for name in differs)
    root = asked.root(record).hex()
    of_set = () if root == leaf["customers"] else (f"the set's root was {leaf['customers']}, its record gives {root}",)
    return replace(
        derived,
        position=position,
        checked=(*derived.checked, "opening", "set"),
        disagreements=(*derived.disagreements, *closes, *of_set),
    )


def _columns(connection: Connection, leaf: dict[str, Any], record: dict[str, Any], ruling: Ruling) -> Iterator[str]:
    """Columns that showed otherwise than the map of that time allows."""
    datamap = recorded_map(connection, str(leaf["map"]))
    if datamap is None:
        yield "the data map of that time is not on record"
        return
    tables = [datamap.tables[name] for name in dict.fromkeys(record["tables"])]
    shared = decide.subjects(ruling, [table for table in tables if table.personal])
    if record.get("aggregate"):
        shared = Treatment.AGGREGATE  # in a question about groups keys are only joined and counted
    for name, column, shown in record["columns"]:
        table = datamap.tables[name]
        may = shared if column in table.subjects else decide.column(ruling, table, column).treatment
        if may.name.lower() != shown:
            yield f"`{name}.{column}` was shown {shown}, the map of that time says {may.name.lower()}"


def _standing(connection: Connection, leaf: dict[str, Any], record: dict[str, Any], ruling: Ruling) -> Iterator[str]:
    """What the standing of that time does not bear out."""
    sequence = int(leaf["standing_sequence"])
    root = standing_tree.root_at(connection, sequence).hex()
    if root != leaf["standing_root"]:
        yield f"the standing root was {leaf['standing_root']}, the tree of that time has {root}"
    if ruling.slot is None:
        return
    if "verdict" in record:
        number = customers.find(connection, str(record["customer"]))
        codes = past.codes_at(connection, number, sequence) if number else None
        said = verdicts_of(ruling)[_UNKNOWN if codes is None else codes[ruling.slot]].reasons[0].code
        if said != record["verdict"]:
            yield f"the verdict was `{record['verdict']}`, the standing of that time gives `{said}`"
    elif leaf.get("decision") == ANSWERED and record.get("personal", False) and "included" in record:
        least = past.count_at(connection, ruling.slot, sequence)
        most = least + past.erased_since(connection, sequence)
        if not least <= record["included"] <= most:
            yield f"{record['included']} customers stood for it, the standing of that time gives {least} to {most}"


def _use(record: dict[str, Any]) -> Use:
    asked, who = record["use"], record["actor"]
    actor = Actor(who["name"], frozenset(who["roles"]), frozenset(who["trained"]), who["self_declared"])
    own = bool(asked.get("own", False))
    return Use(asked["purpose"], actor, word_of_effect(asked["effect"]), asked["recipient"], own)
