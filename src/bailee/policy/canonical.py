"""Policies and data maps as JSON and back, and their digests.

A field that holds its default is left out, so a later version of the language can add keys and keep old digests.
This is the fast way in: a file that was read once is kept as JSON, and reading that needs neither YAML nor pydantic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from decimal import Decimal
from enum import Enum, IntEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from bailee.policy import model
from bailee.policy.coarsen import Coarsen
from bailee.policy.predicates import Predicate
from bailee.policy.units import Duration, Rate

T = TypeVar("T")

#: Values that are one text, by type.
_TEXTS: dict[type, Callable[[str], object]] = {
    Decimal: Decimal,
    Duration: Duration.parse,
    Rate: Rate.parse,
    Coarsen: Coarsen.parse,
    Predicate: Predicate,
}


def to_json(value: object, *, lines: bool = True) -> dict[str, Any]:
    """A frozen value of `policy.model` as JSON-able values, in the order of the file; `lines` keeps its line numbers.

    Keep the order when writing it: mappings come back in the order in which they were written.
    """
    encoded = _encoded(value, lines)
    assert isinstance(encoded, dict)  # noqa: S101 - a dataclass encodes to a dict
    return encoded


def policy_from_json(value: Mapping[str, Any]) -> model.Policy:
    """The policy that `to_json` wrote; KeyError, TypeError or ValueError if it is anything else."""
    policy: model.Policy = _decoder(model.Policy)(value)
    return policy


def map_from_json(value: Mapping[str, Any]) -> model.DataMap:
    """The data map that `to_json` wrote; KeyError, TypeError or ValueError if it is anything else."""
    datamap: model.DataMap = _decoder(model.DataMap)(value)
    return datamap


def from_json(kind: Callable[..., T], value: Mapping[str, Any]) -> T:
    """The frozen value of a dataclass, such as `Terms`, that `to_json` wrote; errors as of `policy_from_json`."""
    decoded: T = _decoder(kind)(value)
    return decoded


def policy_digest(policy: model.Policy) -> str:
    """`sha256:` and the hex SHA-256 of the policy's RFC 8785 canonical JSON, the same however its file is laid out."""
    return digest(to_json(policy, lines=False))


def map_digest(datamap: model.DataMap) -> str:
    """`sha256:` and the hex SHA-256 of the map's RFC 8785 canonical JSON, the same however its file is laid out."""
    return digest(to_json(datamap, lines=False))


def digest(value: Any) -> str:
    """`sha256:` and the hex SHA-256 of the RFC 8785 canonical JSON of JSON-able values."""
    from hashlib import sha256

    import rfc8785

    return f"sha256:{sha256(rfc8785.dumps(value)).hexdigest()}"


def _encoded(value: object, lines: bool) -> Any:
    if type(value) in _TEXTS:
        return str(value)
    if is_dataclass(value):
        return {
            each.name: _encoded(getattr(value, each.name), lines) if each.compare else _paths(getattr(value, each.name))
            for each in fields(value)
            if (each.compare or lines) and getattr(value, each.name) != _default(each)
        }
    if isinstance(value, IntEnum):
        return value.name.lower()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: _encoded(each, lines) for key, each in value.items()}
    if isinstance(value, frozenset):
        return sorted(_encoded(each, lines) for each in value)
    if isinstance(value, tuple):
        return [_encoded(each, lines) for each in value]
    return value


def _paths(lines: Mapping[model.Path, int]) -> list[list[Any]]:
    return [[*path, line] for path, line in lines.items()]


def _default(each: Field[Any]) -> object:
    if each.default_factory is not MISSING:
        return each.default_factory()
    return each.default


@cache
def _decoder(kind: Any) -> Callable[[Any], Any]:
    """What turns JSON-able values into the type."""
    if kind in _TEXTS:
        return _TEXTS[kind]
    if is_dataclass(kind):
        return _dataclass(kind)
    if isinstance(kind, type) and issubclass(kind, IntEnum):
        return {member.name.lower(): member for member in kind}.__getitem__
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        only = _decoder(next(each for each in inner if each is not NoneType))
        return lambda value: None if value is None else only(value)
    if origin is not None and issubclass(origin, Mapping):
        return _lines if inner[0] == model.Path else _mapping(_decoder(inner[1]))
    if origin in (frozenset, tuple):
        each = _decoder(inner[0])
        return lambda values: origin(map(each, values))
    return lambda value: value


def _dataclass(kind: Any) -> Callable[[Any], Any]:
    hints = get_type_hints(kind)
    decoders = {each.name: _decoder(hints[each.name]) for each in fields(kind)}
    return lambda value: kind(**{name: decoders[name](each) for name, each in value.items()})


def _mapping(each: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: {key: each(item) for key, item in value.items()}


def _lines(value: list[list[Any]]) -> dict[model.Path, int]:
    return {tuple(path): line for *path, line in value}
