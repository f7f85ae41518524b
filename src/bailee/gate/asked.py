"""Whom a checker was asked about in a minute: the set as its private record keeps it, and one customer's bit of it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bailee.errors import NotVerified
from bailee.ledger import bits
from bailee.ledger.bits import Shown

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def kept(seen: bytearray, salt: bytes) -> tuple[bytes, dict[str, object]]:
    """The root over a set, one byte a customer number (0 is whoever was unknown), and what opens it.

    That is the salt, the bits, most significant first, and the nodes of height 12, so that one bit is shown quickly.
    """
    import numpy as np

    chosen = np.frombuffer(seen, np.uint8) != 0
    root, nodes = bits.commit(chosen, salt)
    packed = np.packbits(chosen).tobytes()
    return root, {"salt": salt.hex(), "size": len(seen), "bits": _text(packed), "nodes": _text(nodes)}


def shown(record: Mapping[str, Any], number: int) -> Shown | None:
    """One customer's bit, and the path from it to the root; None for one who was not on record yet.

    NotVerified for what is no such record.
    """
    import numpy as np

    try:
        size, salt = int(record["size"]), bytes.fromhex(record["salt"])
        chosen = np.unpackbits(np.frombuffer(base64.b64decode(record["bits"]), np.uint8), count=size) != 0
        return None if number >= size else bits.show(chosen, salt, base64.b64decode(record["nodes"]), number)
    except (KeyError, TypeError, ValueError):
        raise NotVerified("the record of a minute is not what a checker keeps") from None


def root(record: Mapping[str, Any]) -> bytes:
    """The root over the set that a private record keeps, worked out again; NotVerified for what is no such record."""
    import numpy as np

    try:
        size, salt = int(record["size"]), bytes.fromhex(record["salt"])
        chosen = np.unpackbits(np.frombuffer(base64.b64decode(record["bits"]), np.uint8), count=size) != 0
    except (KeyError, TypeError, ValueError):
        raise NotVerified("the record of a minute is not what a checker keeps") from None
    return bits.commit(chosen, salt).root


def everybody(record: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    """Whether each customer, by number, is in a set; NotVerified for what is no such record."""
    import numpy as np

    try:
        packed = np.frombuffer(base64.b64decode(record["bits"]), np.uint8)
        return np.asarray(np.unpackbits(packed, count=int(record["size"])) != 0)
    except (KeyError, TypeError, ValueError):
        raise NotVerified("the record of a disclosure is not what the gate keeps") from None


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
