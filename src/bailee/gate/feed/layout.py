"""What the files of a feed hold, as bytes; numbers are big-endian, times whole microseconds since 1970.

`head` names the newest snapshot and the last file of changes. A snapshot has everybody, in the order of their names, so
that one is found by the bucket into which the first bits of the name fall. A row of changes is a name, the instant from
which it holds (0: at once) and a code for each use.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from bailee.errors import NotVerified
from bailee.gate.feed.sealed import NAME_BYTES
from bailee.policy.reasons import STANDING_CODES

HEAD = "head"
UNKNOWN = STANDING_CODES.index("unknown_customer")
AT_BYTES = 8
#: A head is some hundred bytes, and changes that are larger become a snapshot.
LONGEST_HEAD, LONGEST_CHANGES = 65_536, 1 << 28
_LENGTH = 4


class Used(NamedTuple):
    """A use that a feed gives verdicts for, and the line of its purpose in the policy."""

    purpose: str
    effect: str | None
    recipient: str | None
    line: int | None

    @property
    def use(self) -> tuple[str, str | None, str | None]:
        """What it is asked for by."""
        return self[:3]


@dataclass(frozen=True, slots=True)
class Head:
    """What a feed says every few moments.

    All that was acknowledged before `made` is in it, and nobody answers from it longer than `lag` seconds after. The
    snapshot of step `snapshot` has the digest `base` and `size` bytes, and `tip` is the digest over all changes up to
    `step`. A new one comes every `every` seconds.
    """

    made: int
    lag: float
    every: float
    step: int
    snapshot: int
    base: str
    size: int
    tip: str
    sequence: int
    policy: str

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def of(cls, data: bytes) -> Head:
        """The head that bytes hold; NotVerified where they hold none."""
        fields = _fields(data)
        numbers = ("made", "lag", "every", "step", "snapshot", "size", "sequence")
        if fields.keys() != cls.__dataclass_fields__.keys() or not all(
            isinstance(fields[name], int | float) and fields[name] >= 0 for name in numbers
        ):
            raise NotVerified("the feed's head is not of this version; update Bailee here")
        return cls(**fields)


class Snapshot(NamedTuple):
    """Everybody at a step: names in order, counts of them by bucket, and a column of codes for each use.

    `tip` is the digest over all changes up to it; `ahead` are rows, as of changes, for instants to come.
    """

    uses: Sequence[Used]
    tip: str
    bits: int
    counts: bytes
    names: bytes
    columns: Sequence[bytes]
    ahead: bytes

    def to_bytes(self) -> bytes:
        about = {
            "uses": self.uses,
            "tip": self.tip,
            "bits": self.bits,
            "customers": len(self.names) // NAME_BYTES,
            "ahead": len(self.ahead),
        }
        return b"".join((_about(about), self.counts, self.names, *self.columns, self.ahead))

    @classmethod
    def of(cls, data: bytes) -> Snapshot:
        """The snapshot that bytes hold; NotVerified where they hold none."""
        fields, start = _read_about(data)
        try:
            uses = tuple(Used(*each) for each in fields["uses"])
            bits, count, ahead = int(fields["bits"]), int(fields["customers"]), int(fields["ahead"])
            sizes = [1 << bits, count * NAME_BYTES, *[count] * len(uses), ahead]
            tip = str(fields["tip"])
        except (KeyError, TypeError, ValueError):
            raise NotVerified("the feed's snapshot is not of this version; update Bailee here") from None
        if start + sum(sizes) != len(data):
            raise NotVerified("the feed's snapshot is not as long as it says")
        view, parts = memoryview(data), []
        for size in sizes:
            parts.append(bytes(view[start : start + size]))
            start += size
        return cls(uses, tip, bits, parts[0], parts[1], parts[2:-1], parts[-1])


def snapshot_name(step: int) -> str:
    """The file of the snapshot at a step."""
    return f"snapshot-{step}"


def changes_name(step: int) -> str:
    """The file of what changed from the step before to this one."""
    return f"changes-{step}"


def changes_to_bytes(step: int, uses: int, rows: bytes) -> bytes:
    """The bytes of a file of changes."""
    return _about({"step": step, "uses": uses}) + rows


def changes_of(data: bytes, uses: int) -> bytes:
    """The rows in a file of changes; NotVerified where they are not of so many uses."""
    fields, start = _read_about(data)
    rows = data[start:]
    if fields.get("uses") != uses or len(rows) % row_bytes(uses):
        raise NotVerified("the feed's changes are not those of its snapshot")
    return rows


def row_bytes(uses: int) -> int:
    """How long a row of changes is."""
    return NAME_BYTES + AT_BYTES + uses


def rows_of(rows: bytes, uses: int) -> Iterator[tuple[bytes, int, bytes]]:
    """The name, the instant (0: at once) and the codes of each row."""
    for start in range(0, len(rows), row_bytes(uses)):
        at = start + NAME_BYTES
        codes = at + AT_BYTES
        yield rows[start:at], int.from_bytes(rows[at:codes], "big"), rows[codes : codes + uses]


def _about(fields: dict[str, object]) -> bytes:
    text = json.dumps(fields).encode()
    return len(text).to_bytes(_LENGTH, "big") + text


def _read_about(data: bytes) -> tuple[dict[str, Any], int]:
    start = _LENGTH + int.from_bytes(data[:_LENGTH], "big")
    return _fields(data[_LENGTH:start]), start


def _fields(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise NotVerified("a file of the feed is not of this version; update Bailee here")
    return found
