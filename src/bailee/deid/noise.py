"""Noise: whole numbers from the discrete Laplace distribution, drawn by OpenDP and by nothing of ours.

What it promises: with the sensitivity that `deid.sensitivity` proves, figures released at epsilon are differentially
private at epsilon (Dwork and Roth, 2014, theorem 3.6; Canonne, Kamath and Steinke, 2020, for whole numbers). What it
does not: that figures are right; nor anything about what is not a figure, such as how long a question took.

Numbers are whole before and after, so no floating-point number carries a trace of what was added to it (Mironov, 2012).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from bailee.errors import DeidError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: The share of intervals that hold the true figure.
CONFIDENCE = 0.95
#: Noise wider than this would leave 64 bits; so would its figures.
_WIDEST = float(1 << 53)


@dataclass(frozen=True, slots=True)
class Noise:
    """The noise of one column of figures: its scale, and the half-width of the 95 % interval around a figure."""

    scale: float
    half_width: int

    @property
    def deviation(self) -> float:
        """Its standard deviation, nearly: that of the continuous distribution."""
        return self.scale * math.sqrt(2)


def shares(epsilon: Decimal, columns: int) -> Fraction:
    """What each of so many columns may spend, so that together they spend `epsilon` and nothing more."""
    return Fraction(epsilon) / columns


def noise(sensitivity: int, epsilon: Fraction) -> Noise:
    """The least noise that spends no more than `epsilon` where one customer changes figures by so much.

    DeidError if OpenDP is not installed, or the noise would not fit into 64 bits.
    """
    if sensitivity < 1 or epsilon <= 0:
        raise DeidError(f"found a sensitivity of {sensitivity} at epsilon {epsilon}; expected both above 0")
    allowed = _below(epsilon)
    scale = float(Fraction(sensitivity) / Fraction(allowed))
    if not scale < _WIDEST:
        raise DeidError("so little of the budget needs noise of more than 2^53; spend more, or narrow the bounds")
    # OpenDP rounds what it says upward, so its word is what counts, not our division.
    while _mechanism(scale).map(sensitivity) > allowed:
        scale = math.nextafter(scale, math.inf)
    return Noise(scale, _half_width(scale))


def add(figures: npt.NDArray[np.int64], scale: float) -> npt.NDArray[np.int64]:
    """The figures with independent noise on each."""
    import numpy as np

    drawn: Sequence[int] = _mechanism(scale)(figures.tolist()) if len(figures) else []
    return np.asarray(drawn, np.int64)


def _below(epsilon: Fraction) -> float:
    """The largest floating-point number that is no more."""
    found = float(epsilon)
    return found if Fraction(found) <= epsilon else math.nextafter(found, 0.0)


def _half_width(scale: float) -> int:
    """The least t that noise is beyond in at most one of twenty cases.

    P(|X| > t) = 2 q^(t+1) / (1 + q) for the discrete Laplace distribution, where q = exp(-1 / scale).
    """
    q = math.exp(-1 / scale)
    tail = (1 - CONFIDENCE) * (1 + q) / 2
    return max(math.ceil(-scale * math.log(tail) - 1), 0)


def _mechanism(scale: float) -> Any:
    dp = _opendp()
    return dp.m.make_laplace(dp.vector_domain(dp.atom_domain(T="i64")), dp.l1_distance(T="i64"), scale=scale)


def _opendp() -> Any:
    try:
        import opendp.prelude as dp
    except ImportError:
        raise DeidError("noise is drawn by OpenDP, which is not installed; run `pip install 'bailee[deid]'`") from None
    dp.enable_features("contrib")
    return dp
