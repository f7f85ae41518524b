"""Whether a published table holds what was promised, judged by the count in SQL alone (`publication`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bailee.deid.criteria import TOLERANCE, Promise
from bailee.errors import DeidError


@dataclass(frozen=True, slots=True)
class Counted:
    """What `counting_sensitive` found of one sensitive column, the worst of all classes."""

    distinct: int
    entropy: float
    recursive: float | None
    t_equal: float
    t_ordered: float


@dataclass(frozen=True, slots=True)
class Count:
    """What `counting` found, and of each sensitive column what `counting_sensitive` did."""

    classes: int
    rows: int
    k: int
    sensitive: Mapping[str, Counted] = field(default_factory=dict)


def broken(promise: Promise, count: Count, sensitive: tuple[str, ...] = ()) -> list[str]:
    """Where the count falls short of the promise, a sentence each; nothing where it keeps it.

    A promise about sensitive columns is broken by a column that was not counted.
    """
    if not count.rows:
        return ["the published table has no row"]
    found = [] if count.k >= promise.k else [f"the smallest class has {count.k} customers; promised were {promise.k}"]
    if not promise.of_sensitive:
        return found
    if not sensitive or set(sensitive) - set(count.sensitive):
        return [*found, "a sensitive column was not counted"]
    for name in sensitive:
        found += [f"`{name}`: {text}" for text in _of(promise, count.sensitive[name])]
    return found


def _of(promise: Promise, counted: Counted) -> list[str]:
    found = []
    if promise.distinct is not None and counted.distinct < promise.distinct:
        found.append(f"a class has {counted.distinct} values; promised were {promise.distinct}")
    # exp(H) >= l is H >= log l, so the tolerance of H is a factor here.
    if promise.entropy is not None and counted.entropy < promise.entropy * (1 - 2 * TOLERANCE):
        found.append(f"a class has the entropy of {counted.entropy:.4f} even values; promised were {promise.entropy:g}")
    if promise.recursive is not None and not (
        counted.recursive is not None and counted.recursive < promise.recursive[0]
    ):
        found.append(
            f"a class's commonest value is {counted.recursive} times the rest; promised was less than "
            f"{promise.recursive[0]:g}"
        )
    t = counted.t_ordered if promise.ordered else counted.t_equal
    if promise.t is not None and t > promise.t + 2 * TOLERANCE:
        found.append(f"a class is {t:.4f} from everybody's distribution; promised was {promise.t:g}")
    return found


def require(promise: Promise, count: Count, sensitive: tuple[str, ...] = ()) -> None:
    """Raise `DeidError` unless the count keeps the promise: then nothing may leave."""
    wrong = broken(promise, count, sensitive)
    if wrong:
        raise DeidError("the published table does not hold what was promised, so it may not leave: " + "; ".join(wrong))
