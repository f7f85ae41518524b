"""GDPRbench's records and operations, written anew from the paper's description.

A record is a key, nine fields of metadata that are functions of its number n, and 100 characters. The operations are
the same for every store. Whoever is signed in as a customer, or named in a request of the company's, is the record's
owner at that moment: the generator follows who that is when an operation gives records to another user.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

PURPOSES, USERS, DATA = 25, 10_000, 100
TTLS = (30, 10_000, 12_000, 14_000, 16_000, 18_000, 20_000, 22_000, 24_000, 1_000_000)
#: What the sweep at the beginning of a workload finds outlived: a tenth of the records.
SHORTEST = TTLS[0]
FIELDS = ("pur", "ttl", "usr", "obj", "dec", "acl", "shr", "src", "cat")
#: What an update of metadata may set: any but the purpose.
CHANGED = FIELDS[1:]
#: Zipf's exponent, as in YCSB.
THETA = 0.99

Value = str | int
#: The nine fields in order.
Metadata = tuple[Value, ...]


class Record(NamedTuple):
    """One record as it is loaded or inserted."""

    key: str
    metadata: Metadata
    data: str

    @property
    def owner(self) -> str:
        return str(self.metadata[2])


class Op(NamedTuple):
    """One operation of a `role`; what of the rest it needs depends on its `kind`, see `MIXES`."""

    role: str
    kind: str
    key: str = ""
    owner: str = ""
    name: str = ""
    field: str = ""
    value: Value = ""
    record: Record | None = None


class Mix(NamedTuple):
    """The operations of a workload in hundredths, and how their keys are drawn."""

    shares: Mapping[str, int]
    zipf: bool


#: The paper's workloads, as its authors' successors run them (K9db): `..._pur` and `..._usr` select by that field.
MIXES = {
    "controller": Mix({"insert": 25, "delete": 25, "set_pur": 25, "set_usr": 25}, zipf=False),
    "customer": Mix({"read": 20, "meta_usr": 20, "set_data": 20, "set_meta": 20, "delete": 20}, zipf=True),
    "processor": Mix({"read": 80, "meta_pur": 10, "meta_usr": 10}, zipf=True),
    "regulator": Mix({"meta_usr": 46, "logs": 31, "verify": 23}, zipf=True),
}


class Shape(NamedTuple):
    """How many records there are at the beginning, of how many users, and how many operations follow."""

    records: int
    operations: int
    users: int = USERS


def metadata(n: int, users: int = USERS) -> Metadata:
    """The nine fields of record n."""
    tenth = n % 10
    others = (f"acl{tenth}", f"shr{tenth}", f"src{tenth}", f"cat{tenth}")
    return (f"purpose{n % PURPOSES}", TTLS[tenth], f"user{n % users}", f"obj{n % 100}", f"dec{n % 2}", *others)


def record(n: int, users: int = USERS) -> Record:
    return Record(f"key{n}", metadata(n, users), data(n))


def data(n: int) -> str:
    """A hundred characters that are another's for every n."""
    return f"{n * 2654435761 % 2**32:010}" * (DATA // 10)


def objects(obj: Value, purpose: Value) -> bool:
    """Whether an objection is one to a purpose: `obj3` to `purpose4`, so that no record is loaded with one to its own.

    (GDPRbench gives objections no meaning. With this one an update that sets the field may end a use.)
    """
    return purpose == objected(obj)


def objected(obj: Value) -> str:
    """The purpose that an objection is to."""
    return f"purpose{(int(str(obj)[3:]) + 1) % PURPOSES}"


def operations(workload: str, shape: Shape, seed: int = 7) -> Iterator[Op]:
    """The operations of a workload, the same for the same seed."""
    mix = MIXES[workload]
    kinds = np.random.default_rng(seed).choice(
        list(mix.shares), shape.operations, p=[share / 100 for share in mix.shares.values()]
    )
    drawing = _Drawing(shape, mix.zipf, seed)
    return (drawing.op(workload, str(kind)) for kind in kinds)


def mixed(shape: Shape, seed: int = 7) -> Iterator[Op]:
    """Operations of every role and kind, one as likely as the other: what no workload has, for comparing stores."""
    every = [(role, kind) for role, mix in MIXES.items() for kind in mix.shares if kind not in ("logs", "verify")]
    drawing = _Drawing(shape, True, seed)
    which = np.random.default_rng(seed).integers(0, len(every), shape.operations)
    return (drawing.op(*every[each]) for each in which)


class _Drawing:
    """Draws operations, and follows whose each record is."""

    def __init__(self, shape: Shape, zipf: bool, seed: int) -> None:
        self._shape, self._luck = shape, np.random.default_rng(seed + 1)
        self._owner = np.arange(shape.records + shape.operations, dtype=np.int64) % shape.users
        self._next = shape.records
        self._any = zipfian(shape.records) if zipf else None

    def op(self, role: str, kind: str) -> Op:
        n = self._draw()
        key, owner = f"key{n}", f"user{self._owner[n]}"
        match kind:
            case "insert":
                n, self._next = self._next, self._next + 1
                made = record(n, self._shape.users)
                return Op(role, kind, made.key, made.owner, record=made)
            case "set_data":
                return Op(role, kind, key, owner, value=data(self._luck.integers(2**31).item()))
            case "set_meta":
                return self._set(Op(role, kind, key, owner), self._numbers == n)
            case "set_pur":
                return self._set(
                    Op(role, kind, name=f"purpose{n % PURPOSES}"), self._numbers % PURPOSES == n % PURPOSES
                )
            case "set_usr":
                user = n % self._shape.users
                return self._set(Op(role, kind, name=f"user{user}"), self._owner[: self._next] == user)
            case "meta_pur":
                return Op(role, kind, name=f"purpose{n % PURPOSES}")
            case "meta_usr":
                return Op(role, kind, name=f"user{n % self._shape.users}")
        return Op(role, kind, key, owner)

    def _set(self, op: Op, of: npt.NDArray[np.bool_]) -> Op:
        """An update of one field, drawn at random, to what another record has there."""
        field, n = CHANGED[self._luck.integers(len(CHANGED))], self._draw()
        if field == "usr":
            self._owner[: self._next][of] = n % self._shape.users
        return op._replace(field=field, value=metadata(n, self._shape.users)[FIELDS.index(field)])

    @property
    def _numbers(self) -> npt.NDArray[np.int64]:
        return np.arange(self._next)

    def _draw(self) -> int:
        if self._any is None:
            return self._luck.integers(self._shape.records).item()
        return self._any(self._luck.random())


def zipfian(count: int, theta: float = THETA) -> Callable[[float], int]:
    """Turn a number from 0 to 1 into one of `count`, the first ones much the likeliest."""
    likely = np.cumsum(np.arange(1, count + 1, dtype=np.float64) ** -theta)
    likely /= likely[-1]
    return lambda luck: int(np.searchsorted(likely, luck, side="right"))
