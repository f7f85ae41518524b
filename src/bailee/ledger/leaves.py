"""What an entry of each kind may show: a closed registry, so that no personal data can reach a leaf.

A public value is a digest, a root, a key of the policy, a word from a short list, a count or a time: never free
text. Anything else belongs in the private record, of which the leaf holds only a commitment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType

from bailee.errors import RecordError
from bailee.ledger.canonical import LARGEST
from bailee.vocabulary import Effect

#: Whom a use was about: everybody, or customers whom its private record names.
ALL, SOME = "all", "some"

#: The longest leaf, in bytes: C2SP tlog-tiles gives an entry's length in 16 bits.
LONGEST = 65_535

#: Gives the JSON text of a public value, or None where the value may not be shown.
_Show = Callable[[object], str | None]


@dataclass(frozen=True, slots=True)
class Field:
    """One public field: what it must be, in words, how it is shown, and whether it is another in most entries."""

    expected: str
    show: _Show
    varies: bool = False


def _matching(pattern: str) -> _Show:
    compiled = re.compile(pattern, re.ASCII)

    @lru_cache(4096)
    def show(value: object) -> str | None:
        found = compiled.fullmatch(value) if isinstance(value, str) else None
        return f'"{found.group()}"' if found else None

    return show


def _count(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST:
        return str(int(value))
    return None


def time_text(value: object) -> str | None:
    """Return an aware datetime, or such text, as RFC 3339 in UTC with six decimals; None for anything else."""
    shown = _time(value)
    return None if shown is None else shown[1:-1]


def _time(value: object) -> str | None:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return _utc(value.astimezone(UTC))
    return _parsed(value) if isinstance(value, str) else None


@lru_cache(4096)
def _utc(value: datetime) -> str:
    # By the instant: of the hour that a clock shows twice, both times are equal in their own zone.
    return f'"{value.isoformat(timespec="microseconds")[:26]}Z"'


@lru_cache(4096)
def _parsed(value: str) -> str | None:
    if not (len(value) == 27 and value.endswith("Z")):
        return None
    try:
        shown = _utc(datetime.fromisoformat(value).astimezone(UTC))
    except ValueError:
        return None
    return shown if shown == f'"{value}"' else None


def _minute(value: object) -> str | None:
    text = _time(value)
    return text if text is not None and text.endswith(':00.000000Z"') else None


def _one_of(*words: str) -> Field:
    return Field(f"one of {', '.join(f'`{word}`' for word in words)}", _matching("|".join(map(re.escape, words))))


def _or_null(field: Field) -> Field:
    show = field.show
    return Field(f"{field.expected}, or null", lambda value: "null" if value is None else show(value), field.varies)


DIGEST = Field("a digest (`sha256:` and 64 hexadecimal digits)", _matching("sha256:[0-9a-f]{64}"))
ROOT = Field("a tree root (64 hexadecimal digits)", _matching("[0-9a-f]{64}"), varies=True)
KEY = Field(
    "a key of the policy (a small letter, then up to 63 of a-z, 0-9, `_`, `-`)", _matching("[a-z][a-z0-9_-]{0,63}")
)
COUNT = Field("a whole number from 0 to 2**53 - 1", _count, varies=True)
TIME = Field("a UTC time with six decimals (RFC 3339, `Z`)", _time, varies=True)
MINUTE = Field("a UTC time on a whole minute (RFC 3339, `Z`)", _minute, varies=True)
EFFECT = _or_null(_one_of(*Effect))

_USE = {"purpose": _or_null(KEY), "effect": EFFECT, "recipient": _or_null(KEY)}
_POINTS = {
    **_USE,
    "purpose": KEY,
    "minute": MINUTE,
    "policy": DIGEST,
    "standing_sequence": COUNT,
    "standing_root": _or_null(ROOT),
}

#: Every kind of entry and all that its leaf may show beside `kind`, `at` and `commitment`.
KINDS: Mapping[str, Mapping[str, Field]] = MappingProxyType(
    {
        "use": {
            **_USE,
            "decision": _one_of("answered", "refused", "failed"),
            "policy": DIGEST,
            "map": _or_null(DIGEST),
            "rewriter": _or_null(DIGEST),
            "standing_sequence": _or_null(COUNT),
            "standing_root": _or_null(ROOT),
            "as_of": TIME,
            "about": _one_of(ALL, SOME),
            "spent": _or_null(COUNT),
            "left": _or_null(COUNT),
        },
        "privacy_spent": {"purpose": KEY, "recipient": _or_null(KEY), "policy": DIGEST, "spent": COUNT, "left": COUNT},
        "points_opened": {**_POINTS, "continues": _or_null(COUNT)},
        "points_closed": {**_POINTS, "opened": COUNT, "customers": ROOT},
        "choice": {"sequence": _or_null(COUNT)},
        "choices_imported": {"count": COUNT, "root": ROOT},
        "customers_imported": {"count": COUNT},
        "notice": {"notice": DIGEST, "terms": DIGEST, "purpose": KEY},
        "notices_given": {"notice": DIGEST, "count": COUNT},
        "policy": {"policy": DIGEST, "map": _or_null(DIGEST), "previous": _or_null(DIGEST)},
        "policy_scheduled": {"policy": DIGEST, "previous": DIGEST, "in_force": TIME},
        "policy_withdrawn": {"policy": DIGEST, "in_force": TIME},
        "signing_key": {"key": ROOT, "previous": _or_null(ROOT)},
        "restored": {"size": COUNT, "root": ROOT},
        "request": {
            "change": _one_of("opened", "extended", "fulfilled", "refused", "cancelled"),
            "right": _one_of("access", "correct", "erase", "object", "restrict"),
        },
        "deal": {
            "change": _one_of(
                "proposed", "screened", "met", "approved", "agreed", "refused", "withdrawn", "ended", "recalled"
            ),
            "deal": DIGEST,
            "policy": DIGEST,
        },
        "disclosure": {
            **_USE,
            "purpose": KEY,
            "recipient": KEY,
            "policy": DIGEST,
            "map": DIGEST,
            "standing_sequence": COUNT,
            "standing_root": ROOT,
            "as_of": TIME,
            "deal": DIGEST,
            "manifest": DIGEST,
            "customers": ROOT,
        },
        "deletion": {"change": _one_of("asked", "confirmed"), "disclosure": COUNT},
        "screen": {
            "deal": DIGEST,
            "policy": DIGEST,
            "map": DIGEST,
            "verdict": _one_of("acceptable", "conditions", "refused"),
            "seed": COUNT,
        },
        "discovery": {"policy": DIGEST, "map": DIGEST, "tables": COUNT, "columns": COUNT},
        "customer": {"change": _one_of("created", "changed", "restricted", "released", "held", "erased")},
    }
)


class _Plan:
    """How the leaves of a kind are written, in RFC 8785's order of names.

    What repeats from entry to entry is put together once and kept, with places for what does not: most of the time
    of a leaf would go into it.
    """

    def __init__(self, kind: str, *, committed: bool) -> None:
        fields = {**KINDS[kind], "at": TIME, "kind": Field("", lambda _: f'"{kind}"')}
        if committed:
            fields["commitment"] = Field("", '"{}"'.format, varies=True)
        self._names = [(name, None if fields[name].varies else fields[name].show) for name in sorted(fields)]
        self.repeats = tuple(name for name, show in self._names if show is not None)
        self.varies = tuple((name, fields[name].show) for name, show in self._names if show is None)
        self.template = lru_cache(1024)(self._template)

    def _template(self, *values: object) -> str:
        """The text of a leaf with `%s` in place of what varies; TypeError for a value that may not be shown."""
        given = iter(values)
        shown = [f'"{name}":' + ("%s" if show is None else show(next(given))) for name, show in self._names]  # type: ignore[operator]
        return f"{{{','.join(shown)}}}"


_PLANS = {(kind, committed): _Plan(kind, committed=committed) for kind in KINDS for committed in (False, True)}


def build(kind: str, public: Mapping[str, object], at: datetime, commitment: str | None = None) -> bytes:
    """Return a leaf's bytes: RFC 8785 of kind, time, public fields and, where there is a record, its commitment (hex).

    Raises RecordError for a kind or field that is not in the registry, a field left out that may not be null, or
    a value that is not what its field shows. The message never quotes the value, which may be about a person.
    """
    plan = _PLANS.get((kind, commitment is not None))
    if plan is None:
        raise RecordError(f"the ledger has no kind `{kind}`, expected one of {', '.join(f'`{k}`' for k in KINDS)}")
    if not public.keys() <= KINDS[kind].keys():
        raise RecordError(f"a `{kind}` entry shows only {', '.join(KINDS[kind])}; put the rest in the private record")
    value = {**public, "at": at, "commitment": commitment}.get
    try:
        text = plan.template(*map(value, plan.repeats))
        shown = tuple([show(value(name)) for name, show in plan.varies])
    except TypeError:  # not shown, or a list or an object
        shown = (None,)
    if None in shown:
        raise RecordError(_why(kind, public, at))
    leaf = (text % shown).encode("ascii")
    if len(leaf) > LONGEST:
        raise RecordError(f"a `{kind}` leaf of {len(leaf)} bytes is too long, at most {LONGEST}")
    return leaf


def read(leaf: bytes) -> dict[str, object]:
    """Return the fields of a leaf."""
    fields: dict[str, object] = json.loads(leaf)
    return fields


def _why(kind: str, public: Mapping[str, object], at: object) -> str:
    for name, field in {"at": TIME, **KINDS[kind]}.items():
        try:
            shown = field.show(at if name == "at" else public.get(name))
        except TypeError:
            shown = None
        if shown is None:
            break
    return f"field `{name}` of a `{kind}` entry must be {field.expected}; what was found is not repeated here"
