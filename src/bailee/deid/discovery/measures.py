"""What is known of a column before it is judged: its name, its kind, and counts; never a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

#: Of fewer rows, or fewer different values, nothing is counted: a share of so few would tell of one person.
LEAST = 10

TEXT, WHOLE, REAL, DATE, INSTANT, TRUTH, UUID, ADDRESS, NESTED, OTHER = (
    "text", "whole number", "number", "date", "time", "truth value", "UUID", "address", "nested", "other",
)  # fmt: skip

_KINDS = (
    (r".*\[\d*\]|(STRUCT|MAP|UNION|ROW|VARIANT)\b.*", NESTED),
    (r"(VARCHAR|TEXT|STRING|CHAR|BPCHAR|ENUM|CITEXT|NAME|JSONB?)\b.*", TEXT),
    (r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|U?INTEGER|DECIMAL\(\d+,0\)|BIGNUM", WHOLE),
    (r"DOUBLE|FLOAT|REAL|DECIMAL.*|NUMERIC.*", REAL),
    (r"DATE", DATE),
    (r"TIMESTAMP.*|DATETIME.*", INSTANT),
    (r"BOOLEAN", TRUTH),
    (r"UUID", UUID),
    (r"INET|CIDR|MACADDR8?", ADDRESS),
)
_PART = re.compile(r'(?:[(,]\s*)(?:"((?:[^"]|"")+)"|(\w+))\s+(?=[A-Z"])')


def kind_of(type_name: str) -> str:
    """The kind of an engine's type, in its own words (`VARCHAR`, `STRUCT(a INTEGER)`)."""
    upper = type_name.upper()
    return next((kind for pattern, kind in _KINDS if re.fullmatch(pattern, upper, re.DOTALL)), OTHER)


def parts_of(type_name: str) -> tuple[str, ...]:
    """The names of the parts of a nested type, at any depth."""
    if not re.search(r"(STRUCT|UNION|ROW)\s*\(", type_name, re.IGNORECASE):
        return ()
    return tuple((quoted or plain).replace('""', '"') for quoted, plain in _PART.findall(type_name))


@dataclass(frozen=True, slots=True)
class Notes:
    """Free text that was looked at: of `sampled` texts, how many hold what, by category.

    `known` are those that hold a value of the company's own customers; `models` counts those of the first `modelled`
    in which a model of language found something.
    """

    sampled: int
    modelled: int = 0
    known: Mapping[str, int] = field(default_factory=dict)
    models: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measured:
    """Counts of one column. `shapes` are of all its rows; `passed` counts those of `sampled` different values.

    `length` and `words` are means over its texts, `years` how many different years its dates lie in.
    """

    rows: int
    filled: int = 0
    distinct: int = 0
    shapes: Mapping[str, int] = field(default_factory=dict)
    length: float = 0.0
    words: float = 0.0
    years: int = 0
    sampled: int = 0
    passed: Mapping[str, int] = field(default_factory=dict)
    notes: Notes | None = None

    @property
    def tells(self) -> bool:
        """Whether there is enough to say anything of it that is of no one person."""
        return self.filled >= LEAST and self.distinct >= LEAST

    def share(self, *shapes: str) -> float:
        """The share of filled rows that have one of these shapes."""
        return sum(self.shapes.get(shape, 0) for shape in shapes) / self.filled if self.filled else 0.0

    def passing(self, check: str) -> float:
        """The share of the different values looked at that pass a check."""
        return self.passed.get(check, 0) / self.sampled if self.sampled >= LEAST else 0.0

    @property
    def free_text(self) -> bool:
        """Whether its texts are sentences and not labels."""
        long = self.length >= 25 and self.words >= 4.5
        return long and self.share("user_agent", "url", "street", "coordinates") < 0.5


@dataclass(frozen=True, slots=True)
class Column:
    """A column to be judged; `measured` is None where it was not, or must not be, looked into."""

    table: str
    name: str
    type: str
    measured: Measured | None = None

    @property
    def kind(self) -> str:
        """What kind its type is of."""
        return kind_of(self.type)
