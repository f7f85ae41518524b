"""Several releases about the same customers, taken together: whoever has both knows more than from either.

Two classes of ten may have one customer in common. So before a second release leaves, it is held against the first; or
the first recoding is used again, of which nothing can be intersected.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bailee.deid.frequencies import Ints, groups
from bailee.deid.recoding import Recoding
from bailee.errors import DeidError


def joint_sizes(recodings: Sequence[Recoding]) -> Ints:
    """How many customers share what is known of them from all releases together, for each such group.

    This counts on a reader who can tell which rows of the releases belong together, as by a pseudonym or a rare
    purchase, and who knows that somebody is missing from a release. Those whom no release shows are left out. All
    recodings are of one frequency table.
    """
    if not recodings or any(len(r.number) != len(recodings[0].number) for r in recodings):
        raise DeidError("releases are taken together over one frequency table; count the columns of all in one")
    known = [recoding.number + 1 for recoding in recodings]
    number, many = groups(known, [recoding.classes + 1 for recoding in recodings])
    sizes = np.bincount(number, weights=recodings[0].frequencies.weights, minlength=many).astype(np.int64)
    shown = np.zeros(many, np.bool_)
    shown[number] = np.any(np.array(known) > 0, axis=0)
    return sizes[shown]


def require_together(recodings: Sequence[Recoding], k: int) -> None:
    """Raise `DeidError` unless every customer shares all that the releases say with `k` - 1 others."""
    sizes = joint_sizes(recodings)
    few = int(sizes[sizes < k].sum())
    if few:
        raise DeidError(
            f"taken together with the earlier releases, {few} of {int(sizes.sum())} customers share what is said of "
            f"them with fewer than {k - 1} others; release the earlier recoding again, or one made from its classes"
        )
